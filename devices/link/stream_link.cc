#include "devices/link/stream_link.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <gsl/assert>

#include "posix/gather.h"

namespace sluice {

StreamLink::StreamLink(StreamPeerOptions options, StreamPeer::Tell tell)
    : peer_(std::move(options), std::move(tell)),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {}

StreamLink::StreamLink(Descriptor connected, StreamPeer::Tell tell)
    : peer_(std::move(connected), std::move(tell)),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {}

gsl::span<const Frame> StreamLink::receive() {
  if (peer_.update()) reader_.reset();
  flush();
  std::size_t count = 0;
  const auto take = [&] {
    while (count < kBatch) {
      const auto frame = reader_.next();
      if (!frame) return;
      frames_.at(count++) = {.bytes = *frame, .offload = {}};
    }
  };
  // Whole frames that the last batch had no place for come first.
  take();
  if (count == 0) {
    read();
    take();
  } else {
    // What has been announced meanwhile has not been looked for.
    drained_ = false;
  }
  if (const auto length = reader_.broken()) {
    drained_ = true;
    lose("it says that a frame has " + std::to_string(*length) + " bytes; expected at most " +
         std::to_string(FrameStreamReader::kMaxFrame));
    reader_.reset();
  }
  full_ = count == kBatch;
  return {frames_.data(), count};
}

void StreamLink::read() {
  drained_ = true;
  if (peer_.socket() < 0) return;
  const MutableBytes room = reader_.room();
  const ssize_t size = ::recv(peer_.socket(), room.data(), room.size(), 0);
  if (size > 0) {
    reader_.commit(static_cast<std::size_t>(size));
    // Behind a short count there may be the end, which has been announced already.
    drained_ = static_cast<std::size_t>(size) < room.size() && !peer_.ending();
  } else if (size == 0) {
    lose(reader_.in_frame() ? "it has closed it in the midst of a frame" : "it has closed it");
  } else if (errno == EINTR) {
    drained_ = false;
  } else if (errno != EAGAIN) {
    lose(std::generic_category().message(errno));
  }
}

void StreamLink::lose(const std::string& why) {
  peer_.lose(why);
  writer_.reset();
  gathered_.clear();
}

MutableBytes StreamLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void StreamLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  // So much is worth a call, even in the midst of a batch.
  constexpr std::size_t kWorthwhile = std::size_t{256} << 10;
  if (gathered_.full() || gathered_.bytes() + writer_.waiting().size() >= kWorthwhile) flush();
  const MutableBytes head(output_.get(), size);
  const bool is_whole = offload.segmentation == Segmentation::kNone;
  if (is_whole && size <= GatheredFrames::kMaxHead && peer_.writable() &&
      writer_.waiting().empty() && !gathered_.full()) {
    complete_checksum(head, payload, offload);
    gathered_.add(head, payload);
    return;
  }
  flush_gathered();
  if (peer_.socket() < 0 || !emit_frames(head, payload, offload, writer_)) {
    counters_.count(Drop::kLinkFull);
  }
}

void StreamLink::flush() {
  flush_gathered();
  while (peer_.writable() && !writer_.waiting().empty()) {
    iovec piece = to_be_written(writer_.waiting());
    writer_.consume(write(gsl::span(&piece, 1)));
  }
}

void StreamLink::flush_gathered() {
  if (gathered_.empty()) return;
  const std::size_t size = write(gathered_.pieces());
  if (peer_.socket() >= 0) gathered_.copy_rest(size, writer_);
  gathered_.clear();
}

std::size_t StreamLink::write(gsl::span<iovec> pieces) {
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  ssize_t size = 0;
  do {
    size = ::sendmsg(peer_.socket(), &message, MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return static_cast<std::size_t>(size);
  if (errno == EAGAIN) {
    peer_.pause();
  } else if (errno == EFAULT) {
    // A piece lies in a guest's memory that is not there any more: where it is copied, that guest
    // is told so.
    return 0;
  } else {
    lose(std::generic_category().message(errno));
  }
  return 0;
}

}  // namespace sluice
