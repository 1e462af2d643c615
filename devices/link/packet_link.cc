#include "devices/link/packet_link.h"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <gsl/assert>

namespace sluice {

PacketLink::PacketLink(Descriptor descriptor)
    : descriptor_(std::move(descriptor)),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)),
      segment_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {
  const int status = ::fcntl(descriptor_.get(), F_GETFL);
  if (status < 0 || ::fcntl(descriptor_.get(), F_SETFL, status | O_NONBLOCK) < 0) {
    throw std::system_error(errno, std::generic_category(), "can't make a link nonblocking");
  }
}

gsl::span<const Frame> PacketLink::receive() {
  std::size_t count = 0;
  for (const Bytes packet : reader_.read(descriptor_.get(), counters_)) {
    frames_.at(count++) = {.bytes = packet, .offload = {}};
  }
  return {frames_.data(), count};
}

MutableBytes PacketLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void PacketLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  const MutableBytes head(output_.get(), size);
  if (offload.segmentation == Segmentation::kNone) {
    complete_checksum(head, payload, offload);
    send(head, payload);
    return;
  }
  Segmenter segmenter(head, payload, offload);
  while (const std::size_t cut = segmenter.next({segment_.get(), kMaxReserve})) {
    send({segment_.get(), cut}, {});
  }
}

void PacketLink::send(Bytes head, gsl::span<const Bytes> payload) {
  const int error = write_packet(descriptor_.get(), head, payload);
  if (error == 0) return;
  if (error == EPIPE || error == ECONNRESET || error == EBADFD) closed_ = true;
  counters_.count(Drop::kLinkFull);
}

}  // namespace sluice
