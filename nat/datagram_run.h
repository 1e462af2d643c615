// Datagrams that a kernel takes as one.
//
// A sender of datagrams tends to send many of one size to one peer. Kernels carry such a run
// through the whole stack as a single large packet and cut it where it is delivered, or on the
// wire (UDP segmentation offload): that costs a fraction of what the datagrams cost one by one.

#ifndef SLUICE_NAT_DATAGRAM_RUN_H_
#define SLUICE_NAT_DATAGRAM_RUN_H_

#include <cstddef>

#include "nat/host.h"

namespace sluice {

// How many of `datagrams`, from the first on, form such a run: with the same peer and TTL, and of
// the same size but for the last, which may be shorter. At least one if there is one; no more than
// `most`, nor than make up `bytes` of payload.
std::size_t run_length(gsl::span<const HostDatagram> datagrams, std::size_t most,
                       std::size_t bytes);

// How many pieces every kernel with UDP segmentation cuts a packet into (UDP_MAX_SEGMENTS).
constexpr std::size_t kMaxRun = 64;

}  // namespace sluice

#endif  // SLUICE_NAT_DATAGRAM_RUN_H_
