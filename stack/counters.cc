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

}  // namespace sluice
