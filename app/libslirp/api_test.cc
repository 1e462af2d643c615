// The C functions: what is refused, who may call what, and when.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "app/libslirp/scripted_program.h"
#include "sluice/libslirp.h"

namespace sluice {
namespace {

// The ports of the table's lines of that kind.
std::vector<int> forwarded_ports(const std::string& table, const std::string& kind) {
  std::vector<int> ports;
  for (std::size_t at = table.find(kind); at != std::string::npos; at = table.find(kind, at + 1)) {
    int descriptor = 0;
    int port = 0;
    std::array<char, 64> address{};
    EXPECT_EQ(std::sscanf(table.c_str() + at + kind.size(), "%d %63s %d", &descriptor,
                          address.data(), &port),
              3);
    ports.push_back(port);
  }
  return ports;
}

TEST(LibslirpApi, TellsTheVersionsThatCallersAskFor) {
  EXPECT_EQ(slirp_state_version(), 4);
  int major = 0;
  int minor = 0;
  int micro = 0;
  ASSERT_EQ(std::sscanf(slirp_version_string(), "%d.%d.%d", &major, &minor, &micro), 3);
  EXPECT_EQ(major, SLIRP_MAJOR_VERSION);
  EXPECT_EQ(minor, SLIRP_MINOR_VERSION);
  EXPECT_EQ(micro, SLIRP_MICRO_VERSION);
  static_assert(SLIRP_CHECK_VERSION(4, 9, 0) && !SLIRP_CHECK_VERSION(5, 0, 0));
  static_assert(SLIRP_CHECK_VERSION(4, 7, 99) && !SLIRP_CHECK_VERSION(4, 10, 0));
}

TEST(LibslirpApi, RefusesConfigsThatItCantFollow) {
  ScriptedProgram program;
  EXPECT_EQ(slirp_new(nullptr, &program.callbacks, &program), nullptr);
  EXPECT_EQ(slirp_new(&program.config, nullptr, &program), nullptr);
  program.config.version = 7;
  EXPECT_FALSE(program.start());
  program.config.version = 6;
  const SlirpCb whole = program.callbacks;
  program.callbacks.send_packet = nullptr;
  EXPECT_FALSE(program.start());
  program.callbacks = whole;
  program.callbacks.clock_get_ns = nullptr;
  EXPECT_FALSE(program.start());
  program.callbacks = whole;
  const std::string name(1000, 'x');
  program.config.vhostname = name.c_str();
  EXPECT_FALSE(program.start());
  program.config.vhostname = nullptr;
  EXPECT_TRUE(program.start());
}

TEST(LibslirpApi, NeedsNoMoreCallbacksThanTwo) {
  ScriptedProgram program;
  SlirpCb few{};
  few.send_packet = program.callbacks.send_packet;
  few.clock_get_ns = program.callbacks.clock_get_ns;
  program.callbacks = few;
  ASSERT_TRUE(program.start());
  program.from_guest(arp_question());
  EXPECT_EQ(program.take_seen().size(), 1U);
}

TEST(LibslirpApi, LooksAtNoCallbackBeyondTheVersion) {
  for (std::uint32_t version = 1; version <= SLIRP_CONFIG_VERSION_MAX; ++version) {
    ScriptedProgram program;
    program.config.version = version;
    static int completed;
    static int old_registered;
    completed = old_registered = 0;
    const auto forbidden = [](int, void*) { ADD_FAILURE() << "called for an older version"; };
    const auto too_early = [](Slirp*, void*) { ADD_FAILURE() << "called for an older version"; };
    program.callbacks.register_poll_fd = [](int, void*) { ++old_registered; };
    program.callbacks.unregister_poll_fd = [](int, void*) { --old_registered; };
    program.callbacks.init_completed = too_early;
    if (version >= 4) {
      program.callbacks.init_completed = [](Slirp* s, void*) {
        ++completed;
        EXPECT_NE(s, nullptr);
      };
    }
    if (version < 6) {
      program.callbacks.register_poll_socket = program.callbacks.unregister_poll_socket = forbidden;
    }
    ASSERT_TRUE(program.start());
    EXPECT_EQ(completed, version >= 4 ? 1 : 0);
    EXPECT_EQ(old_registered, version < 6 ? 1 : 0);
    EXPECT_EQ(program.registered.size(), version < 6 ? 0U : 1U);
    program.stop();
    EXPECT_EQ(old_registered, 0);
    EXPECT_EQ(program.unregistered, program.registered);
  }
}

TEST(LibslirpApi, NamesOneDescriptorAndATimeout) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  program.turn(0);
  EXPECT_EQ(program.polled, 1);
  EXPECT_EQ(program.timeout, UINT32_MAX);
  // What waits for an address that nobody answers for does so for a second.
  const int sink = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_GE(sink, 0);
  program.from_guest(udp_frame({kGuestAddress, 4000}, {IpAddress::v4(127, 0, 0, 1), 9}, "x"));
  ASSERT_EQ(slirp_add_hostfwd(program.slirp, 0, raw("127.0.0.1"), 0, raw("10.0.2.77"), 80), 0);
  const std::vector<int> ports = forwarded_ports(program.connections(), "TCP[HOST_FORWARD]");
  ASSERT_EQ(ports.size(), 1U);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(ports[0]));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what connect(2) asks for.
  ASSERT_EQ(::connect(sink, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  ASSERT_TRUE(program.run_until([&] { return !program.take_seen().empty(); }));
  program.turn(0);
  EXPECT_LE(program.timeout, 1001U);
  ::close(sink);
}

TEST(LibslirpApi, TakesNoHarmFromNothing) {
  const in_addr any{};
  in_addr address{};
  slirp_cleanup(nullptr);
  slirp_input(nullptr, nullptr, 0);
  slirp_pollfds_fill(nullptr, nullptr, nullptr, nullptr);
  slirp_pollfds_poll(nullptr, 0, nullptr, nullptr);
  slirp_handle_timer(nullptr, SLIRP_TIMER_RA, nullptr);
  EXPECT_EQ(slirp_add_hostfwd(nullptr, 0, any, 0, any, 1), -1);
  EXPECT_EQ(slirp_add_exec(nullptr, "cat", &address, 1), -1);
  EXPECT_EQ(slirp_remove_guestfwd(nullptr, any, 1), -1);
  EXPECT_EQ(slirp_socket_can_recv(nullptr, any, 1), 0U);
  slirp_socket_recv(nullptr, any, 1, nullptr, 0);
  EXPECT_EQ(slirp_connection_info(nullptr), nullptr);
  EXPECT_EQ(slirp_neighbor_info(nullptr), nullptr);

  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  slirp_input(program.slirp, nullptr, 60);
  const std::uint8_t byte = 0;
  slirp_input(program.slirp, &byte, 0);
  slirp_input(program.slirp, &byte, -5);
  slirp_input(program.slirp, &byte, 1);
  slirp_pollfds_fill(program.slirp, nullptr, nullptr, nullptr);
  slirp_pollfds_poll(program.slirp, 0, nullptr, nullptr);
  slirp_pollfds_poll(program.slirp, 1, nullptr, nullptr);
  EXPECT_EQ(slirp_add_exec(program.slirp, nullptr, &address, 1), -1);
  EXPECT_EQ(slirp_add_exec(program.slirp, "cat", nullptr, 1), -1);
  for (const char* line : {"", " \t", "cat 'x", "cat \\"}) {
    program.errors.clear();
    EXPECT_EQ(slirp_add_exec(program.slirp, line, &address, 1), -1) << line;
    EXPECT_EQ(program.errors.size(), 1U) << line;
  }
  EXPECT_EQ(slirp_add_unix(program.slirp, nullptr, &address, 1), -1);
  EXPECT_EQ(slirp_add_guestfwd(program.slirp, nullptr, nullptr, &address, 1), -1);
  EXPECT_EQ(slirp_add_hostxfwd(program.slirp, nullptr, 0, nullptr, 0, 0), -1);
  slirp_socket_recv(program.slirp, any, 70000, &byte, 1);
  EXPECT_EQ(slirp_socket_can_recv(program.slirp, any, -1), 0U);
}

TEST(LibslirpApi, HostForwardsComeAndGo) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  const in_addr loopback = raw("127.0.0.1");
  const in_addr first = raw("0.0.0.0");
  for (const int udp : {0, 1}) {
    const std::string kind = udp == 0 ? "TCP[HOST_FORWARD]" : "UDP[HOST_FORWARD]";
    ASSERT_EQ(slirp_add_hostfwd(program.slirp, udp, loopback, 0, first, 22), 0);
    const std::vector<int> ports = forwarded_ports(program.connections(), kind);
    ASSERT_EQ(ports.size(), 1U);
    EXPECT_GT(ports[0], 0);
    EXPECT_NE(program.connections().find("10.0.2.15    22"), std::string::npos);
    errno = 0;
    EXPECT_EQ(slirp_add_hostfwd(program.slirp, udp, loopback, ports[0], first, 22), -1);
    EXPECT_EQ(errno, EADDRINUSE);
    ASSERT_EQ(program.errors.size(), 1U);
    EXPECT_NE(program.errors[0].find("can't forward"), std::string::npos);
    program.errors.clear();
    EXPECT_EQ(slirp_remove_hostfwd(program.slirp, udp, loopback, ports[0]), 0);
    errno = 0;
    EXPECT_EQ(slirp_remove_hostfwd(program.slirp, udp, loopback, ports[0]), -1);
    EXPECT_EQ(errno, ENOENT);
    EXPECT_TRUE(forwarded_ports(program.connections(), kind).empty());
  }
  errno = 0;
  EXPECT_EQ(slirp_add_hostfwd(program.slirp, 0, loopback, -1, first, 22), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(slirp_add_hostfwd(program.slirp, 0, loopback, 0, first, 0), -1);
  EXPECT_EQ(slirp_add_hostfwd(program.slirp, 0, loopback, 65536, first, 1), -1);
}

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): as sockets' addresses are.
TEST(LibslirpApi, HostForwardsMayBeOfEitherFamily) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  sockaddr_in guest{};
  guest.sin_family = AF_INET;
  guest.sin_port = htons(22);
  const auto* const to = reinterpret_cast<const sockaddr*>(&guest);
  sockaddr_in6 host{};
  host.sin6_family = AF_INET6;
  const auto* const at = reinterpret_cast<const sockaddr*>(&host);
  for (const int flags :
       {0, SLIRP_HOSTFWD_UDP, SLIRP_HOSTFWD_V6ONLY, SLIRP_HOSTFWD_UDP | SLIRP_HOSTFWD_V6ONLY}) {
    const std::string kind =
        (flags & SLIRP_HOSTFWD_UDP) != 0 ? "UDP[HOST_FORWARD]" : "TCP[HOST_FORWARD]";
    host.sin6_port = 0;
    ASSERT_EQ(slirp_add_hostxfwd(program.slirp, at, sizeof host, to, sizeof guest, flags), 0);
    const std::vector<int> ports = forwarded_ports(program.connections(), kind);
    ASSERT_EQ(ports.size(), 1U);
    // The same port of IPv4 is free exactly if it was not taken too.
    const bool v6_only = (flags & SLIRP_HOSTFWD_V6ONLY) != 0;
    const int udp = (flags & SLIRP_HOSTFWD_UDP) != 0 ? 1 : 0;
    const int both = slirp_add_hostfwd(program.slirp, udp, in_addr{}, ports[0], in_addr{}, 22);
    EXPECT_EQ(both, v6_only ? 0 : -1) << flags;
    if (both == 0) {
      EXPECT_EQ(slirp_remove_hostfwd(program.slirp, udp, in_addr{}, ports[0]), 0);
    }
    host.sin6_port = htons(static_cast<std::uint16_t>(ports[0]));
    EXPECT_EQ(slirp_remove_hostxfwd(program.slirp, at, sizeof host, flags), 0);
  }
  EXPECT_EQ(slirp_add_hostxfwd(program.slirp, at, sizeof host - 1, to, sizeof guest, 0), -1);
  EXPECT_EQ(slirp_add_hostxfwd(program.slirp, at, sizeof host, to, sizeof guest - 1, 0), -1);
  EXPECT_EQ(slirp_add_hostxfwd(program.slirp, at, sizeof host, to, sizeof guest, 1 << 20), -1);
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

TEST(LibslirpApi, GuestForwardsHaveAddressesOfTheNetwork) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  in_addr address{};
  ASSERT_EQ(slirp_add_exec(program.slirp, "cat", &address, 1234), 0);
  EXPECT_EQ(address.s_addr, raw("10.0.2.4").s_addr);
  EXPECT_EQ(slirp_add_exec(program.slirp, "cat", &address, 1234), -1);
  EXPECT_EQ(slirp_add_unix(program.slirp, "/nowhere", &address, 1235), 0);
  address = raw("192.168.1.1");
  EXPECT_EQ(slirp_add_exec(program.slirp, "cat", &address, 1234), -1);
  EXPECT_EQ(address.s_addr, raw("192.168.1.1").s_addr);
  address = raw("10.0.2.0");
  EXPECT_EQ(slirp_add_exec(program.slirp, "cat", &address, 1234), -1);
  address = raw("10.0.2.100");
  EXPECT_EQ(slirp_add_exec(program.slirp, "cat", &address, 0), -1);
  EXPECT_EQ(slirp_remove_guestfwd(program.slirp, raw("10.0.2.4"), 1234), 0);
  EXPECT_EQ(slirp_remove_guestfwd(program.slirp, raw("10.0.2.4"), 1234), -1);
  EXPECT_EQ(slirp_add_exec(program.slirp, "cat", &address, 1234), 0);
}

TEST(LibslirpApi, InputFromWithinACallbackIsTakenWhenTheOuterCallIsDone) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  int depth = 0;
  int deepest = 0;
  int frames = 0;
  program.on_frame = [&](const SeenFrame&) {
    deepest = std::max(deepest, ++depth);
    if (++frames < 100) {
      const Octets again = arp_question();
      slirp_input(program.slirp, again.data(), static_cast<int>(again.size()));
    }
    --depth;
  };
  program.from_guest(arp_question());
  EXPECT_EQ(frames, 100);
  EXPECT_EQ(deepest, 1);
}

TEST(LibslirpApi, InputThatBegetsInputForEverHoldsUpNoCallForEver) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  int frames = 0;
  bool endless = true;
  program.on_frame = [&](const SeenFrame&) {
    ++frames;
    const Octets again = arp_question();
    if (endless) slirp_input(program.slirp, again.data(), static_cast<int>(again.size()));
  };
  program.from_guest(arp_question());
  const int first = frames;
  EXPECT_GT(first, 1000);
  // What is left is due at once.
  program.turn(0);
  EXPECT_EQ(program.timeout, 0U);
  EXPECT_GT(frames, first);
  endless = false;
  program.turn(0);
  program.turn(0);
  EXPECT_EQ(program.timeout, UINT32_MAX);
}

TEST(LibslirpApi, CallbacksMayLookAndMayNotChange) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  bool called = false;
  program.on_frame = [&](const SeenFrame&) {
    called = true;
    EXPECT_NE(program.connections(), "");
    in_addr address = raw("10.0.2.100");
    errno = 0;
    EXPECT_EQ(slirp_add_hostfwd(program.slirp, 0, raw("127.0.0.1"), 0, in_addr{}, 22), -1);
    EXPECT_EQ(errno, EBUSY);
    EXPECT_EQ(slirp_add_exec(program.slirp, "cat", &address, 1), -1);
    EXPECT_EQ(slirp_remove_hostfwd(program.slirp, 0, raw("127.0.0.1"), 1), -1);
    EXPECT_EQ(slirp_remove_guestfwd(program.slirp, address, 1), -1);
    std::uint32_t timeout = 5;
    slirp_pollfds_fill(program.slirp, &timeout, nullptr, nullptr);
    slirp_pollfds_poll(program.slirp, 0, nullptr, nullptr);
  };
  program.from_guest(arp_question());
  EXPECT_TRUE(called);
}

TEST(LibslirpApi, TheProgramIsToldWhenItIsToComeBackEarlier) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  program.turn(0);
  ASSERT_EQ(program.timeout, UINT32_MAX);
  program.notified = 0;
  // A connection that is being opened has a deadline.
  program.from_guest(tcp_frame(kGuestAddress, kGateway,
                               {.source_port = 4000, .destination_port = 1, .flags = {.syn = true}},
                               {}, {}));
  EXPECT_EQ(program.notified, 1);
  program.from_guest(arp_question());
  EXPECT_EQ(program.notified, 1);
}

TEST(LibslirpApi, Ipv4CanBeSwitchedOff) {
  ScriptedProgram program;
  program.config.in_enabled = false;
  ASSERT_TRUE(program.start());
  program.from_guest(arp_question());
  program.from_guest(echo_frame(kGuestAddress, kGateway, 1, 1, "x"));
  EXPECT_TRUE(program.take_seen().empty());
}

// Whether a guest gets an answer by UDP to what it asks for at that port.
bool answers(ScriptedProgram& program, const Octets& question) {
  program.take_seen();
  program.from_guest(question);
  program.turn(0);
  const std::vector<SeenFrame> seen = program.take_seen();
  return std::any_of(seen.begin(), seen.end(), [](const auto& frame) { return frame.udp; });
}

TEST(LibslirpApi, ServicesCanBeSwitchedOff) {
  const std::string query = std::string("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12) +
                            std::string("\x04host\x06sluice\x08internal\x00\x00\x01\x00\x01", 26);
  const Octets name = udp_frame({kGuestAddress, 4000}, {IpAddress::v4(10, 0, 2, 3), 53}, query);
  std::string text = "\x01\x01\x06";  // a request from an Ethernet card
  text.resize(28);
  text += as_text(kGuestMac.octets());
  text.resize(236);
  text += std::string("\x63\x82\x53\x63\x35\x01\x01\xff", 8);  // the cookie, "discover"
  const Octets lease = udp_frame({IpAddress::v4(0), 68}, {IpAddress::v4(0xffffffff), 67}, text);
  for (const bool off : {false, true}) {
    ScriptedProgram program;
    program.config.disable_dns = program.config.disable_dhcp = off;
    ASSERT_TRUE(program.start());
    EXPECT_EQ(answers(program, name), !off);
    EXPECT_EQ(answers(program, lease), !off);
  }
}

TEST(LibslirpApi, TheOldestWayToBeginStillWorks) {
  ScriptedProgram program;
  program.callbacks.register_poll_fd = [](int, void*) {};
  program.callbacks.unregister_poll_fd = [](int, void*) {};
  program.slirp =
      slirp_init(0, true, raw("10.0.2.0"), raw("255.255.255.0"), raw("10.0.2.2"), false, in6_addr{},
                 0, in6_addr{}, nullptr, nullptr, nullptr, nullptr, raw("10.0.2.15"),
                 raw("10.0.2.3"), in6_addr{}, nullptr, nullptr, &program.callbacks, &program);
  ASSERT_NE(program.slirp, nullptr);
  program.from_guest(arp_question());
  EXPECT_EQ(program.take_seen().size(), 1U);
}

TEST(LibslirpApi, FramesAreAsLongAsAWireWantsThem) {
  ScriptedProgram program;
  ASSERT_TRUE(program.start());
  static std::vector<std::size_t> sizes;
  sizes.clear();
  program.callbacks.send_packet = [](const void*, std::size_t size, void*) {
    sizes.push_back(size);
    return static_cast<ssize_t>(size);
  };
  program.from_guest(arp_question());
  EXPECT_EQ(sizes, std::vector<std::size_t>{60});
}

TEST(LibslirpApi, ManagementControllersAreAnswered) {
  ScriptedProgram program;
  program.config.mfr_id = 0x8119;
  ASSERT_TRUE(program.start());
  program.callbacks.send_packet = [](const void*, std::size_t size, void* self) {
    static_cast<ScriptedProgram*>(self)->errors.push_back(std::to_string(size));
    return static_cast<ssize_t>(size);
  };
  // "Get version ID".
  Octets frame(60);
  std::fill_n(frame.begin(), 6, std::uint8_t{0xff});
  frame[6] = 2;
  frame[12] = 0x88;
  frame[13] = 0xf8;
  frame[15] = 1;
  frame[18] = 0x15;
  program.from_guest(frame);
  EXPECT_EQ(program.errors, std::vector<std::string>{"74"});
}

TEST(LibslirpApi, DebuggingTellsWhatHappened) {
  slirp_set_debug(SLIRP_DBG_CALL | SLIRP_DBG_MISC);
  slirp_reset_debug(SLIRP_DBG_MISC);
  ::testing::internal::CaptureStderr();
  {
    ScriptedProgram program;
    ASSERT_TRUE(program.start());
  }
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("this is what happened"),
            std::string::npos);
  slirp_reset_debug(SLIRP_DBG_CALL);
  ::testing::internal::CaptureStderr();
  {
    ScriptedProgram program;
    ASSERT_TRUE(program.start());
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(LibslirpApi, InstancesOfDifferentThreadsAreIndependent) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < kRounds; ++round) {
        ScriptedProgram program;
        ASSERT_TRUE(program.start());
        in_addr address = raw("10.0.2.100");
        ASSERT_EQ(slirp_add_exec(program.slirp, "cat", &address, kForward.port), 0);
        ASSERT_EQ(slirp_add_hostfwd(program.slirp, 0, raw("127.0.0.1"), 0, in_addr{}, 22), 0);
        ProgramGuestTcp guest(program, 4000, kForward);
        ASSERT_TRUE(program.run_until([&] { return guest.established(); }));
        guest.write("there and back");
        EXPECT_TRUE(program.run_until([&] { return guest.received() == "there and back"; }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sluice
