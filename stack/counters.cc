#include "stack/counters.h"

#include <gsl/assert>

namespace sluice {

std::string_view drop_name(Drop reason) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Drop::kCount)> kNames = {
      "truncated",
      "malformed",
      "bad-checksum",
      "not-for-us",
      "unknown-protocol",
      "spoofed-source",
      "martian-destination",
      "policy",
      "ttl-expired",
      "reassembly-limit",
      "reassembly-timeout",
      "reassembly-overlap",
      "no-flow",
      "flow-limit",
      "out-of-window",
      "memory-limit",
      "unresolved",
      "host-refused",
      "filtered",
      "service-limit",
      "link-full",
      "error-limit",
  };
  Expects(reason < Drop::kCount);
  return kNames.at(static_cast<std::size_t>(reason));
}

Counters operator+(const Counters& a, const Counters& b) {
  Counters total = a;
  total.frames_in += b.frames_in;
  total.bytes_in += b.bytes_in;
  total.frames_out += b.frames_out;
  total.bytes_out += b.bytes_out;
  total.tcp_flows += b.tcp_flows;
  total.udp_flows += b.udp_flows;
  total.echo_flows += b.echo_flows;
  for (std::size_t i = 0; i < total.drops.size(); ++i) total.drops.at(i) += b.drops.at(i);
  return total;
}

}  // namespace sluice
