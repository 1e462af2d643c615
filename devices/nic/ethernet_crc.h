// The cyclic redundancy check of Ethernet (IEEE 802.3, clause 3.2.9): the frame check sequence, and
// what cards hash multicast addresses with.

#ifndef SLUICE_DEVICES_NIC_ETHERNET_CRC_H_
#define SLUICE_DEVICES_NIC_ETHERNET_CRC_H_

#include <cstdint>

#include "stack/bytes.h"

namespace sluice {

class EthernetCrc {
 public:
  void add(Bytes bytes);

  // The frame check sequence of all that was added. It goes on the wire, and into memory, least
  // significant byte first.
  std::uint32_t frame_check_sequence() const { return ~state_; }
  // The remainder as a shift register of the standard's polynomial holds it: its first bit is the
  // most significant one. Cards take some of these bits as a hash.
  std::uint32_t remainder() const;

 private:
  std::uint32_t state_ = 0xffffffff;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_ETHERNET_CRC_H_
