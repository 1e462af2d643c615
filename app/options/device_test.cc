#include "app/options/device.h"

#include <gtest/gtest.h>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

std::string problem(const std::string& text) {
  try {
    parse_device(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Device, ACardNamesItsModelItsLinkAndItsSocket) {
  const CardOptions card =
      parse_device("e1000,netdev=n0,mac=52:54:00:00:00:01,id=c0,vfio-user=/tmp/card");
  EXPECT_EQ(card.model, CardModel::kE1000);
  EXPECT_EQ(card.id, "c0");
  EXPECT_EQ(card.netdev, "n0");
  EXPECT_EQ(card.mac, MacAddress::parse("52:54:00:00:00:01"));
  EXPECT_EQ(card.socket, CardSocket::kVfioUser);
  EXPECT_EQ(card.path, "/tmp/card");
}

TEST(Device, VirtqueuesAreReachedByVhostUser) {
  const CardOptions card = parse_device("virtio-net,netdev=n0,vhost-user=/tmp/queues");
  EXPECT_EQ(card.model, CardModel::kVirtioNet);
  EXPECT_EQ(card.socket, CardSocket::kVhostUser);
  EXPECT_EQ(card.mac, std::nullopt);
  EXPECT_EQ(card.queues, 1U);
  EXPECT_EQ(parse_device("virtio-net,netdev=n0,vhost-user=x,queues=8").queues, 8U);
}

TEST(Device, VirtioNetIsAPciFunctionToo) {
  const CardOptions card = parse_device("virtio-net,netdev=n0,vfio-user=/tmp/card,queues=2");
  EXPECT_EQ(card.model, CardModel::kVirtioNet);
  EXPECT_EQ(card.socket, CardSocket::kVfioUser);
  EXPECT_EQ(card.queues, 2U);
}

TEST(Device, AnRtl8139MayBeOfTheOlderKind) {
  EXPECT_TRUE(parse_device("rtl8139,netdev=n0,vfio-user=x").plus);
  EXPECT_FALSE(parse_device("rtl8139,netdev=n0,vfio-user=x,plus=off").plus);
}

TEST(Device, AMistakeIsNamed) {
  const auto names = [](const std::string& text, const std::string& what) {
    EXPECT_NE(problem(text).find(what), std::string::npos) << text << ": " << problem(text);
  };
  names("e100,netdev=n0,vfio-user=x", "did you mean 'e1000'?");
  names("e1000,vfio-user=x", "netdev is missing");
  names("e1000,netdev=n0", "expected vfio-user=PATH");
  names("e1000,netdev=n0,vhost-user=x", "has no vhost-user");
  names("virtio-net,netdev=n0", "expected either vfio-user=PATH or vhost-user=PATH");
  names("e1000,netdev=n0,vfio-user=x,vhost-user=y", "expected vfio-user=PATH");
  names("e1000,netdev=n0,vfio-user=x,mac=ff:ff:ff:ff:ff:ff", "an address of one card");
  names("e1000,netdev=n0,vfio-user=x,plus=on", "only rtl8139 has");
  names("virtio-net,netdev=n0,vhost-user=x,queues=9", "expected 1 to 8");
  names("e1000,netdev=n0,vfio-user=x,queues=2", "has no queues");
  names("e1000,netdv=n0", "did you mean 'netdev'?");
}

TEST(Device, HelpOfAModelHasOnlyItsOwnKeys) {
  const auto has = [](std::string_view model, std::string_view key) {
    return std::ranges::any_of(device_help(model),
                               [&](const OptionHelp& option) { return option.key == key; });
  };
  EXPECT_TRUE(has("rtl8139", "plus"));
  EXPECT_FALSE(has("e1000", "plus"));
  EXPECT_TRUE(has("virtio-net", "vhost-user"));
  EXPECT_FALSE(has("e1000", "vhost-user"));
  EXPECT_FALSE(has("i82559c", "queues"));
  EXPECT_TRUE(has("i82559c", "mac"));
}

TEST(Device, EveryModelIsListed) {
  for (const OptionHelp& model : device_models()) {
    const std::string text = std::string(model.key) + ",netdev=n0,";
    EXPECT_TRUE(problem(text + "vfio-user=x").empty() || problem(text + "vhost-user=x").empty())
        << model.key;
  }
}

}  // namespace
}  // namespace sluice
