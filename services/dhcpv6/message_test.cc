#include "services/dhcpv6/message.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;
using Code = Dhcpv6Code;
using Kind = Dhcpv6Association::Kind;

const Octets address_octets{0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x15};

Octets joined(const std::vector<Octets>& parts) {
  Octets bytes;
  for (const Octets& part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

// A SOLICIT with these bytes as its options.
Octets solicit_with(const std::vector<Octets>& options) {
  Octets bytes{1, 0, 0, 1};
  const Octets tail = joined(options);
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return bytes;
}

Octets option(std::uint16_t code, const Octets& value) {
  return joined(
      {{static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code),
        static_cast<std::uint8_t>(value.size() >> 8), static_cast<std::uint8_t>(value.size())},
       value});
}

Octets address_option(const Octets& tail = {}) {
  return option(5, joined({address_octets, {0, 0, 0, 9, 0, 0, 0, 10}, tail}));
}

Octets association_option(const std::vector<Octets>& options) {
  return option(3, joined({{0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2}, joined(options)}));
}

bool is_read(const std::vector<Octets>& options) {
  return Dhcpv6Message::parse(solicit_with(options)).has_value();
}

Octets emitted(const Dhcpv6Message& message) {
  Octets bytes(1 << 20);
  const auto result = message.emit(bytes);
  EXPECT_EQ(result.omitted, 0U);
  bytes.resize(result.size);
  return bytes;
}

TEST(Dhcpv6Message, LiesOnTheWireAsRfc8415HasIt) {
  Dhcpv6Message message;
  message.type = Dhcpv6Type::kReply;
  message.transaction = 0x010203;
  message.client = Duid::parse(Octets{0, 4, 0xaa});
  message.server = Duid::of_link_address(MacAddress({0x52, 0x56, 0, 0, 0, 2}));
  message.status = {Dhcpv6StatusCode::kSuccess, "ok"};
  message.rapid_commit = true;
  message.preference = 255;
  Dhcpv6Association addresses{.id = 7, .renew = 1, .rebind = 2};
  addresses.addresses.push_back({*IpAddress::parse("fec0::15"), 9, 10});
  Dhcpv6Association temporary{.kind = Kind::kTemporary, .id = 8};
  temporary.status = {Dhcpv6StatusCode::kNoAddresses, ""};
  Dhcpv6Association prefixes{.kind = Kind::kPrefixes, .id = 9};
  prefixes.status = {Dhcpv6StatusCode::kNoPrefixes, ""};
  message.associations = {addresses, temporary, prefixes};
  message.requested = {Code::kNameServers, Code::kBootFileUrl};
  message.add(Code::kBootFileUrl, as_bytes("u"));

  const Octets expected = joined({
      {7, 1, 2, 3},
      {0, 1, 0, 3, 0, 4, 0xaa},
      {0, 2, 0, 10, 0, 3, 0, 1, 0x52, 0x56, 0, 0, 0, 2},
      {0, 13, 0, 4, 0, 0, 'o', 'k'},
      {0, 14, 0, 0},
      {0, 7, 0, 1, 255},
      {0, 3, 0, 40, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2},
      {0, 5, 0, 24},
      address_octets,
      {0, 0, 0, 9, 0, 0, 0, 10},
      {0, 4, 0, 10, 0, 0, 0, 8, 0, 13, 0, 2, 0, 2},
      {0, 25, 0, 18, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 2, 0, 6},
      {0, 6, 0, 4, 0, 23, 0, 59},
      {0, 59, 0, 1, 'u'},
  });
  EXPECT_EQ(emitted(message), expected);
  EXPECT_EQ(Dhcpv6Message::parse(expected), message);
}

TEST(Dhcpv6Message, ShorterThanItsHeaderIsNone) {
  const Octets bytes = solicit_with({});
  EXPECT_FALSE(Dhcpv6Message::parse(Bytes()));
  EXPECT_FALSE(Dhcpv6Message::parse(Bytes(bytes).first(3)));
  EXPECT_TRUE(Dhcpv6Message::parse(bytes));
}

TEST(Dhcpv6Message, OfARelayOrOfNoKnownTypeIsNone) {
  Octets bytes = solicit_with({});
  for (const std::uint8_t type : {0, 12, 13, 14, 255}) {
    bytes[0] = type;
    EXPECT_FALSE(Dhcpv6Message::parse(bytes)) << unsigned{type};
  }
  bytes[0] = 11;
  EXPECT_TRUE(Dhcpv6Message::parse(bytes));
}

TEST(Dhcpv6Message, WithAnOptionCutShortIsNone) {
  EXPECT_FALSE(is_read({{0}}));
  EXPECT_FALSE(is_read({{0, 8, 0}}));
  EXPECT_FALSE(is_read({{0, 8, 0, 2, 0}}));
  EXPECT_TRUE(is_read({{0, 8, 0, 2, 0, 0}}));
  EXPECT_FALSE(is_read({association_option({{0, 13, 0, 9, 0, 0}})}));
  EXPECT_FALSE(is_read({association_option({address_option({0, 13, 0, 9})})}));
}

TEST(Dhcpv6Message, WithAValueOfTheWrongSizeIsNone) {
  EXPECT_FALSE(is_read({option(1, {0, 3})}));
  EXPECT_TRUE(is_read({option(1, {0, 3, 1})}));
  EXPECT_TRUE(is_read({option(1, Octets(Duid::kMaxSize))}));
  EXPECT_FALSE(is_read({option(1, Octets(Duid::kMaxSize + 1))}));
  EXPECT_FALSE(is_read({option(2, Octets(Duid::kMaxSize + 1))}));
  EXPECT_FALSE(is_read({option(3, Octets(11))}));
  EXPECT_TRUE(is_read({option(3, Octets(12))}));
  EXPECT_FALSE(is_read({option(4, Octets(3))}));
  EXPECT_TRUE(is_read({option(4, Octets(4))}));
  EXPECT_FALSE(is_read({option(25, Octets(11))}));
  EXPECT_FALSE(is_read({option(6, Octets(3))}));
  EXPECT_FALSE(is_read({option(7, Octets(2))}));
  EXPECT_FALSE(is_read({option(13, Octets(1))}));
  EXPECT_FALSE(is_read({option(14, Octets(1))}));
  EXPECT_FALSE(is_read({association_option({option(5, Octets(23))})}));
  EXPECT_FALSE(is_read({association_option({option(13, Octets(1))})}));
}

TEST(Dhcpv6Message, SkipsWhatNobodyHasAUseFor) {
  const auto message = Dhcpv6Message::parse(
      solicit_with({option(39, {1, 2}), option(8, {0, 0}), option(59, {'u'}),
                    association_option({option(200, {}), address_option(option(13, {0, 0}))}),
                    option(25, joined({Octets(12), option(26, Octets(25))}))}));
  ASSERT_TRUE(message);
  ASSERT_EQ(message->options.size(), 1U);
  EXPECT_EQ(message->options[0].code, Code::kBootFileUrl);
  ASSERT_EQ(message->associations.size(), 2U);
  EXPECT_EQ(message->associations[0].addresses.size(), 1U);
  EXPECT_EQ(message->associations[1].kind, Kind::kPrefixes);
  EXPECT_TRUE(message->associations[1].addresses.empty());
}

TEST(Dhcpv6Message, OfAnOptionThatComesTwiceTheFirstCounts) {
  const auto message = Dhcpv6Message::parse(
      solicit_with({option(1, {0, 4, 1}), option(1, {0, 4, 2}), option(59, {'u'}),
                    option(59, {'v'}), option(6, {0, 1}), option(6, {0, 2})}));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->client, Duid::parse(Octets{0, 4, 1}));
  EXPECT_EQ(as_text(*message->find(Code::kBootFileUrl)), "u");
  EXPECT_EQ(message->requested, std::vector{Code::kClientIdentifier});
}

TEST(Dhcpv6Message, WithMoreAssociationsOrAddressesThanAreKeptIsNone) {
  std::vector<Octets> associations(Dhcpv6Message::kMaxAssociations, association_option({}));
  EXPECT_TRUE(is_read(associations));
  associations.push_back(option(4, Octets(4)));
  EXPECT_FALSE(is_read(associations));
  std::vector<Octets> addresses(Dhcpv6Message::kMaxAddresses, address_option());
  EXPECT_TRUE(is_read({association_option(addresses)}));
  addresses.push_back(address_option());
  EXPECT_FALSE(is_read({association_option(addresses)}));
}

TEST(Dhcpv6Message, OmitsWholeWhatFindsNoRoom) {
  Dhcpv6Message message;
  message.type = Dhcpv6Type::kReply;
  message.add(Code::kDomainSearch, Octets(50));
  message.add(Code::kBootFileUrl, as_bytes("u"));
  Octets bytes(20);
  const auto result = message.emit(bytes);
  EXPECT_EQ(result.omitted, 1U);
  EXPECT_EQ(result.size, Dhcpv6Message::kHeaderSize + 5);
  const auto read = Dhcpv6Message::parse(Bytes(bytes).first(result.size));
  EXPECT_EQ(as_text(*read->find(Code::kBootFileUrl)), "u");
}

std::optional<Duid> random_duid() {
  auto octets = *rc::gen::arbitrary<Octets>();
  if (octets.size() > Duid::kMaxSize) octets.resize(Duid::kMaxSize);
  return Duid::parse(octets);
}

std::optional<Dhcpv6Status> random_status() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return Dhcpv6Status{static_cast<Dhcpv6StatusCode>(*rc::gen::arbitrary<std::uint16_t>()),
                      *rc::gen::arbitrary<std::string>()};
}

Dhcpv6Association random_association() {
  Dhcpv6Association association;
  association.kind = *rc::gen::element(Kind::kAddresses, Kind::kTemporary, Kind::kPrefixes);
  association.id = *rc::gen::arbitrary<std::uint32_t>();
  if (association.kind != Kind::kTemporary) {
    association.renew = *rc::gen::arbitrary<std::uint32_t>();
    association.rebind = *rc::gen::arbitrary<std::uint32_t>();
  }
  if (association.kind != Kind::kPrefixes) {
    const auto count = *rc::gen::inRange<std::size_t>(0, Dhcpv6Message::kMaxAddresses + 1);
    for (std::size_t i = 0; i < count; ++i) {
      const auto octets = *rc::gen::arbitrary<std::array<std::uint8_t, 16>>();
      association.addresses.push_back({IpAddress::v6(octets), *rc::gen::arbitrary<std::uint32_t>(),
                                       *rc::gen::arbitrary<std::uint32_t>()});
    }
  }
  association.status = random_status();
  return association;
}

Dhcpv6Message random_message() {
  Dhcpv6Message message;
  message.type = static_cast<Dhcpv6Type>(*rc::gen::inRange(1, 12));
  message.transaction = *rc::gen::inRange<std::uint32_t>(0, 1 << 24);
  message.client = random_duid();
  message.server = random_duid();
  message.status = random_status();
  message.rapid_commit = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) message.preference = *rc::gen::arbitrary<std::uint8_t>();
  const auto count = *rc::gen::inRange<std::size_t>(0, Dhcpv6Message::kMaxAssociations + 1);
  for (std::size_t i = 0; i < count; ++i) message.associations.push_back(random_association());
  if (*rc::gen::arbitrary<bool>()) {
    message.requested.emplace();
    for (const auto code : *rc::gen::arbitrary<std::vector<std::uint16_t>>()) {
      message.requested->push_back(static_cast<Code>(code));
    }
  }
  const auto codes = *rc::gen::arbitrary<std::set<std::uint8_t>>();
  for (const std::uint8_t code : codes) {
    if (!Dhcpv6Message::is_kept(static_cast<Code>(code))) continue;
    message.add(static_cast<Code>(code), *rc::gen::arbitrary<Octets>());
  }
  return message;
}

RC_GTEST_PROP(Dhcpv6MessageProperty, ParseOfEmitIsTheMessage, ()) {
  const Dhcpv6Message message = random_message();
  Octets bytes(1 << 16);
  const auto result = message.emit(bytes);
  RC_ASSERT(result.omitted == 0U);
  RC_ASSERT(Dhcpv6Message::parse(Bytes(bytes).first(result.size)) == message);
}

RC_GTEST_PROP(Dhcpv6MessageProperty, WhereRoomIsScarceWhatIsWrittenCanBeRead, ()) {
  const Dhcpv6Message message = random_message();
  Octets bytes(*rc::gen::inRange<std::size_t>(Dhcpv6Message::kHeaderSize, 400));
  const auto result = message.emit(bytes);
  RC_ASSERT(result.size <= bytes.size());
  const auto read = Dhcpv6Message::parse(Bytes(bytes).first(result.size));
  RC_ASSERT(read.has_value());
  for (const Dhcpv6Option& kept : read->options) {
    const auto value = message.find(kept.code);
    RC_ASSERT(value.has_value());
    RC_ASSERT(Octets(value->begin(), value->end()) == kept.value);
  }
}

RC_GTEST_PROP(Dhcpv6MessageProperty, AnyBytesAreReadOrRefused, (const Octets& tail)) {
  const auto message = Dhcpv6Message::parse(solicit_with({tail}));
  if (!message) return;
  RC_ASSERT(Dhcpv6Message::parse(emitted(*message)) == message);
}

}  // namespace
}  // namespace sluice
