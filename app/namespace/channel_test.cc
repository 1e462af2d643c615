#include "app/namespace/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sluice {
namespace {

TEST(Channel, AMessageArrivesWhole) {
  const auto [here, there] = make_channel();
  ASSERT_TRUE(send_message(here, {.kind = Message::Kind::kFailed, .number = -7, .text = "why"}));
  ASSERT_TRUE(send_message(here, {.kind = Message::Kind::kHurry}));
  const auto first = receive_message(there);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, Message::Kind::kFailed);
  EXPECT_EQ(first->number, -7);
  EXPECT_EQ(first->text, "why");
  EXPECT_FALSE(first->descriptor);
  EXPECT_EQ(receive_message(there)->kind, Message::Kind::kHurry);
}

TEST(Channel, ADescriptorTravelsWithItsMessage) {
  const auto [here, there] = make_channel();
  Message message{.kind = Message::Kind::kTap};
  message.descriptor.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(send_message(here, message));
  const auto received = receive_message(there);
  ASSERT_TRUE(received && received->descriptor);
  EXPECT_NE(received->descriptor.get(), message.descriptor.get());
  EXPECT_NE(::fcntl(received->descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Channel, TheEndOfTheOtherSideIsSeen) {
  auto [here, there] = make_channel();
  here.reset();
  EXPECT_FALSE(receive_message(there));
  EXPECT_FALSE(send_message(there, {.kind = Message::Kind::kHello}));
}

TEST(Channel, AMessageNeedNotBeWaitedFor) {
  const auto [here, there] = make_channel();
  EXPECT_FALSE(receive_message(there, Waiting::kNot));
  ASSERT_TRUE(send_message(here, {.kind = Message::Kind::kHurry}));
  EXPECT_TRUE(receive_message(there, Waiting::kNot));
  EXPECT_FALSE(receive_message(there, Waiting::kNot));
}

TEST(Channel, TooLongATextIsCut) {
  const auto [here, there] = make_channel();
  ASSERT_TRUE(send_message(here, {.text = std::string(Message::kMaxText + 100, 'x')}));
  EXPECT_EQ(receive_message(there)->text.size(), Message::kMaxText);
}

}  // namespace
}  // namespace sluice
