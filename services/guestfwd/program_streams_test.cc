#include "services/guestfwd/program_streams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/sim/guest_tcp.h"
#include "tests/sim/sim.h"

namespace sluice {
namespace {

constexpr Endpoint kServer{IpAddress::v4(10, 0, 2, 100), 1234};
constexpr std::size_t kMuch = 1U << 20;

// A program that keeps what it gets, as far as it wants to.
class Program final : public ProgramSink {
 public:
  Transfer take(Bytes bytes) override {
    if (error != std::errc{}) return {.error = error};
    const Bytes part = bytes.first(std::min(bytes.size(), appetite));
    appetite -= part.size();
    got += as_text(part);
    return {.bytes = part.size()};
  }
  void on_room() override { ++rooms; }

  std::string got;
  std::size_t appetite = SIZE_MAX;
  std::errc error{};
  int rooms = 0;
};

class ProgramStreamsTest : public testing::Test {
 protected:
  ProgramStreamsTest() { sim_.nat.add_guest_forward(kServer, streams_); }

  std::size_t say(std::string_view text) {
    const std::size_t taken = streams_.say(sim_.now, as_bytes(text));
    sim_.settle();
    return taken;
  }

  Sim sim_;
  Program program_;
  ServiceContext context_ = sim_.nat.context(9);
  ProgramStreams streams_{context_.events, context_.timers, program_};
};

TEST_F(ProgramStreamsTest, BytesGoBothWays) {
  GuestTcp guest(sim_, 4000, kServer);
  sim_.settle();
  ASSERT_TRUE(guest.established());
  guest.write("question");
  sim_.settle();
  EXPECT_EQ(program_.got, "question");
  EXPECT_EQ(say("answer"), 6U);
  EXPECT_EQ(guest.received(), "answer");
}

TEST_F(ProgramStreamsTest, NobodyIsToldAnythingBeforeThereIsAGuest) {
  EXPECT_EQ(streams_.room(), 0U);
  EXPECT_EQ(say("lost"), 0U);
}

TEST_F(ProgramStreamsTest, WhatAFullProgramDoesNotTakeIsOfferedAgain) {
  program_.appetite = 3;
  GuestTcp guest(sim_, 4000, kServer);
  guest.write("abcdef");
  sim_.settle();
  EXPECT_EQ(program_.got, "abc");
  program_.appetite = SIZE_MAX;
  sim_.run_for(2 * ProgramStreams::kRetry);
  EXPECT_EQ(program_.got, "abcdef");
}

TEST_F(ProgramStreamsTest, AGuestThatSendsMoreThanIsTakenIsHeldBackAndLosesNothing) {
  program_.appetite = 0;
  GuestTcp guest(sim_, 4000, kServer);
  const std::string much(2 * kMuch, 'x');
  guest.write(much);
  sim_.run_for(std::chrono::seconds(5));
  EXPECT_TRUE(program_.got.empty());
  program_.appetite = SIZE_MAX;
  sim_.run_for(std::chrono::seconds(60));
  EXPECT_TRUE(program_.got == much);
}

TEST_F(ProgramStreamsTest, AProgramThatFailsResetsTheGuest) {
  program_.error = std::errc::broken_pipe;
  GuestTcp guest(sim_, 4000, kServer);
  guest.write("x");
  sim_.settle();
  EXPECT_TRUE(guest.closed());
  EXPECT_EQ(guest.close_reason(), tcp::CloseReason::kReset);
}

TEST_F(ProgramStreamsTest, SaysHowMuchMayWaitAndWhenThereIsRoomAgain) {
  GuestTcp guest(sim_, 4000, kServer);
  guest.set_space(0);
  sim_.settle();
  EXPECT_EQ(streams_.room(), ProgramStreams::kMaxWaiting);
  const std::string much(kMuch, 'y');
  std::string said;
  // What the flow keeps of it comes on top; then it is full.
  for (int i = 0; i < 100 && streams_.room() > 0; ++i) {
    const std::size_t taken = say(much);
    said += much.substr(0, taken);
  }
  EXPECT_EQ(streams_.room(), 0U);
  EXPECT_EQ(say("more"), 0U);
  const int rooms = program_.rooms;
  guest.set_space(kMuch);
  sim_.run_for(std::chrono::seconds(10));
  EXPECT_GT(program_.rooms, rooms);
  EXPECT_TRUE(guest.received() == said);
}

TEST_F(ProgramStreamsTest, TheLastGuestIsSpokenToAndAllAreHeard) {
  GuestTcp first(sim_, 4000, kServer);
  sim_.settle();
  GuestTcp second(sim_, 4001, kServer);
  sim_.settle();
  first.write("1");
  second.write("2");
  sim_.settle();
  EXPECT_EQ(program_.got, "12");
  say("hello");
  EXPECT_EQ(first.received(), "");
  EXPECT_EQ(second.received(), "hello");
  second.reset();
  sim_.settle();
  say("you");
  EXPECT_EQ(first.received(), "you");
}

TEST_F(ProgramStreamsTest, AFinishedGuestStillGetsItsAnswerAndThenTheEnd) {
  GuestTcp guest(sim_, 4000, kServer);
  guest.write("question");
  guest.finish();
  sim_.settle();
  EXPECT_EQ(program_.got, "question");
  EXPECT_FALSE(guest.peer_finished());
  sim_.run_for(ProgramStreams::kLinger / 2);
  EXPECT_EQ(say("answer"), 6U);
  sim_.run_for(ProgramStreams::kLinger * 3 / 4);
  EXPECT_EQ(guest.received(), "answer");
  EXPECT_FALSE(guest.peer_finished());
  sim_.run_for(ProgramStreams::kLinger);
  EXPECT_TRUE(guest.peer_finished());
  EXPECT_EQ(streams_.room(), 0U);
}

TEST_F(ProgramStreamsTest, MoreGuestsThanItTakesAreRefused) {
  std::vector<std::unique_ptr<GuestTcp>> guests;
  for (std::size_t i = 0; i <= ProgramStreams::kMaxStreams; ++i) {
    guests.push_back(
        std::make_unique<GuestTcp>(sim_, static_cast<std::uint16_t>(4000 + i), kServer));
    sim_.settle();
  }
  EXPECT_TRUE(guests.front()->established());
  EXPECT_TRUE(guests.back()->closed());
  EXPECT_EQ(sim_.dropped(Drop::kServiceLimit), 1U);
}

TEST_F(ProgramStreamsTest, ARemovedForwardResetsItsGuestsAndItsAddressIsFree) {
  GuestTcp guest(sim_, 4000, kServer);
  sim_.settle();
  ASSERT_TRUE(guest.established());
  EXPECT_TRUE(sim_.nat.remove_guest_forward(kServer));
  EXPECT_FALSE(sim_.nat.remove_guest_forward(kServer));
  sim_.settle();
  EXPECT_TRUE(guest.closed());
  EXPECT_EQ(guest.close_reason(), tcp::CloseReason::kReset);
  EXPECT_EQ(say("nobody"), 0U);
  // Nobody answers for the address any more, until it is forwarded again.
  const Octets question = arp_frame({.operation = ArpMessage::Operation::kRequest,
                                     .sender_mac = kGuestMac,
                                     .sender = kGuestAddress,
                                     .target = kServer.address});
  sim_.take_seen();
  sim_.from_guest(question);
  EXPECT_TRUE(sim_.take_seen().empty());
  sim_.nat.add_guest_forward(kServer, streams_);
  sim_.from_guest(question);
  EXPECT_EQ(sim_.take_seen().size(), 1U);
  GuestTcp again(sim_, 4001, kServer);
  sim_.settle();
  EXPECT_TRUE(again.established());
}

TEST_F(ProgramStreamsTest, ForwardsMayComeAndGoForEver) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(sim_.nat.remove_guest_forward(kServer));
    sim_.nat.add_guest_forward(kServer, streams_);
  }
  GuestTcp guest(sim_, 4000, kServer);
  sim_.settle();
  EXPECT_TRUE(guest.established());
}

TEST_F(ProgramStreamsTest, TooManyForwardsAreAnError) {
  std::size_t count = 1;
  for (std::uint16_t port = 1; port < 1000; ++port) {
    try {
      sim_.nat.add_guest_forward({kServer.address, port}, streams_);
      ++count;
    } catch (const std::length_error&) {
      break;
    }
  }
  EXPECT_GT(count, 200U);
  EXPECT_LT(count, 300U);
}

}  // namespace
}  // namespace sluice
