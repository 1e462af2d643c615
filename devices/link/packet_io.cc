#include "devices/link/packet_io.h"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include <gsl/assert>

namespace sluice {

PacketReader::PacketReader(std::size_t max_packet)
    : offer_(max_packet + 1), buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kBufferSize)) {
  Expects(offer_ <= kBufferSize);
}

gsl::span<const Bytes> PacketReader::read(int descriptor, Counters& counters) {
  std::size_t count = 0;
  more_ = false;
  // A dropped packet takes part in the bound: a flood of bad ones must not hold up the rest.
  std::size_t attempts = 0;
  MutableBytes free(buffer_.get(), kBufferSize);
  for (; attempts < kBatch && free.size() >= offer_; ++attempts) {
    const ssize_t size = ::read(descriptor, free.data(), offer_);
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

int write_packet(int descriptor, Bytes head, gsl::span<const Bytes> payload) {
  Expects(payload.size() <= Link::kMaxPieces);
  std::array<iovec, 1 + Link::kMaxPieces> pieces{};
  std::size_t count = 0;
  const auto add = [&](Bytes piece) {
    if (piece.empty()) return;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): writev() does not write to it.
    pieces.at(count++) = {const_cast<std::uint8_t*>(piece.data()), piece.size()};
  };
  add(head);
  for (const Bytes piece : payload) add(piece);
  ssize_t written = 0;
  do {
    // For one piece it is the cheaper call.
    written = count == 1 ? ::write(descriptor, pieces.front().iov_base, pieces.front().iov_len)
                         : ::writev(descriptor, pieces.data(), static_cast<int>(count));
  } while (written < 0 && errno == EINTR);
  return written < 0 ? errno : 0;
}

}  // namespace sluice
