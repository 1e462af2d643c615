#include "nat/datagram_run.h"

#include <algorithm>

namespace sluice {

std::size_t run_length(gsl::span<const HostDatagram> datagrams, std::size_t most,
                       std::size_t bytes) {
  if (datagrams.empty()) return 0;
  const HostDatagram& first = datagrams[0];
  const std::size_t size = first.payload.size();
  if (size == 0) return 1;
  most = std::min({most, datagrams.size(), bytes / size});
  std::size_t length = 1;
  while (length < most) {
    const HostDatagram& next = datagrams[length];
    const bool fits = next.peer == first.peer && next.ttl == first.ttl &&
                      next.payload.size() <= size && !next.payload.empty();
    if (!fits) break;
    ++length;
    if (next.payload.size() < size) break;
  }
  return length;
}

}  // namespace sluice
