// Packets of TCP and UDP as a driver hands them to an 82540EM, for tests.

#ifndef SLUICE_DEVICES_NIC_E1000_REQUESTS_H_
#define SLUICE_DEVICES_NIC_E1000_REQUESTS_H_

#include "devices/nic/e1000/driver.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ip_protocol.h"

namespace sluice::e1000 {

inline constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);
inline constexpr std::size_t kIp = EthernetHeader::kSize;
inline constexpr std::uint8_t kBothSums = kPoptsIxsm | kPoptsTxsm;

// To kServer or kHost6, with all their checksums. The segment has
// options and the flags FIN, PSH and ACK.
IpAddress server(bool v4);
Octets some_datagram(std::size_t payload = 100);
Octets some_segment(bool v4, std::size_t payload);
inline constexpr std::uint32_t kSequence = 0xfffffe00;  // of the first byte

// Where the transport begins, and the segment's payload.
std::uint8_t transport_of(bool v4);
std::uint8_t payload_of(bool v4);

// Both checksums, that of the transport `checksum_offset` into its header.
ContextDescriptor context_of(bool v4, std::size_t checksum_offset);
// The frame as it is handed to a card that sums: the pseudo-header's sum in place, with the given
// length, and none in IPv4's header.
Octets without_sums(Octets frame, bool v4, IpProtocol protocol, std::size_t length);

// Asks for segments of a large frame.
struct Request {
  bool v4 = true;
  std::size_t payload = 5000;
  std::uint16_t mss = 1000;
  std::uint16_t tag = 0;      // none if 0
  std::size_t piece = 40000;  // bytes per descriptor
};

// Posts the context and the data.
void post(Driver& driver, const Request& request);

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_REQUESTS_H_
