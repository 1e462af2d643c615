#include "services/guestfwd/program_streams.h"

#include <algorithm>
#include <utility>

namespace sluice {

struct ProgramStreams::Stream {
  Stream(TimerHandler& handler, SocketId number, Token events)
      : id(number), token(events), timer(handler) {}

  std::size_t waiting() const { return said.size() - taken; }

  const SocketId id;
  const Token token;
  std::vector<std::uint8_t> said;  // by the program
  std::size_t taken = 0;           // of it, by the guest
  bool was_full = false;           // the program was told that there is no room
  bool blocked = false;            // the sink took less than it was offered
  bool half_closed = false;        // the guest sends nothing more
  bool ended = false;
  Timer timer;  // to offer again, or to end
};

ProgramStreams::ProgramStreams(StreamEvents& events, TimerWheel& timers, ProgramSink& sink)
    : events_(events), timers_(timers), sink_(sink) {}

ProgramStreams::~ProgramStreams() = default;

ProgramStreams::Stream* ProgramStreams::find(SocketId id) {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const auto& stream) { return stream->id == id; });
  return found == streams_.end() ? nullptr : found->get();
}

ProgramStreams::Stream* ProgramStreams::latest() const {
  return streams_.empty() || streams_.back()->ended ? nullptr : streams_.back().get();
}

std::size_t ProgramStreams::room() const {
  Stream* const stream = latest();
  if (stream == nullptr) return 0;
  const std::size_t left = kMaxWaiting - stream->waiting();
  stream->was_full = left == 0;
  return left;
}

std::size_t ProgramStreams::say(Time now, Bytes bytes) {
  now_ = std::max(now_, now);
  Stream* const stream = latest();
  if (stream == nullptr) return 0;
  const Bytes part = bytes.first(std::min(bytes.size(), kMaxWaiting - stream->waiting()));
  if (part.empty()) return 0;
  stream->said.erase(stream->said.begin(),
                     stream->said.begin() + static_cast<std::ptrdiff_t>(stream->taken));
  stream->taken = 0;
  stream->said.insert(stream->said.end(), part.begin(), part.end());
  if (stream->half_closed) timers_.set(stream->timer, now_ + kLinger);
  events_.announce({stream->token, {.readable = true}});
  return part.size();
}

Bytes ProgramStreams::waiting(SocketId id) {
  const Stream* const stream = find(id);
  if (stream == nullptr) return {};
  return Bytes(stream->said).subspan(stream->taken);
}

void ProgramStreams::restore(SocketId id, Bytes bytes) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  const Bytes part = bytes.first(std::min(bytes.size(), kMaxWaiting));
  stream->said.assign(part.begin(), part.end());
  stream->taken = 0;
}

SocketId ProgramStreams::open(Time now, Token token, const Endpoint& /*from*/) {
  now_ = std::max(now_, now);
  if (streams_.size() == kMaxStreams) return SocketId::kNone;
  constexpr std::uint32_t kLargest = 0x7fffffff;
  last_id_ = (last_id_ + 1) & kLargest;
  TimerHandler& handler = *this;
  const auto id = static_cast<SocketId>(last_id_);
  streams_.push_back(std::make_unique<Stream>(handler, id, token));
  sink_.on_room();
  return id;
}

Transfer ProgramStreams::send(SocketId id, gsl::span<const Bytes> pieces) {
  std::size_t taken = 0;
  for (const Bytes piece : pieces) {
    const Transfer result = sink_.take(piece);
    // Whatever the sink says, it has no more than it was offered.
    const std::size_t bytes = std::min(result.bytes, piece.size());
    taken += bytes;
    if (result.failed() && taken == 0) return {.error = result.error};
    if (bytes == piece.size()) continue;
    // Now, as the sink may have closed it.
    if (Stream* const stream = find(id)) {
      stream->blocked = true;
      timers_.set(stream->timer, now_ + kRetry);
    }
    break;
  }
  if (taken == 0 && !pieces.empty()) return {.error = std::errc::operation_would_block};
  return {.bytes = taken};
}

Transfer ProgramStreams::receive(SocketId id, gsl::span<const MutableBytes> pieces) {
  Stream* const stream = find(id);
  if (stream == nullptr) return {.error = std::errc::bad_file_descriptor};
  if (stream->waiting() == 0) {
    if (stream->ended) return {};
    return {.error = std::errc::operation_would_block};
  }
  std::size_t given = 0;
  for (const MutableBytes piece : pieces) {
    const std::size_t size = std::min(piece.size(), stream->waiting());
    copy_bytes(Bytes(stream->said).subspan(stream->taken, size), piece);
    stream->taken += size;
    given += size;
  }
  if (stream->waiting() == 0) {
    stream->said = {};
    stream->taken = 0;
  }
  if (std::exchange(stream->was_full, false)) sink_.on_room();
  return {.bytes = given};
}

void ProgramStreams::shutdown_send(SocketId id) {
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  stream->half_closed = true;
  stream->blocked = false;
  timers_.set(stream->timer, now_ + kLinger);
}

std::errc ProgramStreams::take_error(SocketId /*id*/) {
  return {};
}

void ProgramStreams::close(SocketId id, CloseMode /*mode*/) {
  std::erase_if(streams_, [&](const auto& stream) { return stream->id == id; });
}

void ProgramStreams::on_timer(Time now, Timer& timer) {
  now_ = std::max(now_, now);
  for (const auto& stream : streams_) {
    if (&timer != &stream->timer) continue;
    if (stream->half_closed) {
      stream->ended = true;
      events_.announce({stream->token, {.readable = true}});
    } else if (std::exchange(stream->blocked, false)) {
      events_.announce({stream->token, {.writable = true}});
    }
    return;
  }
}

}  // namespace sluice
