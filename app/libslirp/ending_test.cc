// The end of a Slirp, from wherever it is asked for.

#include <gtest/gtest.h>

#include <cstdint>

#include "app/libslirp/scripted_program.h"
#include "sluice/libslirp.h"

namespace sluice {
namespace {

// A program that ends it from one of its callbacks, and from then on wants to hear nothing.
struct EndedWithin {
  enum class From {
    kSendPacket,
    kNotify,
    kGuestError,
    kClock,
    kInit,
    kAddPoll,
    kGetEvents,
    kWriteState
  };

  explicit EndedWithin(From where) : from(where) {
    program.callbacks.send_packet = [](const void*, std::size_t size, void* self) {
      of(self).hear(From::kSendPacket);
      return static_cast<ssize_t>(size);
    };
    program.callbacks.notify = [](void* self) { of(self).hear(From::kNotify); };
    program.callbacks.guest_error = [](const char*, void* self) {
      of(self).hear(From::kGuestError);
    };
    program.callbacks.clock_get_ns = [](void* self) {
      of(self).hear(From::kClock);
      return std::int64_t{1'000'000'000};
    };
    program.callbacks.init_completed = [](Slirp* slirp, void* self) {
      of(self).program.slirp = slirp;
      of(self).hear(From::kInit);
    };
    program.callbacks.register_poll_socket = [](int, void*) {};
    // Again, which changes nothing.
    program.callbacks.unregister_poll_socket = [](int, void* self) {
      ++of(self).unregistered;
      slirp_cleanup(of(self).program.slirp);
    };
  }
  static EndedWithin& of(void* self) { return *static_cast<EndedWithin*>(self); }

  void hear(From where) {
    EXPECT_FALSE(ended) << "called after slirp_cleanup(): " << static_cast<int>(where);
    if (!armed || where != from || ended) return;
    const Octets question = arp_question();
    slirp_input(program.slirp, question.data(), static_cast<int>(question.size()));
    slirp_cleanup(program.slirp);
    ended = true;
    EXPECT_EQ(unregistered, 1);
    // It is over, though it may still be there.
    slirp_input(program.slirp, question.data(), static_cast<int>(question.size()));
    EXPECT_EQ(slirp_connection_info(program.slirp), nullptr);
  }

  // As far as it has not ended.
  void poll(Slirp* slirp) {
    if (ended) return;
    std::uint32_t timeout = UINT32_MAX;
    slirp_pollfds_fill_socket(
        slirp, &timeout,
        [](slirp_os_socket, int, void* self) {
          of(self).hear(From::kAddPoll);
          return 0;
        },
        this);
    if (ended) return;
    slirp_pollfds_poll(
        slirp, 0,
        [](int, void* self) {
          of(self).hear(From::kGetEvents);
          return int{SLIRP_POLL_IN};
        },
        this);
  }

  void save(Slirp* slirp) {
    if (ended) return;
    slirp_state_save(
        slirp,
        [](const void*, std::size_t size, void* self) {
          of(self).hear(From::kWriteState);
          return static_cast<ssize_t>(size);
        },
        this);
  }

  // Everything that makes callbacks.
  void live() {
    armed = from == From::kInit;
    Slirp* const slirp = slirp_new(&program.config, &program.callbacks, this);
    EXPECT_EQ(slirp == nullptr, from == From::kInit);
    if (slirp == nullptr) return;
    armed = true;
    program.slirp = slirp;
    save(slirp);
    poll(slirp);
    const auto input = [&](const Octets& frame) {
      if (!ended) slirp_input(slirp, frame.data(), static_cast<int>(frame.size()));
    };
    input(arp_question());
    input(arp_question());
    // A connection that is being opened has a deadline, which the program is told of.
    input(tcp_frame(kGuestAddress, kGateway,
                    {.source_port = 4000, .destination_port = 1, .flags = {.syn = true}}, {}, {}));
    // An address that is not this host's is an error.
    if (!ended) slirp_add_hostfwd(slirp, 0, raw("192.0.2.1"), 1, in_addr{}, 22);
    if (!ended) slirp_cleanup(slirp);
  }

  ScriptedProgram program;
  const From from;
  bool armed = false;
  bool ended = false;
  int unregistered = 0;
};

TEST(LibslirpEnding, AfterTheEndNoCallbackIsMadeWhereverItWasAskedFor) {
  using From = EndedWithin::From;
  for (const From from : {From::kSendPacket, From::kNotify, From::kGuestError, From::kClock,
                          From::kInit, From::kAddPoll, From::kGetEvents, From::kWriteState}) {
    EndedWithin within(from);
    within.live();
    EXPECT_TRUE(within.ended) << static_cast<int>(from);
    within.program.slirp = nullptr;
  }
}

}  // namespace
}  // namespace sluice
