// A program that uses libslirp's interface, for fuzz targets: restricted, so that nothing a guest
// does opens a socket, and with two guest forwards that lead to the program.

#ifndef SLUICE_FUZZ_LIBSLIRP_FUZZ_H_
#define SLUICE_FUZZ_LIBSLIRP_FUZZ_H_

#include <arpa/inet.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fuzz/program.h"
#include "sluice/libslirp.h"
#include "stack/bytes.h"

namespace sluice {

struct FuzzedLibslirp {
  static constexpr int kFirstPort = 1234;
  static constexpr int kForwards = 2;

  FuzzedLibslirp() {
    config.version = SLIRP_CONFIG_VERSION_MAX;
    config.restricted = 1;
    config.in_enabled = true;
    config.vnetwork.s_addr = ::inet_addr("10.0.2.0");
    config.vnetmask.s_addr = ::inet_addr("255.255.255.0");
    config.vhost.s_addr = ::inet_addr("10.0.2.2");
    config.vdhcp_start.s_addr = ::inet_addr("10.0.2.15");
    config.vnameserver.s_addr = ::inet_addr("10.0.2.3");
    config.mfr_id = 0x8119;
    callbacks.send_packet = [](const void* frame, std::size_t size, void* self) {
      auto& fuzzed = *static_cast<FuzzedLibslirp*>(self);
      require(size >= 14 && size <= 1514);
      fuzzed.last.assign(static_cast<const std::uint8_t*>(frame),
                         static_cast<const std::uint8_t*>(frame) + size);
      ++fuzzed.frames;
      if (!fuzzed.reentrant) return static_cast<ssize_t>(size);
      fuzzed.reentrant = false;
      slirp_input(fuzzed.slirp, fuzzed.last.data(), static_cast<int>(size));
      std::free(slirp_connection_info(fuzzed.slirp));
      return static_cast<ssize_t>(size);
    };
    callbacks.clock_get_ns = [](void* self) { return static_cast<FuzzedLibslirp*>(self)->now; };
    slirp = slirp_new(&config, &callbacks, this);
    require(slirp != nullptr);
    for (int i = 0; i < kForwards; ++i) {
      in_addr address = forward();
      require(slirp_add_guestfwd(slirp, &take, this, &address, kFirstPort + i) == 0);
    }
  }
  FuzzedLibslirp(const FuzzedLibslirp&) = delete;
  FuzzedLibslirp& operator=(const FuzzedLibslirp&) = delete;
  ~FuzzedLibslirp() { slirp_cleanup(slirp); }

  static in_addr forward() { return {.s_addr = ::inet_addr("10.0.2.100")}; }
  static ssize_t take(const void* /*bytes*/, std::size_t size, void* self) {
    const std::size_t appetite = static_cast<FuzzedLibslirp*>(self)->appetite;
    return static_cast<ssize_t>(size < appetite ? size : appetite);
  }
  void turn() {
    std::uint32_t timeout = 1000;
    slirp_pollfds_fill(
        slirp, &timeout, [](int, int, void*) { return 0; }, nullptr);
    require(timeout <= 1000);
    slirp_pollfds_poll(
        slirp, 0, [](int, void*) { return int{SLIRP_POLL_IN}; }, nullptr);
  }
  // Whether a guest that asks who the gateway is still gets its answer.
  bool is_alive() {
    const std::uint64_t before = frames;
    std::vector<std::uint8_t> arp{
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0,  1, 8, 6, 0, 1, 8, 0,  6, 4, 0,
        1,    0x52, 0x54, 0,    0,    0,    1,    10,   0, 2, 99, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2};
    slirp_input(slirp, arp.data(), static_cast<int>(arp.size()));
    return frames > before;
  }

  SlirpConfig config{};
  SlirpCb callbacks{};
  Slirp* slirp = nullptr;
  std::int64_t now = 0;
  std::size_t appetite = SIZE_MAX;
  bool reentrant = false;
  std::uint64_t frames = 0;
  std::vector<std::uint8_t> last;
};

}  // namespace sluice

#endif  // SLUICE_FUZZ_LIBSLIRP_FUZZ_H_
