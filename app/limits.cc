#include "app/limits.h"

#include <algorithm>

namespace sluice {

Limits limits_within(std::uint64_t descriptors, Limits limits) {
  // The sockets of name servers (256), commands (256), files of the TFTP server (64), forwards and
  // the rest, or a quarter where that is too much.
  constexpr std::uint64_t kOthers = 640;
  constexpr std::uint64_t kParts = 16;
  const std::uint64_t reserved = std::min(kOthers, descriptors / 4);
  const std::uint64_t part = std::max(descriptors - reserved, kParts) / kParts;
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
