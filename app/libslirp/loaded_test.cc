// The library as programs meet it that look for it at run time: a file with versioned symbols.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

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
  Library() : handle_(::dlopen("app/libslirp/libslirp.so.0", RTLD_NOW | RTLD_LOCAL)) {}
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }

  bool is_there() const { return handle_ != nullptr; }
  // The function of the same name and type as `ours`, in that version.
  template <typename Function>
  Function* find(const char* name, const char* version) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what dlvsym(3) is for.
    return reinterpret_cast<Function*>(::dlvsym(handle_, name, version));
  }

 private:
  void* handle_;
};

TEST(LoadedLibslirp, AnswersAGuest) {
  Library library;
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
  const Octets question = arp_frame({.operation = ArpMessage::Operation::kRequest,
                                     .sender_mac = kGuestMac,
                                     .sender = kGuestAddress,
                                     .target = kGateway});
  input(slirp, question.data(), static_cast<int>(question.size()));
  ASSERT_EQ(frames.size(), 1U);
  ASSERT_TRUE(frames[0].arp);
  EXPECT_EQ(frames[0].arp->sender_mac, kGatewayMac);
  const std::unique_ptr<char, decltype(&std::free)> neighbors(info(slirp), &std::free);
  EXPECT_NE(std::string(neighbors.get()).find("10.0.2.15"), std::string::npos);
  cleanup(slirp);
}

}  // namespace
}  // namespace sluice
