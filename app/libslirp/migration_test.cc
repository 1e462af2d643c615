// What a Slirp saves, another one goes on with.

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/libslirp/scripted_program.h"
#include "app/libslirp/state.h"
#include "sluice/libslirp.h"

namespace sluice {
namespace {

in_addr forward_address() {
  return {.s_addr = ::inet_addr("10.0.2.100")};
}

// A stream in memory, written and read in pieces of any size.
struct Memory {
  static ssize_t write(const void* bytes, std::size_t size, void* self) {
    auto& memory = *static_cast<Memory*>(self);
    const std::size_t count = std::min(size, memory.piece);
    memory.bytes.append(static_cast<const char*>(bytes), count);
    return static_cast<ssize_t>(count);
  }
  static ssize_t read(void* bytes, std::size_t size, void* self) {
    auto& memory = *static_cast<Memory*>(self);
    const std::size_t count = std::min({size, memory.piece, memory.bytes.size() - memory.taken});
    std::memcpy(bytes, memory.bytes.data() + memory.taken, count);
    memory.taken += count;
    return static_cast<ssize_t>(count);
  }
  std::string bytes;
  std::size_t taken = 0;
  std::size_t piece = SIZE_MAX;
};

// A program with a guest forward that leads to it.
struct Program : ScriptedProgram {
  Program() {
    EXPECT_TRUE(start());
    in_addr address = forward_address();
    EXPECT_EQ(slirp_add_guestfwd(slirp, &Program::take, this, &address, kForward.port), 0);
  }
  static ssize_t take(const void* bytes, std::size_t size, void* self) {
    auto& program = *static_cast<Program*>(self);
    const std::size_t taken = std::min(size, program.appetite);
    program.appetite -= taken;
    program.got.append(static_cast<const char*>(bytes), taken);
    return static_cast<ssize_t>(taken);
  }
  void say(std::string_view text) {
    slirp_socket_recv(slirp, forward_address(), kForward.port, as_bytes(text).data(),
                      static_cast<int>(text.size()));
    settle();
  }
  Memory save() const {
    Memory memory;
    slirp_state_save(slirp, &Memory::write, &memory);
    return memory;
  }
  int load(Memory memory) {
    memory.taken = 0;
    const int result = slirp_state_load(slirp, slirp_state_version(), &Memory::read, &memory);
    EXPECT_TRUE(result != 0 || memory.taken == memory.bytes.size());
    return result;
  }
  std::string got;
  std::size_t appetite = SIZE_MAX;
};

// DHCP from the guest: type 1 asks for an offer, 3 for `address`.
std::string dhcp_message(std::uint8_t type, std::uint8_t client, const std::string& address = "") {
  std::string text(240, '\0');
  text[0] = 1;
  text[1] = 1;
  text[2] = 6;
  text[28] = 2;
  text[33] = static_cast<char>(client);
  text.replace(236, 4, "\x63\x82\x53\x63");
  text += std::string("\x35\x01", 2) + static_cast<char>(type);
  if (!address.empty()) text += std::string("\x32\x04", 2) + address;
  return text + "\xff";
}

// The address that the answer gives; empty if there is no answer.
std::string dhcp_answer(ScriptedProgram& program, const std::string& message) {
  program.take_seen();
  program.from_guest(
      udp_frame({IpAddress::v4(0), 68}, {IpAddress::v4(255, 255, 255, 255), 67}, message));
  for (const SeenFrame& frame : program.take_seen()) {
    if (frame.udp) return frame.payload.substr(16, 4);
  }
  return "";
}

TEST(LibslirpMigration, AnOpenConnectionToTheProgramGoesOn) {
  Program before;
  before.appetite = 4;
  ProgramGuestTcp guest(before, 4000, kForward);
  ASSERT_TRUE(before.run_until([&] { return guest.established(); }));
  guest.write("said and not taken");
  ASSERT_TRUE(before.run_until([&] { return before.got == "said"; }));
  before.say("hello ");
  ASSERT_EQ(guest.received(), "hello ");
  const std::string much = varied_text(100'000);
  const Memory saved = before.save();

  Program after;
  ASSERT_EQ(after.load(saved), 0);
  guest.move_to(after);
  after.say(much);
  EXPECT_TRUE(after.run_until([&] { return guest.received().size() == 6 + much.size(); }));
  EXPECT_EQ(guest.received().substr(6), much);
  guest.write("!");
  EXPECT_TRUE(after.run_until([&] { return before.got + after.got == "said and not taken!"; }));
  EXPECT_FALSE(guest.closed());
}

TEST(LibslirpMigration, WhatWasOnItsWayToTheGuestIsSentAgain) {
  Program before;
  ProgramGuestTcp guest(before, 4000, kForward);
  ASSERT_TRUE(before.run_until([&] { return guest.established(); }));
  // The guest is gone before it hears of this.
  ScriptedProgram nowhere;
  guest.move_to(nowhere);
  before.say("lost on its way");
  Program after;
  ASSERT_EQ(after.load(before.save()), 0);
  guest.move_to(after);
  EXPECT_TRUE(after.run_until([&] { return guest.received() == "lost on its way"; }));
}

TEST(LibslirpMigration, LeasesGoOn) {
  Program before;
  const std::string first = dhcp_answer(before, dhcp_message(1, 7));
  ASSERT_EQ(dhcp_answer(before, dhcp_message(3, 7, first)), first);
  Program after;
  ASSERT_EQ(after.load(before.save()), 0);
  // Somebody else gets another address, and the client its own.
  const std::string other = dhcp_answer(after, dhcp_message(1, 8));
  EXPECT_EQ(other.size(), 4U);
  EXPECT_NE(other, first);
  EXPECT_EQ(dhcp_answer(after, dhcp_message(1, 7)), first);
}

// A connection with a program of the host, which no state holds.
class LibslirpMigrationOutside : public testing::Test {
 protected:
  void SetUp() override {
    in_addr address = forward_address();
    ASSERT_EQ(slirp_add_exec(program_.slirp, "cat", &address, kEcho.port), 0);
    guest_.emplace(program_, 4001, kEcho);
    ASSERT_TRUE(program_.run_until([&] { return guest_->established(); }));
    program_.settle();
  }
  bool talks(const std::string& text) {
    const std::string all = guest_->received() + text;
    guest_->write(text);
    return program_.run_until([&] { return guest_->closed() || guest_->received() == all; }) &&
           !guest_->closed();
  }

  static constexpr Endpoint kEcho{kForward.address, 7};
  Program program_;
  std::optional<ProgramGuestTcp> guest_;
};

TEST_F(LibslirpMigrationOutside, GoesOnWithTheGuestThatComesBackToIt) {
  ASSERT_TRUE(talks("before"));
  program_.settle();
  ASSERT_EQ(program_.load(program_.save()), 0);
  EXPECT_TRUE(talks(", and after"));
}

TEST_F(LibslirpMigrationOutside, IsResetWhereItHasMovedOnWithoutTheGuest) {
  const Memory saved = program_.save();
  ASSERT_TRUE(talks("what the guest will not know"));
  ASSERT_EQ(program_.load(saved), 0);
  EXPECT_EQ(program_.connections().find(" 4001 "), std::string::npos) << program_.connections();
  EXPECT_FALSE(talks("x"));
  EXPECT_EQ(guest_->close_reason(), tcp::CloseReason::kReset);
}

TEST_F(LibslirpMigrationOutside, IsResetWhereTheGuestDoesNotKnowItYet) {
  const Memory saved = Program().save();
  ASSERT_EQ(program_.load(saved), 0);
  EXPECT_FALSE(talks("x"));
}

TEST_F(LibslirpMigrationOutside, AGuestElsewhereIsToldThatItHasEnded) {
  const Memory saved = program_.save();
  Program after;
  guest_->move_to(after);
  ASSERT_EQ(after.load(saved), 0);
  EXPECT_TRUE(after.run_until([&] { return guest_->closed(); }));
  EXPECT_EQ(guest_->close_reason(), tcp::CloseReason::kReset);
}

TEST_F(LibslirpMigrationOutside, WhatTheGuestSaidBeforeItWasGivenUpIsNotWhatItSaysAfter) {
  const Memory saved = program_.save();
  // Without a poll in between: they wait for each other.
  guest_->write("first");
  guest_->send_segments();
  guest_->write("second");
  guest_->send_segments();
  ASSERT_EQ(program_.load(saved), 0);
  EXPECT_TRUE(program_.run_until([&] { return guest_->closed(); }));
  EXPECT_EQ(guest_->received(), "");
}

// The frames that a state with these positions brings the guest.
std::vector<SeenFrame> told_of(Program& program, std::vector<FlowPosition> positions) {
  SavedState state;
  state.positions = std::move(positions);
  Memory memory;
  const auto stream = emit_state(state);
  memory.bytes.assign(stream.begin(), stream.end());
  program.take_seen();
  EXPECT_EQ(program.load(memory), 0);
  program.settle();
  return program.take_seen();
}

TEST(LibslirpMigration, OnlyGuestsAreToldOfWhatHasEnded) {
  const Endpoint guest{kGuestAddress, 4000};
  const Endpoint outside{IpAddress::v4(192, 0, 2, 1), 80};
  const Endpoint guest6{IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x15}),
                        1};
  const Endpoint outside6{IpAddress::v6({0x20}), 80};
  Program program;
  const auto seen = told_of(program, {{outside, guest, {}},
                                      {kForward, outside, {}},
                                      {guest6, outside6, {}},  // there is no IPv6 here
                                      {guest, outside, {.nxt = 7, .expected = 9}}});
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(seen[0].tcp);
  EXPECT_TRUE(seen[0].tcp->flags.rst);
  EXPECT_EQ(seen[0].source, outside.address);
  EXPECT_EQ(seen[0].destination, guest.address);
  EXPECT_EQ(seen[0].tcp->source_port, 80);
  EXPECT_EQ(seen[0].tcp->destination_port, 4000);
  EXPECT_EQ(seen[0].tcp->sequence, 7U);
  EXPECT_EQ(seen[0].tcp->acknowledgment, 9U);
}

TEST(LibslirpMigration, PiecesMayBeOfAnySize) {
  Program before;
  ProgramGuestTcp guest(before, 4000, kForward);
  ASSERT_TRUE(before.run_until([&] { return guest.established(); }));
  const Memory whole = before.save();
  Memory pieces;
  pieces.piece = 7;
  slirp_state_save(before.slirp, &Memory::write, &pieces);
  EXPECT_EQ(pieces.bytes.size(), whole.bytes.size());
  Program after;
  EXPECT_EQ(after.load(pieces), 0);
}

TEST(LibslirpMigration, WhatIsDamagedIsRefusedAndChangesNothing) {
  Program before;
  ProgramGuestTcp guest(before, 4000, kForward);
  ASSERT_TRUE(before.run_until([&] { return guest.established(); }));
  const Memory saved = before.save();
  Program program;
  ProgramGuestTcp other(program, 4001, kForward);
  ASSERT_TRUE(program.run_until([&] { return other.established(); }));
  for (std::size_t i = 0; i < saved.bytes.size(); ++i) {
    Memory damaged = saved;
    damaged.bytes[i] = static_cast<char>(damaged.bytes[i] ^ 0x40);
    EXPECT_EQ(program.load(damaged), -EINVAL) << i;
    Memory cut = saved;
    cut.bytes.resize(i);
    EXPECT_EQ(program.load(cut), -EINVAL) << i;
  }
  Memory later = saved;
  EXPECT_EQ(slirp_state_load(program.slirp, 5, &Memory::read, &later), -EINVAL);
  EXPECT_EQ(later.taken, 0U);
  other.write("still there");
  EXPECT_TRUE(program.run_until([&] { return program.got == "still there"; }));
}

TEST(LibslirpMigration, AConnectionToWhereNothingIsForwardedIsRefused) {
  Program before;
  ProgramGuestTcp guest(before, 4000, kForward);
  ASSERT_TRUE(before.run_until([&] { return guest.established(); }));
  Program program;
  ASSERT_EQ(slirp_remove_guestfwd(program.slirp, forward_address(), kForward.port), 0);
  EXPECT_EQ(program.load(before.save()), -EINVAL);
}

TEST(LibslirpMigration, NeedsItsCallbacks) {
  Program program;
  slirp_state_save(program.slirp, nullptr, nullptr);
  EXPECT_EQ(slirp_state_load(program.slirp, 4, nullptr, nullptr), -EINVAL);
  EXPECT_EQ(slirp_state_load(nullptr, 4, &Memory::read, nullptr), -EINVAL);
  Memory memory = program.save();
  for (const int version : {-1, slirp_state_version() + 1}) {
    EXPECT_EQ(slirp_state_load(program.slirp, version, &Memory::read, &memory), -EINVAL);
  }
  EXPECT_EQ(memory.taken, 0U);
}

}  // namespace
}  // namespace sluice
