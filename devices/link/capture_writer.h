// Frames into a pcap file that any tool reads.
//
// Time in a capture is wall-clock time, in nanoseconds. The writer has no clock: it is told once
// which wall-clock time a moment of its caller's time was, and counts from there, so that a capture
// never shows a clock being set.
//
// A frame is written as a machine on a real wire would have seen it: a checksum that was left to
// somebody below is completed first, so that the capture is valid elsewhere and can be replayed.
// What is not undone is segmentation. A frame of 64 KiB is one record, as in any capture taken on a
// machine with offloads.
//
// Writing is best effort. When the disk is full, or the reader of a pipe too slow, the traffic goes
// on, and problem() says why the capture is incomplete. Who has all the time that a reader takes
// says so (`waits`).

#ifndef SLUICE_DEVICES_LINK_CAPTURE_WRITER_H_
#define SLUICE_DEVICES_LINK_CAPTURE_WRITER_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "devices/link/capture_file.h"
#include "stack/bytes.h"
#include "stack/frame.h"
#include "stack/time.h"

struct pcap;
struct pcap_dumper;
struct bpf_program;

namespace sluice {

// Ties the caller's time to wall-clock time.
struct CaptureClock {
  Time start{};                         // this moment was …
  std::chrono::nanoseconds at_start{};  // … this long after 1970-01-01 00:00:00 UTC
};

// No frame is longer.
inline constexpr std::size_t kMaxCaptureLength = 262144;

struct CaptureOptions {
  std::string path;    // "-" is standard output
  std::string filter;  // in tcpdump's syntax (pcap-filter(7)); empty: everything
  CaptureClock clock;
  // What is kept of each frame, in bytes.
  std::size_t max_length = kMaxCaptureLength;
  // For the reader of a pipe, instead of leaving out records.
  bool waits = false;
};

class CaptureWriter {
 public:
  // Creates or empties the file. Throws std::invalid_argument for a filter that is none, before
  // the file is touched, and std::system_error for a file that can't be written.
  explicit CaptureWriter(const CaptureOptions& options);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  // Records the frame that `head` and the pieces of `payload` make up, unless the filter does not
  // match it. Bytes beyond the maximum length are cut off. A kPartial checksum must lie within the
  // frame.
  void write(Time now, Bytes head, gsl::span<const Bytes> payload, const Offload& offload);
  void write(Time now, const Frame& frame) { write(now, frame.bytes, frame.rest, frame.offload); }

  // Hands what was written to the system, so that a file whose writer is killed can be read.
  void flush();
  // Nothing more comes: waits for the reader of a pipe while it takes something now and then.
  void finish();

  // Records written so far.
  std::uint64_t records() const { return records_; }
  // Why something could not be written; empty while all is well.
  std::string problem() const;

 private:
  struct Closer {
    void operator()(pcap* handle) const;
    void operator()(pcap_dumper* dumper) const;
    void operator()(bpf_program* program) const;
  };

  void compile(const std::string& expression);
  // The frame in one piece, with its checksum complete: `head` itself or a view into scratch_.
  Bytes assemble(Bytes head, gsl::span<const Bytes> payload, const Offload& offload);

  std::string path_;
  CaptureClock clock_;
  std::size_t max_length_;
  std::optional<CaptureFile> file_;  // there is one once the filter is known to be right
  std::unique_ptr<pcap, Closer> handle_;
  std::unique_ptr<bpf_program, Closer> filter_;  // null: everything
  std::unique_ptr<pcap_dumper, Closer> dumper_;
  std::unique_ptr<std::uint8_t[]> scratch_;  // kMaxCaptureLength bytes
  std::uint64_t records_ = 0;
  std::uint64_t missed_ = 0;  // for which a pipe had no room
  bool dirty_ = false;        // there is something to flush
  std::string problem_;       // after which nothing is written any more
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_CAPTURE_WRITER_H_
