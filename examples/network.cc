// The network behind a descriptor: every packet there is an Ethernet frame of a guest.
//
//     network DESCRIPTOR
//
// Whoever starts it keeps the other end of a socketpair(AF_UNIX, SOCK_SEQPACKET) and inherits it
// this one. It ends when the other end is closed.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/guest_services.h"
#include "devices/link/packet_link.h"
#include "nat/host/clock.h"
#include "nat/host/event_queue.h"
#include "nat/host/name_server_file.h"
#include "nat/host/seed.h"
#include "nat/host/system_host.h"
#include "nat/nat.h"
#include "services/dns/resolv_conf.h"

namespace sluice {
namespace {

int descriptor_of(std::string_view word) {
  int number = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size() || number < 0) {
    throw std::invalid_argument("'" + std::string(word) + "' is no descriptor's number");
  }
  return number;
}

void serve(Descriptor descriptor) {
  constexpr Token kFrames{.service = 9};  // any number that nobody else has

  const UserNetworkOptions options = parse_user_network("user");
  PacketLink guest(std::move(descriptor));
  EventQueue queue;
  SystemHost host(queue);
  Nat nat(nat_config(options), guest, host, random_seed(), monotonic_now());
  NameServerFile name_servers("/etc/resolv.conf",
                              [](auto text) { return parse_resolv_conf(text).name_servers; });
  const GuestServices services(nat, options, name_servers);
  queue.add(guest.descriptor(), kFrames, EPOLLIN);

  while (!guest.closed()) {
    std::optional<std::chrono::milliseconds> patience;
    if (const auto deadline = nat.deadline()) {
      patience = std::chrono::ceil<std::chrono::milliseconds>(
          std::max(*deadline - monotonic_now(), Duration::zero()));
    }
    const auto fetched = queue.fetch(patience);
    const Time now = monotonic_now();
    nat.on_frames(now, guest.receive());
    nat.on_host(now, host.events(fetched));
    if (nat.deadline() && *nat.deadline() <= now) nat.on_time(now);
  }
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) try {
  if (argc != 2) throw std::invalid_argument("expected: network DESCRIPTOR");
  std::signal(SIGPIPE, SIG_IGN);
  sluice::serve(sluice::Descriptor(sluice::descriptor_of(argv[1])));
  return EXIT_SUCCESS;
} catch (const std::exception& error) {
  std::cerr << "network: " << error.what() << '\n';
  return EXIT_FAILURE;
}
