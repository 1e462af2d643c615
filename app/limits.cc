#include "app/limits.h"

#include <algorithm>

namespace sluice {

Limits limits_within(std::uint64_t descriptors, Limits limits) {
  // The tap, captures, forwards, the name servers' sockets, files of the TFTP server.
  constexpr std::uint64_t kReserved = 128;
  constexpr std::uint64_t kParts = 16;
  const std::uint64_t part = (std::max(descriptors, kReserved + kParts) - kReserved) / kParts;
  const auto lower = [part](std::uint32_t& limit, std::uint64_t parts) {
    limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, parts * part));
  };
  lower(limits.tcp_flows, 9);
  lower(limits.half_open_tcp_flows, 3);
  lower(limits.udp_flows, 6);
  lower(limits.echo_flows, 1);
  return limits;
}

}  // namespace sluice
