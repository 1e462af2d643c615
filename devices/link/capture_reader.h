// Frames out of a capture file, pcap or pcapng, whoever wrote it.
//
// A file is hostile input. libpcap checks its structure; what it hands out is checked again here:
// times are made to start at zero and never to go back, a frame larger than any link of ours
// carries is skipped, and of one that was cut off by the capture, what is there is given. A file
// that turns out to be damaged ends where the damage begins, and problem() says what it is.
//
// Captures of bare IP packets (raw IP, loopback, Linux "cooked" captures of all interfaces) get an
// Ethernet header in front, so that what reads them knows one kind of frame.

#ifndef SLUICE_DEVICES_LINK_CAPTURE_READER_H_
#define SLUICE_DEVICES_LINK_CAPTURE_READER_H_

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/time.h"

struct pcap;

namespace sluice {

// The addresses of Ethernet headers that a capture does not have. A packet goes from the guest to
// the gateway, unless a cooked capture says that it came from outside.
struct CaptureAddresses {
  MacAddress guest;
  MacAddress gateway;
};

struct CapturedFrame {
  Time time;    // since the first frame, as a time whose epoch is that frame
  Bytes bytes;  // from the Ethernet header on; valid until the next call to next()
};

class CaptureReader {
 public:
  // Opens the file at `path`; "-" is standard input. Throws std::system_error when it can't be
  // opened, std::runtime_error when it is no capture or one of another kind of link.
  CaptureReader(const std::string& path, const CaptureAddresses& addresses);
  // Reads from `file` and closes it, also when this throws; `name` is for messages.
  CaptureReader(std::FILE* file, const std::string& name, const CaptureAddresses& addresses);
  ~CaptureReader();
  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;

  // The next frame, or nullopt at the end of the file or of its usable part.
  std::optional<CapturedFrame> next();

  // When the first frame was captured, since 1970-01-01 00:00:00 UTC; 0 before next() has seen it.
  std::chrono::nanoseconds begins_at() const { return begins_at_; }
  // Why the file ended early; empty when it did not.
  const std::string& problem() const { return problem_; }
  // Records that were larger than kMaxFrame or held no frame.
  std::uint64_t skipped() const { return skipped_; }
  // Frames given of which the capture does not hold everything.
  std::uint64_t truncated() const { return truncated_; }

  static constexpr std::size_t kMaxFrame = 65536 + 64;

 private:
  // What a record's link-layer header says about the packet behind it.
  struct Packet {
    std::uint16_t ether_type = 0;
    bool from_guest = true;
    Bytes bytes;
  };
  struct Closer {
    void operator()(pcap* handle) const;
  };

  void check_link_type();
  Time time_of(std::int64_t seconds, std::int64_t nanoseconds);
  std::optional<Packet> packet_in(Bytes record) const;
  std::optional<Bytes> frame_in(Bytes record);

  std::string name_;
  CaptureAddresses addresses_;
  std::unique_ptr<pcap, Closer> handle_;
  int link_type_ = 0;
  std::optional<std::int64_t> first_second_;
  std::int64_t first_nanosecond_ = 0;
  std::chrono::nanoseconds begins_at_{};
  Time latest_{};
  std::unique_ptr<std::uint8_t[]> frame_;  // room to put a header in front; only where needed
  std::string problem_;
  std::uint64_t skipped_ = 0;
  std::uint64_t truncated_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_CAPTURE_READER_H_
