// The guest's end of a TCP connection that never loses anything, at next to no cost: its frames are
// built once, and only the numbers that change are written into them. As a Linux guest's do, they
// carry timestamps, and leave their checksums to the kernel.

#ifndef SLUICE_TESTS_BENCH_GUEST_CONNECTION_H_
#define SLUICE_TESTS_BENCH_GUEST_CONNECTION_H_

#include <vector>

#include "tests/bench/counting_world.h"

namespace sluice {

class GuestConnection {
 public:
  // Segments that carry payload will carry `payload` bytes, and come `batch` at a time.
  explicit GuestConnection(CountingWorld& world, std::size_t payload = 1, std::size_t batch = 1);
  GuestConnection(const GuestConnection&) = delete;
  GuestConnection& operator=(const GuestConnection&) = delete;

  // The three segments that open a connection from `port`.
  void connect(std::uint16_t port = 40000);
  // One batch of payload. It acknowledges all that has come.
  void send();
  void acknowledge();
  // The guest ends, then the host, and the guest acknowledges that.
  void close();

  // Bytes of the host's that have been acknowledged, the ends of the stream included.
  std::uint32_t acknowledged() const { return acknowledgment_ - first_; }

  // Of an Ethernet frame that fits the usual MTU.
  static constexpr std::size_t kSegment = 1448;
  // Of the largest frame there is.
  static constexpr std::size_t kLargest = 65535 - 20 - 32;

 private:
  // What has come up to now counts as read.
  void read();
  void stamp(Octets& frame) const;
  void send_bare(std::uint8_t flags);

  CountingWorld& world_;
  std::uint32_t payload_;
  std::uint32_t sequence_ = 1;  // of what is sent next
  std::uint32_t first_ = 0;     // of what the host says
  std::uint32_t acknowledgment_ = 0;
  std::uint32_t echo_ = 0;
  Octets syn_;
  Octets bare_;  // no payload
  std::vector<Octets> data_;
  std::vector<Frame> batch_;  // views of data_
};

}  // namespace sluice

#endif  // SLUICE_TESTS_BENCH_GUEST_CONNECTION_H_
