#include "stack/wire/ndp_options.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr IpAddress kMapped = IpAddress::v4(10, 0, 2, 3);

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value_or(IpAddress());
}

template <typename Option>
Octets emitted(const Option& option) {
  Octets bytes;
  if constexpr (requires { option.size(); }) {
    bytes.resize(option.size(), 0xee);
  } else {
    bytes.resize(Option::kSize, 0xee);
  }
  option.emit(bytes);
  return bytes;
}

// The types a cursor finds before it ends.
std::vector<unsigned> types_of(Bytes options, bool sound) {
  std::vector<unsigned> types;
  NdpOptionCursor cursor(options);
  while (const auto option = cursor.next()) types.push_back(static_cast<unsigned>(option->type));
  EXPECT_EQ(cursor.is_sound(), sound);
  EXPECT_FALSE(cursor.next());
  return types;
}

// A search list of these bytes, filled up with zeros.
Octets search_list(std::initializer_list<std::string_view> pieces) {
  Octets option = {31, 0, 0, 0, 0, 0, 0, 60};
  for (const std::string_view piece : pieces)
    option.insert(option.end(), piece.begin(), piece.end());
  option.resize((option.size() + 7) / 8 * 8);
  option[1] = static_cast<std::uint8_t>(option.size() / 8);
  return option;
}

bool is_valid(std::vector<std::string> names) {
  return DnsSearchListOption{0, std::move(names)}.is_valid();
}

std::string any_name() {
  const auto label =
      rc::gen::suchThat(rc::gen::container<std::string>(rc::gen::inRange<char>(0x21, 0x7f)),
                        [](const std::string& l) {
                          return !l.empty() && l.size() <= 63 && l.find('.') == std::string::npos;
                        });
  std::string name = *label;
  const auto more = *rc::gen::inRange(0, 3);
  for (int i = 0; i < more; ++i) name += '.' + *label;
  return name;
}

TEST(NdpOptions, CursorFindsEachOptionWhateverItsType) {
  Octets options(40);
  options[0] = 1;
  options[1] = 1;
  options[8] = 200;
  options[9] = 3;
  options[32] = 5;
  options[33] = 1;
  EXPECT_EQ(types_of(options, true), (std::vector<unsigned>{1, 200, 5}));
  EXPECT_EQ(types_of({}, true), std::vector<unsigned>());
}

TEST(NdpOptions, CursorEndsAtAnOptionOfNoLength) {
  const Octets options = {1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(types_of(options, false), std::vector<unsigned>{1});
}

TEST(NdpOptions, CursorEndsAtAnOptionThatReachesPastTheMessage) {
  const Octets options = {1, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(types_of(options, false), std::vector<unsigned>{1});
  for (std::size_t size = 1; size < 8; ++size) {
    EXPECT_EQ(types_of(Bytes(options).first(size), false), std::vector<unsigned>()) << size;
  }
}

TEST(NdpOptions, LinkAddressLiesAsRfc4861Says) {
  const MacAddress mac({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
  const Octets bytes = {2, 1, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  Octets room(NdpLinkAddress::kSize);
  NdpLinkAddress::emit(NdpOptionType::kTargetLinkAddress, mac, room);
  EXPECT_EQ(room, bytes);
  EXPECT_EQ(NdpLinkAddress::parse(bytes), mac);
  EXPECT_FALSE(NdpLinkAddress::parse(Octets(16)));  // of another kind of link
}

TEST(NdpOptions, MtuLiesAsRfc4861Says) {
  const Octets bytes = {5, 1, 0, 0, 0, 0, 0x05, 0xdc};
  Octets room(NdpMtu::kSize, 0xee);
  NdpMtu::emit(1500, room);
  EXPECT_EQ(room, bytes);
  EXPECT_EQ(NdpMtu::parse(bytes), 1500);
  EXPECT_FALSE(NdpMtu::parse(Octets(16)));
}

TEST(NdpOptions, PrefixInformationLiesAsRfc4861Says) {
  const Octets bytes = {3,    4,    64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,
                        0xfe, 0xc0, 0,  0,    0, 0, 0,    0,    0, 0, 0,    0,    0, 0, 0, 0};
  const PrefixInformation information{.prefix = Subnet(ip("fec0::"), 64),
                                      .on_link = true,
                                      .autonomous = true,
                                      .valid_lifetime = 86400,
                                      .preferred_lifetime = 14400};
  EXPECT_EQ(emitted(information), bytes);
  EXPECT_EQ(PrefixInformation::parse(bytes), information);
}

// RFC 4861, section 4.6.2: the receiver ignores them, as it does reserved fields.
TEST(NdpOptions, BitsBehindAPrefixAreIgnored) {
  const PrefixInformation information{.prefix = Subnet(ip("2001:db8::"), 60), .on_link = true};
  Octets bytes = emitted(information);
  bytes.at(16 + 7) |= 0x0f;
  bytes.at(31) = 0xff;
  bytes.at(3) |= 0x3f;
  bytes.at(12) = 0xff;
  EXPECT_EQ(PrefixInformation::parse(bytes), information);
}

TEST(NdpOptions, APrefixThatIsNoneIsPassedOver) {
  Octets bytes = emitted(PrefixInformation{.prefix = Subnet(ip("2001:db8::"), 128)});
  EXPECT_TRUE(PrefixInformation::parse(bytes));
  bytes[2] = 129;
  EXPECT_FALSE(PrefixInformation::parse(bytes));
  bytes[2] = 64;
  std::copy(kMapped.octets().begin(), kMapped.octets().end(), bytes.begin() + 16);
  EXPECT_FALSE(PrefixInformation::parse(bytes));
  EXPECT_FALSE(PrefixInformation::parse(Octets(24)));
  EXPECT_FALSE(PrefixInformation::parse(Octets(40)));
}

TEST(NdpOptions, DnsServersLieAsRfc8106Says) {
  const Octets bytes = {25,   5,    0,    0,    0, 0, 0x0e, 0x10,                          //
                        0xfe, 0xc0, 0,    0,    0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 3,  //
                        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x35};
  const DnsServersOption option{3600, {ip("fec0::3"), ip("2001:db8::35")}};
  EXPECT_EQ(emitted(option), bytes);
  EXPECT_EQ(DnsServersOption::parse(bytes), option);
}

TEST(NdpOptions, DnsServersOfAnotherShapeArePassedOver) {
  EXPECT_FALSE(DnsServersOption::parse({}));
  EXPECT_FALSE(DnsServersOption::parse(Octets(8)));   // none
  EXPECT_FALSE(DnsServersOption::parse(Octets(16)));  // a half
  EXPECT_TRUE(DnsServersOption::parse(Octets(24)));
  EXPECT_FALSE(DnsServersOption::parse(Octets(32)));
  Octets bytes = emitted(DnsServersOption{0, {ip("fec0::3"), ip("fec0::4")}});
  std::copy(kMapped.octets().begin(), kMapped.octets().end(), bytes.end() - 16);
  EXPECT_FALSE(DnsServersOption::parse(bytes));
}

TEST(NdpOptions, ASearchListIsNamesAndZeros) {
  const Octets bytes = {31, 4,   0,   0,   0, 0,   0,   60,  6,   's', 'l', 'u', 'i', 'c', 'e', 0,
                        3,  'l', 'a', 'b', 4, 'h', 'o', 'm', 'e', 0,   0,   0,   0,   0,   0,   0};
  const DnsSearchListOption option{60, {"sluice", "lab.home"}};
  EXPECT_EQ(emitted(option), bytes);
  EXPECT_EQ(DnsSearchListOption::parse(bytes), option);
  EXPECT_EQ(emitted(DnsSearchListOption{60, {"sluice.", "lab.home."}}), bytes);
  // A name that ends with the last byte leaves nothing to fill up.
  EXPECT_EQ(emitted(DnsSearchListOption{60, {"sluice"}}).size(), 16);
}

TEST(NdpOptions, ANameOutOfShapeMakesItsListOne) {
  EXPECT_TRUE(DnsSearchListOption::parse(search_list({"\3lab"})));
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({})));
  EXPECT_FALSE(DnsSearchListOption::parse(Octets(7)));
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({"\7waytoos"})));  // no zero
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({"\3lab\4home\3tail"})));
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({"\10waytoos"})));     // past the option
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({"\3lab\xc0\x08"})));  // compressed
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({"\3l.b"})));
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({"\3l b"})));
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({"\3l\nb"})));
  EXPECT_FALSE(
      DnsSearchListOption::parse(search_list({"\3l\x80"
                                              "b"})));
}

TEST(NdpOptions, LabelsAndNamesHaveTheirLongest) {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  EXPECT_EQ(longest.size(), 253);
  const DnsSearchListOption option{0, {longest}};
  ASSERT_TRUE(option.is_valid());
  EXPECT_EQ(DnsSearchListOption::parse(emitted(option)), option);
  EXPECT_TRUE(is_valid({longest + '.'}));
  EXPECT_FALSE(is_valid({longest + 'a'}));
  EXPECT_FALSE(is_valid({label + 'a'}));
  const std::string wire = '\x3f' + label;
  EXPECT_TRUE(DnsSearchListOption::parse(search_list({wire, wire, wire, "\1a"})));
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({wire, wire, wire, wire})));
  EXPECT_FALSE(DnsSearchListOption::parse(search_list({std::string(1, '\x40') + label + 'a'})));
}

TEST(NdpOptions, WhatIsNoSearchListIsNotValid) {
  EXPECT_FALSE(is_valid({}));
  for (const char* name : {"", ".", "..", ".a", "a..b", "a b", "a\n", "\xc3\xa4", "a.."}) {
    EXPECT_FALSE(is_valid({name})) << name;
    EXPECT_FALSE(is_valid({"good", name})) << name;
  }
  EXPECT_TRUE(is_valid({"a", "xn--4ca.example.", "_tcp"}));
}

TEST(NdpOptions, ASearchListHasNoMoreThanItsLengthCanSay) {
  const std::string name(14, 'a');  // 16 bytes each
  const DnsSearchListOption largest{0, std::vector<std::string>(127, name)};
  ASSERT_TRUE(largest.is_valid());
  EXPECT_EQ(largest.size(), DnsSearchListOption::kMaxSize);
  EXPECT_EQ(DnsSearchListOption::parse(emitted(largest)), largest);
  EXPECT_FALSE(is_valid(std::vector<std::string>(128, name)));
}

RC_GTEST_PROP(NdpOptions, ParseGivesThePrefixThatEmitWrote,
              (const std::array<std::uint8_t, 16>& octets, bool on_link, bool autonomous,
               std::uint32_t valid, std::uint32_t preferred)) {
  RC_PRE(!IpAddress::v6(octets).is_v4());
  const PrefixInformation information{Subnet(IpAddress::v6(octets), *rc::gen::inRange(0U, 129U)),
                                      on_link, autonomous, valid, preferred};
  RC_ASSERT(PrefixInformation::parse(emitted(information)) == information);
}

RC_GTEST_PROP(NdpOptions, ParseGivesTheServersThatEmitWrote, (std::uint32_t lifetime)) {
  DnsServersOption option{lifetime, {}};
  const auto count = *rc::gen::inRange<std::size_t>(1, DnsServersOption::kMaxServers + 1);
  for (std::size_t i = 0; i < count; ++i) {
    auto octets = *rc::gen::arbitrary<std::array<std::uint8_t, 16>>();
    octets[0] |= 0x20;
    option.servers.push_back(IpAddress::v6(octets));
  }
  RC_ASSERT(DnsServersOption::parse(emitted(option)) == option);
}

RC_GTEST_PROP(NdpOptions, ParseGivesTheNamesThatEmitWrote, (std::uint32_t lifetime)) {
  DnsSearchListOption option{lifetime, {}};
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) option.names.push_back(any_name());
  RC_ASSERT(option.is_valid());
  RC_ASSERT(option.size() % 8 == 0);
  RC_ASSERT(DnsSearchListOption::parse(emitted(option)) == option);
}

}  // namespace
}  // namespace sluice
