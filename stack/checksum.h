// The Internet checksum (RFC 1071) and its incremental update (RFC 1624).

#ifndef SLUICE_STACK_CHECKSUM_H_
#define SLUICE_STACK_CHECKSUM_H_

#include <cstdint>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

// A running one's complement sum. Pieces are added in the order they lie in the packet; every
// piece but the last has an even number of bytes, or the next one starts at an odd offset and says
// so through its own class: add() keeps track of the parity.
class ChecksumSum {
 public:
  void add(Bytes piece);
  void add16(std::uint16_t value);
  void add32(std::uint32_t value);
  // The pseudo-header of RFC 9293, section 3.1, or RFC 8200, section 8.1: `length` counts the
  // transport header and its payload.
  void add_pseudo_header(const IpAddress& from, const IpAddress& to, std::uint8_t protocol,
                         std::uint32_t length);

  // The sum folded to 16 bits, not complemented: what a kPartial frame carries in its field.
  std::uint16_t folded() const;
  // The checksum field's value: the complement of folded().
  std::uint16_t checksum() const { return static_cast<std::uint16_t>(~folded()); }

 private:
  std::uint64_t sum_ = 0;  // of 16-bit words in host order of a big-endian reading
  bool odd_ = false;       // an odd number of bytes has been added
};

// The checksum over one run of bytes. Over a run that includes a correct checksum field it is 0.
std::uint16_t internet_checksum(Bytes bytes);

// The checksum after one 16-bit word it covers changed from `before` to `after` (RFC 1624, eqn. 3).
std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t before, std::uint16_t after);

}  // namespace sluice

#endif  // SLUICE_STACK_CHECKSUM_H_
