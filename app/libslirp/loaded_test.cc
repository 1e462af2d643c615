// The library as programs meet it that look for it at run time: a file with versioned symbols.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "sluice/libslirp.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/seen_frame.h"

namespace sluice {
namespace {

constexpr IpAddress kGateway = IpAddress::v4(10, 0, 2, 2);

class Library {
 public:
  explicit Library(int scope, const char* file = "app/libslirp/libslirp.so.0")
      : handle_(::dlopen(file, RTLD_NOW | scope)) {}
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }

  bool is_there() const { return handle_ != nullptr; }
  bool is(const Library& other) const { return handle_ == other.handle_; }
  // The function of the same name and type as `ours`, in that version.
  template <typename Function>
  Function* find(const char* name, const char* version) const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what dlvsym(3) is for.
    return reinterpret_cast<Function*>(::dlvsym(handle_, name, version));
  }
  // In whatever version.
  template <typename Function>
  Function* find(const char* name) const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what dlsym(3) is for.
    return reinterpret_cast<Function*>(::dlsym(handle_, name));
  }

 private:
  void* handle_;
};

Octets arp_question() {
  return arp_frame({.operation = ArpMessage::Operation::kRequest,
                    .sender_mac = kGuestMac,
                    .sender = kGuestAddress,
                    .target = kGateway});
}

TEST(LoadedLibslirp, AnswersAGuest) {
  const Library library(RTLD_LOCAL);
  ASSERT_TRUE(library.is_there()) << ::dlerror();
  auto* const create = library.find<decltype(slirp_new)>("slirp_new", "SLIRP_4.1");
  auto* const input = library.find<decltype(slirp_input)>("slirp_input", "SLIRP_4.0");
  auto* const cleanup = library.find<decltype(slirp_cleanup)>("slirp_cleanup", "SLIRP_4.0");
  auto* const info =
      library.find<decltype(slirp_neighbor_info)>("slirp_neighbor_info", "SLIRP_4.5");
  ASSERT_TRUE(create != nullptr && input != nullptr && cleanup != nullptr && info != nullptr);
  EXPECT_EQ(library.find<decltype(slirp_new)>("slirp_new", "SLIRP_4.0"), nullptr);

  SlirpConfig config{};
  config.version = 1;
  config.in_enabled = true;
  config.vnetwork.s_addr = ::inet_addr("10.0.2.0");
  config.vnetmask.s_addr = ::inet_addr("255.255.255.0");
  config.vhost.s_addr = ::inet_addr("10.0.2.2");
  config.vdhcp_start.s_addr = ::inet_addr("10.0.2.15");
  config.vnameserver.s_addr = ::inet_addr("10.0.2.3");
  SlirpCb callbacks{};
  callbacks.send_packet = [](const void* frame, std::size_t size, void* frames) {
    static_cast<std::vector<SeenFrame>*>(frames)->push_back(
        see(Bytes(static_cast<const std::uint8_t*>(frame), size), {}));
    return static_cast<ssize_t>(size);
  };
  callbacks.clock_get_ns = [](void*) { return std::int64_t{0}; };
  std::vector<SeenFrame> frames;
  Slirp* const slirp = create(&config, &callbacks, &frames);
  ASSERT_NE(slirp, nullptr);
  const Octets question = arp_question();
  input(slirp, question.data(), static_cast<int>(question.size()));
  ASSERT_EQ(frames.size(), 1U);
  ASSERT_TRUE(frames[0].arp);
  EXPECT_EQ(frames[0].arp->sender_mac, kGatewayMac);
  const std::unique_ptr<char, decltype(&std::free)> neighbors(info(slirp), &std::free);
  EXPECT_NE(std::string(neighbors.get()).find("10.0.2.15"), std::string::npos);
  cleanup(slirp);
}

// What libvdeslirp's users have: a network behind a descriptor. Its own code calls libslirp from a
// thread of its own, and finds the one that has been loaded.
TEST(LoadedLibslirp, IsWhatLibvdeslirpRunsOn) {
  const Library library(RTLD_GLOBAL);
  ASSERT_TRUE(library.is_there()) << ::dlerror();
  const Library vde(RTLD_LOCAL, "libvdeslirp.so.0");
  ASSERT_TRUE(vde.is_there()) << ::dlerror();
  EXPECT_TRUE(Library(RTLD_NOLOAD, "libslirp.so.0").is(library)) << "it has loaded another one";
  struct Vde;
  auto* const init = vde.find<void(SlirpConfig*, int)>("vdeslirp_init");
  auto* const open = vde.find<Vde*(SlirpConfig*)>("vdeslirp_open");
  auto* const send = vde.find<ssize_t(Vde*, const void*, std::size_t)>("vdeslirp_send");
  auto* const receive = vde.find<ssize_t(Vde*, void*, std::size_t)>("vdeslirp_recv");
  auto* const descriptor = vde.find<int(Vde*)>("vdeslirp_fd");
  auto* const forward = vde.find<int(Vde*, int, in_addr, int, in_addr, int)>("vdeslirp_add_fwd");
  auto* const close = vde.find<int(Vde*)>("vdeslirp_close");
  ASSERT_TRUE(init != nullptr && open != nullptr && send != nullptr && receive != nullptr &&
              descriptor != nullptr && forward != nullptr && close != nullptr);

  SlirpConfig config{};
  constexpr int kDefault = 1;
  init(&config, kDefault);
  Vde* const network = open(&config);
  ASSERT_NE(network, nullptr);
  EXPECT_EQ(forward(network, 0, {htonl(INADDR_LOOPBACK)}, 0, {}, 22), 0);
  const Octets question = arp_question();
  EXPECT_EQ(send(network, question.data(), question.size()), static_cast<ssize_t>(question.size()));
  pollfd answer{.fd = descriptor(network), .events = POLLIN, .revents = 0};
  constexpr int kPatience = 20'000;
  ASSERT_EQ(::poll(&answer, 1, kPatience), 1);
  Octets frame(2000);
  const ssize_t size = receive(network, frame.data(), frame.size());
  ASSERT_GT(size, 0);
  EXPECT_TRUE(see(Bytes(frame).first(static_cast<std::size_t>(size)), {}).arp);
  EXPECT_EQ(close(network), 0);
}

}  // namespace
}  // namespace sluice
