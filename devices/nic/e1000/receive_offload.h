// What the 82540EM tells about the checksums of a packet that it has received (section 3.2.9).
//
// It sums IPv4's header, and TCP or UDP directly behind IPv4 or IPv6, if RXCSUM asks for it, and
// says that it did and whether the sums hold. Besides, it gives the sum of the packet from some
// byte on, for software to make something of.
//
// What never crossed a wire, or has been summed a moment ago, need not be summed again: where a
// checksum is known to hold, the sum of what it covers follows from the pseudo-header's.

#ifndef SLUICE_DEVICES_NIC_E1000_RECEIVE_OFFLOAD_H_
#define SLUICE_DEVICES_NIC_E1000_RECEIVE_OFFLOAD_H_

#include <cstdint>

#include "stack/bytes.h"

namespace sluice::e1000 {

struct ReceivedSums {
  std::uint8_t status = 0;  // of RDESC.STATUS: IPCS, TCPCS, IXSM
  std::uint8_t errors = 0;  // of RDESC.ERRORS: IPE, TCPE
  std::uint16_t packet = 0;
};

// `link` bytes are in front of IP. `verified`: the transport's checksum holds.
ReceivedSums sum_received(Bytes frame, std::size_t link, std::uint32_t rxcsum, bool verified);

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_RECEIVE_OFFLOAD_H_
