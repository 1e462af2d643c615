#include "services/ncsi/controller.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>

#include "stack/wire/ethernet.h"
#include "tests/sim/octets.h"

namespace sluice {
namespace {

constexpr MacAddress kAddress({2, 3, 4, 5, 6, 7});
constexpr std::uint32_t kMellanox = 0x8119;
constexpr std::uint32_t kUnsupported = 0x0003'7fff;

Octets frame_of(const NcsiMessage& message) {
  const std::vector<std::uint8_t> packet = message.emit();
  Octets frame(EthernetHeader::kSize + packet.size());
  EthernetHeader{MacAddress::broadcast(), kAddress, static_cast<EtherType>(kNcsiEtherType)}.emit(
      frame);
  copy_bytes(packet, MutableBytes(frame).subspan(EthernetHeader::kSize));
  return frame;
}

// A response, with the code and the reason in front of what it tells.
struct Answer {
  NcsiMessage message;
  Octets payload;
  std::uint32_t result() const { return load_big<std::uint32_t>(payload, 0); }
};

class NcsiControllerTest : public testing::Test {
 protected:
  std::optional<Answer> ask(const NcsiMessage& command) {
    const auto frame = controller_.on_frame(frame_of(command));
    if (!frame) return std::nullopt;
    EXPECT_GE(frame->size(), 60U);
    const auto ethernet = EthernetView::parse(*frame);
    EXPECT_EQ(ethernet->header().destination, MacAddress::broadcast());
    const auto message = NcsiMessage::parse(ethernet->payload());
    EXPECT_TRUE(message);
    if (!message) return std::nullopt;
    EXPECT_EQ(message->type, command.type | NcsiMessage::kResponse);
    EXPECT_EQ(message->instance, command.instance);
    EXPECT_EQ(message->channel, command.channel);
    Answer answer{*message, {message->payload.begin(), message->payload.end()}};
    answer.message.payload = {};
    return answer;
  }
  Answer tell(std::uint8_t type, const Octets& payload = {}) {
    return ask({.instance = 7, .type = type, .payload = payload}).value();
  }

  NcsiController controller_{{kMellanox, kAddress}};
};

TEST(NcsiMessage, ChecksumIsThatOfTheSpecification) {
  // A response to "select package", as another implementation has it.
  const Octets packet{0, 1, 0, 7, 0x81, 0x1f, 0, 4, 0,    0,    0,    0,
                      0, 0, 0, 0, 0,    0,    0, 0, 0xff, 0xff, 0x7e, 0xd5};
  const auto message = NcsiMessage::parse(packet);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->emit(), packet);
}

RC_GTEST_PROP(NcsiMessage, IsReadAsItWasWritten,
              (std::uint8_t instance, std::uint8_t type, std::uint8_t channel,
               std::vector<std::uint8_t> payload)) {
  payload.resize(payload.size() % 1500);
  const NcsiMessage message{
      .instance = instance, .type = type, .channel = channel, .payload = payload};
  const std::vector<std::uint8_t> packet = message.emit();
  const auto read = NcsiMessage::parse(packet);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->instance == instance && read->type == type && read->channel == channel);
  RC_ASSERT(std::vector<std::uint8_t>(read->payload.begin(), read->payload.end()) == payload);
}

TEST_F(NcsiControllerTest, EveryCommandIsAnsweredInItsLength) {
  struct Expected {
    std::uint8_t type;
    std::size_t request;
    std::size_t response;
  };
  const std::array<Expected, 28> all{{
      {0x00, 0, 4},  {0x01, 4, 4},  {0x02, 0, 4},  {0x03, 0, 4},  {0x04, 4, 4},   {0x05, 4, 4},
      {0x06, 0, 4},  {0x07, 0, 4},  {0x08, 8, 4},  {0x09, 8, 4},  {0x0a, 0, 16},  {0x0b, 8, 4},
      {0x0c, 4, 4},  {0x0d, 0, 4},  {0x10, 4, 4},  {0x11, 0, 4},  {0x12, 4, 4},   {0x13, 0, 4},
      {0x14, 4, 4},  {0x15, 0, 40}, {0x16, 0, 32}, {0x17, 0, 40}, {0x18, 0, 204}, {0x19, 0, 32},
      {0x1a, 0, 48}, {0x1b, 0, 8},  {0x52, 0, 20}, {0x03, 0, 4},
  }};
  for (const Expected& each : all) {
    const Answer answer = tell(each.type, Octets(each.request));
    EXPECT_EQ(answer.result(), 0U) << int{each.type};
    EXPECT_EQ(answer.payload.size(), each.response) << int{each.type};
    if (each.request == 0) continue;
    EXPECT_EQ(tell(each.type, Octets(each.request - 1)).result(), 0x0001'0005U) << int{each.type};
  }
}

TEST_F(NcsiControllerTest, UnknownCommandsAreToldAsSuch) {
  EXPECT_EQ(tell(0x0f).result(), kUnsupported);
  EXPECT_EQ(tell(0x7f).result(), kUnsupported);
  EXPECT_EQ(tell(0x51).result(), kUnsupported);
}

TEST_F(NcsiControllerTest, ThereIsOnePackageWithOneChannel) {
  EXPECT_TRUE(ask({.type = 1, .channel = 0x1f, .payload = Octets(4)}));
  EXPECT_FALSE(ask({.type = 1, .channel = 0x3f, .payload = Octets(4)}));
  EXPECT_FALSE(ask({.type = 0, .channel = 1}));
}

TEST_F(NcsiControllerTest, TheLinkIsUp) {
  EXPECT_EQ(tell(0x0a).payload[7] & 1, 1);
}

TEST_F(NcsiControllerTest, WhatWasSetIsToldAgainUntilAReset) {
  tell(0x0e, {2, 0, 0, 0, 0, 9, 1, 1});
  tell(0x0b, {0, 0, 0, 42, 0, 0, 1, 1});
  tell(0x0c, {0, 0, 0, 2});
  tell(0x10, {0, 0, 0, 5});
  tell(0x08, {0, 0, 0, 0, 0, 0, 0, 7});
  tell(0x03);
  tell(0x06);
  const Answer set = tell(0x17);
  EXPECT_EQ(Octets(set.payload.begin() + 32, set.payload.begin() + 38), (Octets{2, 0, 0, 0, 0, 9}));
  EXPECT_EQ(set.payload[7], 1);
  EXPECT_EQ(load_big<std::uint16_t>(set.payload, 38), 42);
  EXPECT_EQ(set.payload[24], 2);
  EXPECT_EQ(load_big<std::uint32_t>(set.payload, 16), 5U);
  EXPECT_EQ(load_big<std::uint32_t>(set.payload, 20), 7U);
  EXPECT_EQ(load_big<std::uint32_t>(set.payload, 28), 7U);
  tell(0x05, Octets(4));
  const Answer reset = tell(0x17);
  EXPECT_EQ(load_big<std::uint32_t>(reset.payload, 20), 0U);
  EXPECT_EQ(load_big<std::uint16_t>(reset.payload, 38), 0);
}

TEST_F(NcsiControllerTest, OnlyOneAddressIsFilteredFor) {
  EXPECT_EQ(tell(0x0e, {2, 0, 0, 0, 0, 9, 2, 1}).result(), 0x0001'0002U);
}

TEST_F(NcsiControllerTest, TheManufacturersOwnCommandTellsTheAddress) {
  EXPECT_EQ(load_big<std::uint32_t>(tell(0x15).payload, 36), kMellanox);
  const Answer answer = tell(0x50, {0, 0, 0x81, 0x19, 0, 0, 0x1b, 0});
  EXPECT_EQ(answer.result(), 0U);
  EXPECT_EQ(Octets(answer.payload.begin() + 16, answer.payload.begin() + 22),
            (Octets{2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(tell(0x50, {0, 0, 0x81, 0x19, 0, 1, 0x1b, 0}).result(), kUnsupported);
  EXPECT_EQ(tell(0x50, {0, 0, 0x11, 0x11, 0, 0, 0x1b, 0}).result(), kUnsupported);
  EXPECT_EQ(tell(0x50, {0, 0, 0x81, 0x19}).result(), kUnsupported);
  NcsiController other({1, kAddress});
  const auto refused =
      other.on_frame(frame_of({.type = 0x50, .payload = Octets{0, 0, 0x81, 0x19, 0, 0, 0x1b, 0}}));
  ASSERT_TRUE(refused);
  EXPECT_EQ(load_big<std::uint32_t>(*refused, EthernetHeader::kSize + 16), kUnsupported);
}

TEST_F(NcsiControllerTest, WhatIsDamagedGetsNoAnswer) {
  const Octets whole = frame_of({.type = 0x08, .payload = Octets(8)});
  ASSERT_TRUE(controller_.on_frame(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(controller_.on_frame(Bytes(whole).first(size))) << size;
  }
  Octets wrong = whole;
  wrong.back() ^= 1;
  EXPECT_FALSE(controller_.on_frame(wrong));
  // No checksum is none that is wrong.
  std::fill(wrong.end() - 4, wrong.end(), std::uint8_t{0});
  EXPECT_TRUE(controller_.on_frame(wrong));
  wrong[EthernetHeader::kSize + 1] = 2;
  EXPECT_FALSE(controller_.on_frame(wrong));
  EXPECT_FALSE(controller_.on_frame(frame_of({.type = 0x83})));
}

}  // namespace
}  // namespace sluice
