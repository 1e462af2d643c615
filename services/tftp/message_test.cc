#include "services/tftp/message.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

using namespace std::string_view_literals;

using Octets = std::vector<std::uint8_t>;

Octets octets_of(std::string_view text) {
  return {text.begin(), text.end()};
}

std::optional<TftpRequest> request_of(const Octets& bytes) {
  const auto message = parse_tftp(bytes);
  if (!message || !std::holds_alternative<TftpRequest>(*message)) return std::nullopt;
  return std::get<TftpRequest>(*message);
}

Octets emitted(const TftpMessage& message) {
  Octets bytes(2048);
  bytes.resize(emit_tftp(message, bytes));
  return bytes;
}

TEST(TftpMessage, LiesOnTheWireAsTheRfcsHaveIt) {
  EXPECT_EQ(emitted(TftpRequest{false, "boot", "octet", {.block_size = 1432, .transfer_size = 0}}),
            octets_of("\0\1boot\0octet\0blksize\0"
                      "1432\0tsize\0"
                      "0\0"sv));
  EXPECT_EQ(emitted(TftpRequest{true, "f", "netascii", {}}), octets_of("\0\2f\0netascii\0"sv));
  EXPECT_EQ(emitted(TftpData{0x0102, as_bytes("abc")}), octets_of("\0\3\1\2abc"sv));
  EXPECT_EQ(emitted(TftpAcknowledgment{0xffff}), octets_of("\0\4\xff\xff"sv));
  EXPECT_EQ(emitted(TftpError{TftpErrorCode::kFileNotFound, "no"}), octets_of("\0\5\0\1no\0"sv));
  EXPECT_EQ(emitted(TftpOptionAcknowledgment{{.timeout = 3, .window_size = 16}}),
            octets_of("\0\6timeout\0"
                      "3\0windowsize\0"
                      "16\0"sv));
}

TEST(TftpMessage, OptionNamesAreOfAnyCase) {
  const auto request =
      request_of(octets_of("\0\1f\0octet\0BlkSize\0"
                           "512\0WINDOWSIZE\0"
                           "4\0"sv));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->options, (TftpOptions{.block_size = 512, .window_size = 4}));
}

TEST(TftpMessage, OptionsThatNobodyKnowsOrThatAreNoNumbersAreSkipped) {
  const auto request =
      request_of(octets_of("\0\1f\0octet\0multicast\0\0blksize\0z12\0tsize\0-1\0timeout\0"
                           "99999999999999999999999\0windowsize\0"
                           "8\0windowsize\0"
                           "9\0"sv));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->options, TftpOptions{.window_size = 8});
}

TEST(TftpMessage, ARequestMayBePadded) {
  for (std::size_t padding = 0; padding < 4; ++padding) {
    Octets bytes = octets_of(
        "\0\1f\0octet\0tsize\0"
        "0\0"sv);
    bytes.resize(bytes.size() + padding);
    const auto request = request_of(bytes);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->file, "f");
    EXPECT_EQ(request->options, TftpOptions{.transfer_size = 0});
  }
}

TEST(TftpMessage, CutShortIsNone) {
  for (const std::string_view text :
       {""sv, "\0"sv, "\0\1"sv, "\0\1file"sv, "\0\1file\0"sv, "\0\1file\0octet"sv,
        "\0\1f\0octet\0tsize"sv, "\0\1f\0octet\0tsize\0"sv, "\0\1f\0octet\0tsize\0z"sv, "\0\3"sv,
        "\0\3\1"sv, "\0\4"sv, "\0\4\1"sv, "\0\5\1"sv, "\0\6blksize\0"sv}) {
    EXPECT_FALSE(parse_tftp(octets_of(text))) << text.size();
  }
}

TEST(TftpMessage, AnUnknownOpcodeIsNoneButCanBeTold) {
  const Octets bytes = octets_of("\0\7x"sv);
  EXPECT_FALSE(parse_tftp(bytes));
  EXPECT_EQ(tftp_opcode(bytes), TftpOpcode{7});
  EXPECT_FALSE(tftp_opcode(Bytes(bytes).first(1)));
}

TEST(TftpMessage, AnErrorMayLackItsZero) {
  for (const std::string_view text : {"\0\5\0\1no"sv, "\0\5\0\1no\0"sv, "\0\5\0\1no\0yes"sv}) {
    const Octets bytes = octets_of(text);
    EXPECT_EQ(parse_tftp(bytes), TftpMessage(TftpError{TftpErrorCode::kFileNotFound, "no"}));
  }
}

std::string random_text() {
  return *rc::gen::container<std::string>(rc::gen::distinctFrom('\0'));
}

TftpOptions random_options() {
  const auto number = rc::gen::maybe(rc::gen::arbitrary<std::uint64_t>());
  const auto value = [&]() -> std::optional<std::uint64_t> {
    const auto some = *number;
    return some ? std::optional<std::uint64_t>(*some) : std::nullopt;
  };
  return {value(), value(), value(), value()};
}

RC_GTEST_PROP(TftpMessageProperty, ParseOfEmitIsTheMessage, ()) {
  const std::string one = random_text();
  const std::string two = random_text();
  const Octets data = *rc::gen::arbitrary<Octets>();
  const auto number = *rc::gen::arbitrary<std::uint16_t>();
  const auto messages = std::vector<TftpMessage>{
      TftpRequest{*rc::gen::arbitrary<bool>(), one, two, random_options()},
      TftpData{number, data},
      TftpAcknowledgment{number},
      TftpError{static_cast<TftpErrorCode>(number), one},
      TftpOptionAcknowledgment{random_options()},
  };
  for (const TftpMessage& message : messages) {
    Octets bytes(2048 + one.size() + two.size() + data.size());
    const std::size_t size = emit_tftp(message, bytes);
    RC_ASSERT(parse_tftp(Bytes(bytes).first(size)) == message);
  }
}

RC_GTEST_PROP(TftpMessageProperty, AnyBytesAreReadOrRefused, (const Octets& tail)) {
  for (std::uint8_t opcode = 0; opcode < 8; ++opcode) {
    Octets bytes{0, opcode};
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    const auto message = parse_tftp(bytes);
    if (message) RC_ASSERT(opcode >= 1 && opcode <= 6);
  }
}

}  // namespace
}  // namespace sluice
