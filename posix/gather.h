// Bytes as the calls take them that gather what they write (writev(2), sendmsg(2)).

#ifndef SLUICE_POSIX_GATHER_H_
#define SLUICE_POSIX_GATHER_H_

#include <sys/uio.h>

#include "stack/bytes.h"

namespace sluice {

// To be read only: the type is for reading and writing alike.
inline iovec to_be_written(Bytes bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  return {.iov_base = const_cast<std::uint8_t*>(bytes.data()), .iov_len = bytes.size()};
}

}  // namespace sluice

#endif  // SLUICE_POSIX_GATHER_H_
