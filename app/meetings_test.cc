#include "app/meetings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/command_line.h"
#include "app/options/netdev.h"
#include "app/private_directory.h"

namespace sluice {
namespace {

// What a `sluice run` with a control and these words opens.
class Network {
 public:
  explicit Network(std::vector<std::string> words) {
    words.insert(words.begin(), {"run", "--control", "nowhere"});
    invocation_ = std::get<RunInvocation>(parse_command_line(words));
    meetings_.emplace(invocation_, loop_);
  }

  Meetings& meetings() { return *meetings_; }
  void add(const std::string& netdev) { meetings_->add_netdev(parse_netdev(netdev)); }
  std::optional<std::uint32_t> hub_of(const std::string& id) const {
    const std::vector<NetdevInfo> all = meetings_->netdevs();
    const auto found = std::ranges::find(all, id, &NetdevInfo::id);
    EXPECT_NE(found, all.end());
    return found == all.end() ? std::nullopt : found->hub;
  }
  // Why it is not added.
  std::string refusal(const std::string& netdev) {
    try {
      add(netdev);
    } catch (const Refused& refused) {
      return refused.what();
    }
    return "";
  }

 private:
  RunInvocation invocation_;
  Loop loop_;
  std::optional<Meetings> meetings_;
};

class MeetingsTest : public ::testing::Test {
 protected:
  std::string place(const std::string& name) const { return directory_.path() + "/" + name; }
  std::string card(const std::string& id, const std::string& netdev) const {
    return "e1000,id=" + id + ",netdev=" + netdev + ",vfio-user=" + place(id);
  }
  std::string stream(const std::string& id) const {
    return "stream,id=" + id + ",server=on,addr.type=unix,addr.path=" + place(id);
  }

 private:
  PrivateDirectory directory_{"sluice-meetings"};
};

TEST_F(MeetingsTest, ACardJoinsTheHubWhosePortItNames) {
  Network network({"-netdev", "user,id=u", "-netdev", "hubport,id=h,hubid=3", "-netdev",
                   stream("a"), "-netdev", "hubport,id=i,hubid=4,netdev=a", "-device",
                   card("b", "h"), "-device", card("c", "i"), "-device", card("d", "u")});
  EXPECT_EQ(network.hub_of("b"), 3U);
  EXPECT_EQ(network.hub_of("c"), 4U);
  EXPECT_EQ(network.hub_of("d"), std::nullopt) << "the switch, as the user network";
}

TEST_F(MeetingsTest, ACardJoinsTheHubWhosePortNamesIt) {
  Network network(
      {"-netdev", "user,id=u", "-netdev", "hubport,hubid=3,netdev=c", "-device", card("c", "u")});
  EXPECT_EQ(network.hub_of("c"), 3U);
}

TEST_F(MeetingsTest, ACardIsWhereTheNetdevIsThatItNames) {
  Network network({"-netdev", "user,id=u", "-netdev", "hubport,id=h,hubid=3,netdev=u", "-netdev",
                   stream("a"), "-device", card("c", "u"), "-device", card("d", "a")});
  EXPECT_EQ(network.hub_of("c"), 3U);
  EXPECT_EQ(network.hub_of("d"), std::nullopt);
  network.add("hubport,id=i,hubid=4,netdev=a");
  EXPECT_EQ(network.hub_of("d"), 4U);
  network.meetings().remove_netdev("i");
  EXPECT_EQ(network.hub_of("d"), std::nullopt);
  network.meetings().remove_netdev("h");
  EXPECT_EQ(network.hub_of("c"), 3U) << "where the user network stays";
}

TEST_F(MeetingsTest, ACardThatNamesAPortNeverFallsOntoTheSwitch) {
  Network network(
      {"-netdev", "user,id=u", "-netdev", "hubport,id=h,hubid=3", "-device", card("c", "h")});
  EXPECT_THROW(network.meetings().remove_netdev("h"), Refused);
  EXPECT_EQ(network.hub_of("c"), 3U);
  EXPECT_NE(network.refusal("hubport,id=i,hubid=4,netdev=c").find("is at a hub already"),
            std::string::npos);
  network.meetings().remove_netdev("c");
  network.meetings().remove_netdev("h");
}

TEST_F(MeetingsTest, HubsThatNobodyIsAtAnyMoreMakeRoomForOthers) {
  Network network({"-netdev", "user,id=u", "-netdev", stream("a")});
  for (std::size_t i = 0; i < 2 * Meetings::kMaxHubs; ++i) {
    network.add("hubport,id=h,netdev=a,hubid=" + std::to_string(i));
    EXPECT_EQ(network.hub_of("a"), i);
    network.meetings().remove_netdev("h");
    EXPECT_EQ(network.hub_of("a"), std::nullopt);
  }
}

TEST_F(MeetingsTest, HubsThatSomebodyIsAtStay) {
  Network network({"-netdev", "user,id=u", "-netdev", "hubport,hubid=1000,netdev=u"});
  const auto add = [&](std::size_t i) {
    const std::string id = std::to_string(i);
    network.add("hubport,id=h" + id + ",hubid=" + id);
    network.add(stream("a" + id));
    return network.refusal("hubport,hubid=" + id + ",id=p" + id + ",netdev=a" + id);
  };
  for (std::size_t i = 0; i + 1 < Meetings::kMaxHubs; ++i) EXPECT_EQ(add(i), "") << i;
  network.meetings().remove_netdev("p0");
  EXPECT_EQ(network.hub_of("a0"), std::nullopt);
  EXPECT_EQ(network.hub_of("u"), 1000U) << "where nobody else is";
  EXPECT_EQ(network.hub_of("a1"), 1U);
}

}  // namespace
}  // namespace sluice
