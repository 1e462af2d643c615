// A file as a transfer carries it: in octet mode as it is, in netascii mode translated (RFC 764:
// a line ends in CR LF, a CR that ends no line is CR NUL).
//
// Nothing is remembered between two reads but the place, which belongs to the caller. Whoever keeps
// the place where a block began can read the block again; that is how a transfer retransmits
// without holding data.

#ifndef SLUICE_SERVICES_TFTP_FILE_READER_H_
#define SLUICE_SERVICES_TFTP_FILE_READER_H_

#include <cstdint>

#include "nat/files.h"

namespace sluice {

enum class TftpMode : std::uint8_t { kOctet, kNetascii };

// A place between two bytes of what is carried.
struct TftpPlace {
  std::uint64_t offset = 0;  // in the file
  // The second half of a pair whose first half is in front of this place; kNone if there is none.
  // Its file byte is in front of `offset` already.
  std::int16_t owed = kNone;

  static constexpr std::int16_t kNone = -1;
  friend bool operator==(const TftpPlace&, const TftpPlace&) = default;
};

// Fills `into` from `place` on and moves `place` behind what was read. Less than `into` holds is
// the end of the file, or an error if there is one.
Transfer read_tftp_file(Files& files, FileId file, TftpMode mode, TftpPlace& place,
                        MutableBytes into);

}  // namespace sluice

#endif  // SLUICE_SERVICES_TFTP_FILE_READER_H_
