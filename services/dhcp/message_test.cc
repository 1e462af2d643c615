#include "services/dhcp/message.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::size_t kOptions = DhcpMessage::kFixedSize + 4;  // behind the magic cookie

Octets emitted(const DhcpMessage& message, std::size_t limit) {
  Octets bytes(limit);
  const auto result = message.emit(bytes);
  EXPECT_EQ(result.omitted, 0U);
  bytes.resize(result.size);
  return bytes;
}

// A request with these bytes as its options field.
Octets request_with(const Octets& field) {
  Octets bytes = emitted(DhcpMessage(), DhcpMessage::kMinimumSize);
  bytes.resize(kOptions);
  bytes.insert(bytes.end(), field.begin(), field.end());
  return bytes;
}

Octets value_of(const DhcpMessage& message, DhcpCode code) {
  const auto value = message.find(code);
  return value ? Octets(value->begin(), value->end()) : Octets();
}

TEST(DhcpMessage, LiesOnTheWireAsRfc2131HasIt) {
  DhcpMessage message;
  message.operation = DhcpMessage::Operation::kReply;
  message.hops = 3;
  message.transaction = 0x01020304;
  message.seconds = 0x0506;
  message.broadcast = true;
  message.client = 0x0a00020f;
  message.yours = 0x0a000210;
  message.server = 0x0a000202;
  message.gateway = 0x0a000201;
  message.hardware = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  message.server_name = "s";
  message.boot_file = "f";
  message.add_8(DhcpCode::kMessageType, 5);
  message.add_32(DhcpCode::kLeaseTime, 86400);

  Octets expected{2, 1, 6,  3,  1, 2, 3, 4,  5, 6, 0x80, 0,    10,   0,    2,    15,   10,
                  0, 2, 16, 10, 0, 2, 2, 10, 0, 2, 1,    0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
  expected.resize(44);
  expected.push_back('s');
  expected.resize(108);
  expected.push_back('f');
  expected.resize(236);
  const Octets options{99, 130, 83, 99, 53, 1, 5, 51, 4, 0, 1, 0x51, 0x80, 255};
  expected.insert(expected.end(), options.begin(), options.end());
  expected.resize(300);
  EXPECT_EQ(emitted(message, 548), expected);
}

TEST(DhcpMessage, ShorterThanItsFixedFieldsIsNone) {
  const Octets bytes = request_with({});
  EXPECT_FALSE(DhcpMessage::parse(Bytes()));
  EXPECT_FALSE(DhcpMessage::parse(Bytes(bytes).first(DhcpMessage::kFixedSize - 1)));
  EXPECT_TRUE(DhcpMessage::parse(Bytes(bytes).first(DhcpMessage::kFixedSize)));
}

TEST(DhcpMessage, WithAnotherOperationOrALongHardwareAddressIsNone) {
  Octets bytes = request_with({});
  bytes[0] = 3;
  EXPECT_FALSE(DhcpMessage::parse(bytes));
  bytes[0] = 1;
  bytes[2] = 17;
  EXPECT_FALSE(DhcpMessage::parse(bytes));
}

TEST(DhcpMessage, WithoutTheMagicCookieHasNoOptions) {
  Octets bytes = request_with({53, 1, 1, 255});
  EXPECT_EQ(DhcpMessage::parse(bytes)->type(), DhcpType::kDiscover);
  bytes[DhcpMessage::kFixedSize] ^= 1;
  EXPECT_TRUE(DhcpMessage::parse(bytes)->options.empty());
}

TEST(DhcpMessage, ReadsOverPaddingAndStopsAtTheEnd) {
  const auto message = DhcpMessage::parse(request_with({0, 0, 53, 1, 1, 0, 255, 12, 1, 'x'}));
  EXPECT_EQ(message->type(), DhcpType::kDiscover);
  EXPECT_EQ(message->options.size(), 1U);
}

TEST(DhcpMessage, KeepsWhatStandsInFrontOfAnOptionCutShort) {
  for (const Octets& tail : {Octets{12}, Octets{12, 1}, Octets{12, 200, 'x'}}) {
    Octets field{53, 1, 3};
    field.insert(field.end(), tail.begin(), tail.end());
    const auto message = DhcpMessage::parse(request_with(field));
    EXPECT_EQ(message->type(), DhcpType::kRequest);
    EXPECT_EQ(message->options.size(), 1U);
  }
}

TEST(DhcpMessage, JoinsSplitOptions) {
  const auto message =
      DhcpMessage::parse(request_with({119, 2, 'a', 'b', 12, 1, 'x', 119, 1, 'c', 255}));
  EXPECT_EQ(value_of(*message, DhcpCode::kDomainSearch), (Octets{'a', 'b', 'c'}));
}

TEST(DhcpMessage, ReadsOptionsFromFileAndThenServerName) {
  Octets bytes = request_with({53, 1, 1, 119, 1, 'a', 52, 1, 3, 255});
  const Octets file{119, 1, 'b', 255};
  const Octets name{119, 1, 'c', 12, 1, 'x'};
  std::copy(name.begin(), name.end(), bytes.begin() + 44);
  std::copy(file.begin(), file.end(), bytes.begin() + 108);
  const auto message = DhcpMessage::parse(bytes);
  EXPECT_EQ(value_of(*message, DhcpCode::kDomainSearch), (Octets{'a', 'b', 'c'}));
  EXPECT_EQ(value_of(*message, DhcpCode::kHostName), (Octets{'x'}));
  EXPECT_TRUE(message->boot_file.empty());
  EXPECT_TRUE(message->server_name.empty());
}

TEST(DhcpMessage, LendsOnlyTheFieldsThatOptionFiftyTwoNames) {
  Octets bytes = request_with({52, 1, 2, 255});
  bytes[44] = 'n';  // too short for an option
  bytes[108] = 'f';
  const auto message = DhcpMessage::parse(bytes);
  EXPECT_EQ(message->boot_file, "f");
  EXPECT_TRUE(message->server_name.empty());
}

TEST(DhcpMessage, TextFieldsEndAtAZeroOrAtTheirSize) {
  Octets bytes = request_with({});
  std::fill(bytes.begin() + 44, bytes.begin() + 236, 'x');
  const auto message = DhcpMessage::parse(bytes);
  EXPECT_EQ(message->server_name, std::string(DhcpMessage::kMaxServerName, 'x'));
  EXPECT_EQ(message->boot_file, std::string(DhcpMessage::kMaxBootFile, 'x'));
}

TEST(DhcpMessage, SplitsLongOptions) {
  DhcpMessage message;
  message.add(DhcpCode::kDomainSearch, Octets(256, 'x'));
  const Octets bytes = emitted(message, 1024);
  EXPECT_EQ(bytes[kOptions], 119);
  EXPECT_EQ(bytes[kOptions + 1], 255);
  EXPECT_EQ(bytes[kOptions + 257], 119);
  EXPECT_EQ(bytes[kOptions + 258], 1);
  EXPECT_EQ(DhcpMessage::parse(bytes), message);
}

TEST(DhcpMessage, UsesFileAndServerNameWhenTheyAreFreeAndNeeded) {
  DhcpMessage message;
  message.add(DhcpCode::kHostName, Octets(40, 'h'));
  message.add(DhcpCode::kDomainName, Octets(100, 'd'));
  message.add(DhcpCode::kDomainSearch, Octets(50, 's'));
  EXPECT_EQ(DhcpMessage::parse(emitted(message, 548)), message);
  const Octets tight = emitted(message, DhcpMessage::kMinimumSize);
  EXPECT_EQ(tight.size(), DhcpMessage::kMinimumSize);
  EXPECT_EQ(tight[108], 15);
  EXPECT_EQ(tight[44], 119);
  EXPECT_EQ(value_of(*DhcpMessage::parse(tight), DhcpCode::kDomainSearch), Octets(50, 's'));
}

TEST(DhcpMessage, LeavesUsedFieldsAloneAndOmitsWhatFindsNoRoom) {
  DhcpMessage message;
  message.boot_file = "boot";
  message.server_name = "server";
  message.add(DhcpCode::kDomainName, Octets(100, 'd'));
  message.add_8(DhcpCode::kMessageType, 1);
  Octets bytes(DhcpMessage::kMinimumSize);
  EXPECT_EQ(message.emit(bytes).omitted, 1U);
  const auto read = DhcpMessage::parse(bytes);
  EXPECT_EQ(read->boot_file, "boot");
  EXPECT_EQ(read->server_name, "server");
  EXPECT_EQ(read->type(), DhcpType::kDiscover);
}

TEST(DhcpMessage, NumbersOfAnotherSizeAreNone) {
  DhcpMessage message;
  message.add_16(DhcpCode::kLeaseTime, 1);
  message.add_8(DhcpCode::kMessageType, 9);
  EXPECT_FALSE(message.find_32(DhcpCode::kLeaseTime));
  EXPECT_EQ(message.find_16(DhcpCode::kLeaseTime), 1);
  EXPECT_FALSE(message.type());
}

// Text without zeros, of at most `size` characters.
std::string random_text(std::size_t size) {
  const auto octets = *rc::gen::container<std::string>(rc::gen::distinctFrom('\0'));
  return octets.substr(0, size);
}

DhcpMessage random_message() {
  DhcpMessage message;
  message.operation =
      *rc::gen::element(DhcpMessage::Operation::kRequest, DhcpMessage::Operation::kReply);
  message.hardware_type = *rc::gen::arbitrary<std::uint8_t>();
  message.hardware_size = *rc::gen::inRange<std::uint8_t>(0, 17);
  message.hops = *rc::gen::arbitrary<std::uint8_t>();
  message.transaction = *rc::gen::arbitrary<std::uint32_t>();
  message.seconds = *rc::gen::arbitrary<std::uint16_t>();
  message.broadcast = *rc::gen::arbitrary<bool>();
  message.client = *rc::gen::arbitrary<std::uint32_t>();
  message.yours = *rc::gen::arbitrary<std::uint32_t>();
  message.server = *rc::gen::arbitrary<std::uint32_t>();
  message.gateway = *rc::gen::arbitrary<std::uint32_t>();
  message.hardware = *rc::gen::arbitrary<std::array<std::uint8_t, 16>>();
  message.server_name = random_text(DhcpMessage::kMaxServerName);
  message.boot_file = random_text(DhcpMessage::kMaxBootFile);
  const auto codes = *rc::gen::arbitrary<std::set<std::uint8_t>>();
  for (const std::uint8_t code : codes) {
    if (code == 0 || code == 52 || code == 255) continue;
    message.add(static_cast<DhcpCode>(code), *rc::gen::arbitrary<Octets>());
  }
  return message;
}

RC_GTEST_PROP(DhcpMessageProperty, ParseOfEmitIsTheMessage, ()) {
  const DhcpMessage message = random_message();
  Octets bytes(65507);
  const auto result = message.emit(bytes);
  RC_ASSERT(result.omitted == 0U);
  RC_ASSERT(DhcpMessage::parse(Bytes(bytes).first(result.size)) == message);
}

RC_GTEST_PROP(DhcpMessageProperty, WhereRoomIsScarceEveryOptionIsWholeOrOmitted, ()) {
  DhcpMessage message = random_message();
  if (*rc::gen::arbitrary<bool>()) message.boot_file.clear();
  if (*rc::gen::arbitrary<bool>()) message.server_name.clear();
  Octets bytes(*rc::gen::inRange<std::size_t>(DhcpMessage::kMinimumSize, 400));
  const auto result = message.emit(bytes);
  RC_ASSERT(result.size <= bytes.size());
  auto read = DhcpMessage::parse(Bytes(bytes).first(result.size));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->options.size() + result.omitted == message.options.size());
  for (const DhcpOption& option : read->options) {
    const auto value = message.find(option.code);
    RC_ASSERT(value.has_value());
    RC_ASSERT(Octets(value->begin(), value->end()) == option.value);
  }
  read->options = message.options;
  RC_ASSERT(read == message);
}

RC_GTEST_PROP(DhcpMessageProperty, AnyBytesAreReadOrRefused, (const Octets& tail)) {
  const auto message = DhcpMessage::parse(request_with(tail));
  RC_ASSERT(message.has_value());
  for (const DhcpOption& option : message->options) {
    RC_ASSERT(option.value.size() <= tail.size());
  }
}

}  // namespace
}  // namespace sluice
