#include "stack/wire/ndp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr MacAddress kMac({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
constexpr MacAddress kOtherMac({0x52, 0x55, 0x0a, 0x00, 0x02, 0x02});

constexpr Octets::value_type kSource = 1;
constexpr Octets::value_type kTarget = 2;

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value_or(IpAddress());
}

template <typename Message>
Octets emitted(const Message& message) {
  Octets bytes(message.size(), 0xee);
  message.emit(bytes);
  return bytes;
}

Octets joined(std::initializer_list<Octets> pieces) {
  Octets all;
  for (const Octets& piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
  return all;
}

Octets link_address(std::uint8_t type, const MacAddress& mac) {
  Octets option = {type, 1};
  option.insert(option.end(), mac.octets().begin(), mac.octets().end());
  return option;
}

// Three messages with an option each, of which a test makes wrong ones.
Octets neighbor_solicitation() {
  return emitted(NeighborSolicitation{ip("fec0::2"), kMac});
}
Octets neighbor_advertisement() {
  return emitted(NeighborAdvertisement{.target = ip("fec0::2"), .target_link_address = kMac});
}
Octets router_advertisement() {
  return emitted(RouterAdvertisement{.source_link_address = kMac});
}

// What every message is refused for, whatever its type.
template <typename Message>
void expect_only_whole_messages_are_taken(const Octets& good) {
  ASSERT_TRUE(Message::parse(good));
  EXPECT_TRUE(Message::parse(Bytes(good).first(Message::kFixedSize)));
  for (std::size_t size = 0; size < good.size(); ++size) {
    if (size == Message::kFixedSize) continue;
    EXPECT_FALSE(Message::parse(Bytes(good).first(size))) << size << " bytes";
  }
  const auto changed = [&good](std::size_t at, std::uint8_t value) {
    Octets bytes = good;
    bytes.at(at) = value;
    return bytes;
  };
  EXPECT_FALSE(Message::parse(changed(0, 132)));
  EXPECT_FALSE(Message::parse(changed(0, 137)));
  EXPECT_FALSE(Message::parse(changed(1, 1)));
  EXPECT_FALSE(Message::parse(changed(Message::kFixedSize + 1, 0))) << "an option of no length";
  EXPECT_FALSE(Message::parse(changed(Message::kFixedSize + 1, 2))) << "an option past the end";
  EXPECT_TRUE(Message::parse(changed(2, 0xff))) << "the checksum is the caller's";
}

TEST(Ndp, OnlyWholeMessagesOfTheirTypeAreTaken) {
  expect_only_whole_messages_are_taken<RouterSolicitation>(emitted(RouterSolicitation{kMac}));
  expect_only_whole_messages_are_taken<RouterAdvertisement>(router_advertisement());
  expect_only_whole_messages_are_taken<NeighborSolicitation>(neighbor_solicitation());
  expect_only_whole_messages_are_taken<NeighborAdvertisement>(neighbor_advertisement());
}

TEST(Ndp, RouterSolicitationLiesAsRfc4861Says) {
  const Octets bytes = joined({{133, 0, 0, 0, 0, 0, 0, 0}, link_address(kSource, kMac)});
  EXPECT_EQ(emitted(RouterSolicitation{kMac}), bytes);
  EXPECT_EQ(RouterSolicitation::parse(bytes), RouterSolicitation{kMac});
  EXPECT_EQ(emitted(RouterSolicitation{}), (Octets{133, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Ndp, NeighborSolicitationLiesAsRfc4861Says) {
  const Octets bytes =
      joined({{135, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2},
              link_address(kSource, kMac)});
  const NeighborSolicitation message{ip("fec0::2"), kMac};
  EXPECT_EQ(emitted(message), bytes);
  EXPECT_EQ(NeighborSolicitation::parse(bytes), message);
}

TEST(Ndp, NeighborAdvertisementLiesAsRfc4861Says) {
  Octets bytes =
      joined({{136, 0, 0, 0, 0xe0, 0, 0, 0, 0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2},
              link_address(kTarget, kOtherMac)});
  NeighborAdvertisement message{true, true, true, ip("fec0::2"), kOtherMac};
  EXPECT_EQ(emitted(message), bytes);
  EXPECT_EQ(NeighborAdvertisement::parse(bytes), message);
  bytes[4] = 0x40;
  message.router = false;
  message.override_existing = false;
  EXPECT_EQ(emitted(message), bytes);
  EXPECT_EQ(NeighborAdvertisement::parse(bytes), message);
}

TEST(Ndp, RouterAdvertisementLiesAsRfc4861Says) {
  const Octets bytes =
      joined({{134, 0, 0, 0, 64, 0xc0, 0x07, 0x08, 0, 0, 0x75, 0x30, 0, 0, 0x03, 0xe8},
              link_address(kSource, kOtherMac),
              {5, 1, 0, 0, 0, 0, 0x05, 0xdc},
              {3,    4,    64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,
               0xfe, 0xc0, 0,  0,    0, 0, 0,    0,    0, 0, 0,    0,    0, 0, 0, 0},
              {25, 3, 0, 0, 0, 0, 0x0e, 0x10, 0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3},
              {31, 2, 0, 0, 0, 0, 0x0e, 0x10, 3, 'l', 'a', 'b', 0, 0, 0, 0}});
  const RouterAdvertisement message{
      .hop_limit = 64,
      .managed = true,
      .other_configuration = true,
      .lifetime = 1800,
      .reachable_time = 30000,
      .retransmit_time = 1000,
      .source_link_address = kOtherMac,
      .mtu = 1500,
      .prefixes = {{Subnet(ip("fec0::"), 64), true, true, 86400, 14400}},
      .dns_servers = {{3600, {ip("fec0::3")}}},
      .dns_search_lists = {{3600, {"lab"}}}};
  EXPECT_EQ(emitted(message), bytes);
  EXPECT_EQ(RouterAdvertisement::parse(bytes), message);
}

TEST(Ndp, ReservedFieldsAreIgnored) {
  Octets bytes = neighbor_solicitation();
  bytes[4] = 0xff;
  bytes[7] = 0xff;
  EXPECT_EQ(NeighborSolicitation::parse(bytes), (NeighborSolicitation{ip("fec0::2"), kMac}));
  bytes = neighbor_advertisement();
  bytes[4] = 0x1f;
  EXPECT_EQ(NeighborAdvertisement::parse(bytes)->router, false);
  bytes = router_advertisement();
  bytes[5] = 0x3f;
  EXPECT_EQ(RouterAdvertisement::parse(bytes), RouterAdvertisement{.source_link_address = kMac});
}

// RFC 4861, sections 7.1.1 and 7.1.2.
TEST(Ndp, ATargetThatIsMulticastIsRefused) {
  for (const auto& address : {IpAddress::all_nodes(), ip("ff00::")}) {
    Octets solicitation = neighbor_solicitation();
    Octets advertisement = neighbor_advertisement();
    std::copy(address.octets().begin(), address.octets().end(), solicitation.begin() + 8);
    std::copy(address.octets().begin(), address.octets().end(), advertisement.begin() + 8);
    EXPECT_FALSE(NeighborSolicitation::parse(solicitation));
    EXPECT_FALSE(NeighborAdvertisement::parse(advertisement));
  }
}

TEST(Ndp, ATargetThatWouldTurnIntoAnIpv4AddressIsRefused) {
  const auto mapped = IpAddress::v4(10, 0, 2, 2).octets();
  Octets solicitation = neighbor_solicitation();
  Octets advertisement = neighbor_advertisement();
  std::copy(mapped.begin(), mapped.end(), solicitation.begin() + 8);
  std::copy(mapped.begin(), mapped.end(), advertisement.begin() + 8);
  EXPECT_FALSE(NeighborSolicitation::parse(solicitation));
  EXPECT_FALSE(NeighborAdvertisement::parse(advertisement));
}

TEST(Ndp, OptionsThatAreUnknownOrOutOfPlaceArePassedOver) {
  const Octets fixed = emitted(NeighborSolicitation{ip("fec0::2"), std::nullopt});
  const Octets bytes = joined({fixed,
                               {14, 1, 1, 2, 3, 4, 5, 6},
                               {5, 1, 0, 0, 0, 0, 5, 0xdc},
                               link_address(kTarget, kOtherMac),
                               link_address(kSource, kMac)});
  EXPECT_EQ(NeighborSolicitation::parse(bytes), (NeighborSolicitation{ip("fec0::2"), kMac}));
}

TEST(Ndp, OptionsOutOfShapeArePassedOver) {
  Octets long_mtu(16);
  long_mtu[0] = 5;
  long_mtu[1] = 2;
  Octets long_prefix(40);
  long_prefix[0] = 3;
  long_prefix[1] = 5;
  const Octets fixed = emitted(RouterAdvertisement{});
  const Octets bytes = joined({fixed,
                               {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                               long_mtu,
                               long_prefix,
                               {25, 1, 0, 0, 0, 0, 0, 0},
                               {31, 1, 0, 0, 0, 0, 0, 0},
                               link_address(kSource, kMac)});
  EXPECT_EQ(RouterAdvertisement::parse(bytes), RouterAdvertisement{.source_link_address = kMac});
}

TEST(Ndp, OfWhatMayBeThereOnceTheFirstCounts) {
  const Octets bytes = joined({emitted(RouterAdvertisement{}),
                               {5, 1, 0, 0, 0, 0, 5, 0xdc},
                               {5, 1, 0, 0, 0, 0, 5, 0},
                               link_address(kSource, kMac),
                               link_address(kSource, kOtherMac)});
  const auto message = RouterAdvertisement::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->mtu, 1500);
  EXPECT_EQ(message->source_link_address, kMac);
}

std::optional<MacAddress> any_link_address() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return MacAddress(*rc::gen::arbitrary<std::array<std::uint8_t, 6>>());
}

// Neither of IPv4 nor multicast.
IpAddress any_address() {
  auto octets = *rc::gen::arbitrary<std::array<std::uint8_t, 16>>();
  octets[0] = static_cast<std::uint8_t>((octets[0] & 0x7f) | 0x20);
  return IpAddress::v6(octets);
}

RC_GTEST_PROP(Ndp, ParseGivesTheRouterSolicitationThatEmitWrote, ()) {
  const RouterSolicitation message{any_link_address()};
  RC_ASSERT(RouterSolicitation::parse(emitted(message)) == message);
}

RC_GTEST_PROP(Ndp, ParseGivesTheNeighborSolicitationThatEmitWrote, ()) {
  const NeighborSolicitation message{any_address(), any_link_address()};
  RC_ASSERT(NeighborSolicitation::parse(emitted(message)) == message);
}

RC_GTEST_PROP(Ndp, ParseGivesTheNeighborAdvertisementThatEmitWrote,
              (bool router, bool solicited, bool override_existing)) {
  const NeighborAdvertisement message{router, solicited, override_existing, any_address(),
                                      any_link_address()};
  RC_ASSERT(NeighborAdvertisement::parse(emitted(message)) == message);
}

RC_GTEST_PROP(Ndp, ParseGivesTheRouterAdvertisementThatEmitWrote,
              (std::uint8_t hop_limit, bool managed, bool other, std::uint16_t lifetime,
               std::uint32_t reachable, std::uint32_t retransmit)) {
  RouterAdvertisement message{.hop_limit = hop_limit,
                              .managed = managed,
                              .other_configuration = other,
                              .lifetime = lifetime,
                              .reachable_time = reachable,
                              .retransmit_time = retransmit,
                              .source_link_address = any_link_address()};
  if (*rc::gen::arbitrary<bool>()) message.mtu = *rc::gen::arbitrary<std::uint32_t>();
  const auto options = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 3));
  for (const int kind : options) {
    const auto seconds = *rc::gen::arbitrary<std::uint32_t>();
    if (kind == 0) {
      const Subnet prefix(any_address(), *rc::gen::inRange(0U, 129U));
      message.prefixes.push_back({prefix, managed, other, seconds, seconds / 2});
    } else if (kind == 1) {
      message.dns_servers.push_back({seconds, {any_address(), any_address()}});
    } else {
      message.dns_search_lists.push_back({seconds, {"sluice.internal", "home"}});
    }
  }
  RC_ASSERT(RouterAdvertisement::parse(emitted(message)) == message);
}

RC_GTEST_PROP(Ndp, AnyBytesAreReadOrRefusedByEachMessage, ()) {
  auto bytes = *rc::gen::container<Octets>(*rc::gen::inRange<std::size_t>(8, 120),
                                           rc::gen::inRange<std::uint8_t>(0, 40));
  bytes[0] = *rc::gen::inRange<std::uint8_t>(133, 137);
  bytes[1] = 0;
  const auto check = [&]<typename Message>(const std::optional<Message>& message) {
    if (!message) return;
    RC_ASSERT(message->size() <= bytes.size());
    RC_ASSERT(Message::parse(emitted(*message)) == message);
  };
  check(RouterSolicitation::parse(bytes));
  check(RouterAdvertisement::parse(bytes));
  check(NeighborSolicitation::parse(bytes));
  check(NeighborAdvertisement::parse(bytes));
}

}  // namespace
}  // namespace sluice
