// Descriptors at which one read is one packet and one write is another: taps, and sockets that keep
// messages whole.
//
// There is no system call for more than one packet that all of them know. Packets are read behind
// each other into one buffer until the queue is empty or there is no room for another of the
// largest, so that a batch of small ones is many and stays in a few cache lines. A packet is
// written from where its pieces lie. Where a library reads for us, it does so in place of read(2).

#ifndef SLUICE_DEVICES_LINK_PACKET_IO_H_
#define SLUICE_DEVICES_LINK_PACKET_IO_H_

#include <array>
#include <cerrno>
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
  // The same by `read_one(void* buffer, std::size_t size)`, which tells what read(2) does.
  template <typename ReadOne>
  gsl::span<const Bytes> read_by(ReadOne&& read_one, Counters& counters);
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

template <typename ReadOne>
gsl::span<const Bytes> PacketReader::read_by(ReadOne&& read_one, Counters& counters) {
  std::size_t count = 0;
  more_ = false;
  // A dropped packet takes part in the bound: a flood of bad ones must not hold up the rest.
  std::size_t attempts = 0;
  MutableBytes free(buffer_.get(), kBufferSize);
  for (; attempts < kBatch && free.size() >= offer_; ++attempts) {
    const ssize_t size = read_one(free.data(), offer_);
    if (size < 0) {
      if (errno == EINTR) continue;
      // The kernel may be short of memory for a while; any other error stays.
      if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM) closed_ = true;
      return {packets_.data(), count};
    }
    if (size == 0) {  // the end of a socket; taps have none
      closed_ = true;
      return {packets_.data(), count};
    }
    const Bytes packet = free.first(static_cast<std::size_t>(size));
    if (packet.size() == offer_) {
      counters.count(Drop::kTruncated);
      continue;
    }
    packets_.at(count) = packet;
    ++count;
    constexpr std::size_t kCacheLine = 64;
    free = free.subspan((packet.size() + kCacheLine - 1) / kCacheLine * kCacheLine);
  }
  more_ = true;
  return {packets_.data(), count};
}

// Writes `head` followed by `payload`, at most Link::kMaxPieces pieces, as one packet. Returns
// errno, 0 when the kernel has taken it.
int write_packet(int descriptor, Bytes head, gsl::span<const Bytes> payload);

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_PACKET_IO_H_
