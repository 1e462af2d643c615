#include "devices/link/packet_io.h"

#include <sys/uio.h>
#include <unistd.h>

#include <gsl/assert>

#include "posix/gather.h"

namespace sluice {

PacketReader::PacketReader(std::size_t max_packet)
    : offer_(max_packet + 1), buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kBufferSize)) {
  Expects(offer_ <= kBufferSize);
}

gsl::span<const Bytes> PacketReader::read(int descriptor, Counters& counters) {
  return read_by(
      [descriptor](void* buffer, std::size_t size) { return ::read(descriptor, buffer, size); },
      counters);
}

int write_packet(int descriptor, Bytes head, gsl::span<const Bytes> payload) {
  Expects(payload.size() <= Link::kMaxPieces);
  std::array<iovec, 1 + Link::kMaxPieces> pieces{};
  std::size_t count = 0;
  const auto add = [&](Bytes piece) {
    if (piece.empty()) return;
    pieces.at(count++) = to_be_written(piece);
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
