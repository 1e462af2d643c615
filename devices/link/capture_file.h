// Where a capture is written to, as libpcap wants it.
//
// A file takes everything at once. A pipe does not: whoever reads it may be slow, or stopped, and
// the network goes on meanwhile. What a pipe does not take is kept and written later; so much may
// wait, and who writes whole records asks before each whether more may.

#ifndef SLUICE_DEVICES_LINK_CAPTURE_FILE_H_
#define SLUICE_DEVICES_LINK_CAPTURE_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "posix/descriptor.h"
#include "stack/bytes.h"

namespace sluice {

class CaptureFile {
 public:
  // What waits at most before is_full().
  static constexpr std::size_t kMaxWaiting = std::size_t{4} << 20;

  // With `waits`, writing to a pipe waits for its reader, and nothing is kept.
  CaptureFile(Descriptor file, bool waits);
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  // A stream to here, which is its caller's to close before this object's end; null and errno if
  // there can't be one.
  std::FILE* open_stream();

  // Somebody should wait until more is written.
  bool is_full() const { return waiting_.size() - written_ >= kMaxWaiting; }
  // Writes what has waited, as far as it is taken now. False if something went wrong (errno).
  bool go_on();
  // Writes what has waited, for as long as the reader takes something now and then. False if it
  // does not, or something went wrong.
  bool drain();

 private:
  static ssize_t write(void* self, const char* data, std::size_t size);

  // As much of the bytes behind `written` as is taken now, which moves that on.
  bool write_now(Bytes bytes, std::size_t& written);

  const Descriptor file_;
  const bool is_pipe_;
  std::vector<std::uint8_t> waiting_;
  std::size_t written_ = 0;  // of that
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_CAPTURE_FILE_H_
