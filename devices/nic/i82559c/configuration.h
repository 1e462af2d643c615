// The bytes that the configure command sets (Software Developer Manual, section 6.4.2.3), and what
// of them means something here: there are no collisions, and no bus to be polite on.

#ifndef SLUICE_DEVICES_NIC_I82559C_CONFIGURATION_H_
#define SLUICE_DEVICES_NIC_I82559C_CONFIGURATION_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "stack/bytes.h"

namespace sluice::i82559c {

class Configuration {
 public:
  static constexpr std::size_t kSize = 22;

  // The first bytes, as many as there are; the others stay.
  void set(Bytes bytes) { copy_bytes(bytes.first(std::min(bytes.size(), kSize)), bytes_); }
  Bytes bytes() const { return bytes_; }

  // Byte 3: an early interrupt for IP and IPX, whose lengths are known.
  bool type_enable() const { return bit(3, 1); }
  // Byte 6.
  bool tco_statistics() const { return bit(6, 2); }
  bool interrupts_on_idle_only() const { return bit(6, 3); }  // CI, not CNA
  bool standard_tcb() const { return bit(6, 4); }
  bool standard_statistics() const { return bit(6, 5); }
  bool save_bad_frames() const { return bit(6, 7); }
  // Byte 7: the number of transmit buffers may be told by the last one.
  bool dynamic_tbd() const { return bit(7, 7); }
  // Byte 9: a sum of each received frame is put behind it.
  bool receive_checksum() const { return bit(9, 0); }
  // Byte 10.
  bool inserts_source_address() const { return !bit(10, 3); }
  bool loopback() const { return (bytes_[10] & 0xc0) != 0; }
  // Byte 15.
  bool promiscuous() const { return bit(15, 0); }
  bool broadcast_disable() const { return bit(15, 1); }
  bool ignore_universal_local() const { return bit(15, 4); }
  // Byte 18.
  bool stripping() const { return bit(18, 0); }
  bool padding() const { return bit(18, 1); }
  bool receive_crc_transfer() const { return bit(18, 2); }
  bool long_receive_ok() const { return bit(18, 3); }
  // Byte 19: frames of flow control are kept from the guest.
  bool rejects_flow_control() const { return bit(19, 5); }
  // Byte 20: the hash is asked for individual addresses, too.
  bool multiple_individual() const { return bit(20, 6); }
  // Byte 21.
  bool multicast_all() const { return bit(21, 3); }

 private:
  bool bit(std::size_t byte, unsigned number) const { return (bytes_.at(byte) >> number & 1) != 0; }

  // After a reset.
  std::array<std::uint8_t, kSize> bytes_{0x16, 0x08, 0x00, 0x00, 0x00, 0x00, 0x32, 0x03,
                                         0x01, 0x00, 0x2e, 0x00, 0x60, 0x00, 0xf2, 0xc8,
                                         0x00, 0x40, 0xf2, 0x80, 0x3f, 0x05};
};

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_CONFIGURATION_H_
