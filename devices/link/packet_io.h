// Descriptors at which one read is one packet and one write is another: taps, and sockets that keep
// messages whole.
//
// There is no system call for more than one packet that all of them know. Packets are read behind
// each other into one buffer until the queue is empty or there is no room for another of the
// largest, so that a batch of small ones is many and stays in a few cache lines. A packet is
// written from where its pieces lie.

#ifndef SLUICE_DEVICES_LINK_PACKET_IO_H_
#define SLUICE_DEVICES_LINK_PACKET_IO_H_

#include <array>
#include <cstdint>
#include <memory>

#include "stack/bytes.h"
#include "stack/counters.h"
#include "stack/link.h"

namespace sluice {

class PacketReader {
 public:
  // For packets of at most `max_packet` bytes.
  explicit PacketReader(std::size_t max_packet);

  // Reads at most kBatch packets, which stay until the next call. One that is longer than there may
  // be is counted as Drop::kTruncated.
  gsl::span<const Bytes> read(int descriptor, Counters& counters);
  // The last read() ended because its buffer was full, not because there was nothing more.
  bool more() const { return more_; }
  // Nothing will come any more.
  bool closed() const { return closed_; }

  static constexpr std::size_t kBatch = 64;

 private:
  // Together with the copies that the kernel makes of it, half of a usual second-level cache.
  static constexpr std::size_t kBufferSize = std::size_t{1024} << 10;

  // What a read is offered: one byte more than the largest packet fills, so that one that fills it
  // was cut short.
  std::size_t offer_;
  bool more_ = false;
  bool closed_ = false;
  // Not initialised: a page is the kernel's until a packet reaches into it.
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::array<Bytes, kBatch> packets_;
};

// Writes `head` followed by `payload`, at most Link::kMaxPieces pieces, as one packet. Returns
// errno, 0 when the kernel has taken it.
int write_packet(int descriptor, Bytes head, gsl::span<const Bytes> payload);

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_PACKET_IO_H_
