#include "services/dns/streams.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr std::size_t kLengthPrefix = 2;  // RFC 1035, section 4.2.2
constexpr unsigned kIndexBits = 6;
constexpr std::uint32_t kMaxGeneration = (1U << (31 - kIndexBits)) - 1;  // an id is never negative
static_assert(DnsStreams::kMaxStreams == 1U << kIndexBits);

}  // namespace

struct DnsStreams::Stream {
  Stream(TimerHandler& handler, std::uint32_t place) : index(place), idle(handler) {}

  SocketId id() const { return static_cast<SocketId>(generation << kIndexBits | index); }
  std::size_t waiting() const { return output.size() - taken; }
  // Nothing more will come out of it.
  bool is_finished() const { return is_over || (ended && pending == 0); }

  const std::uint32_t index;
  std::uint32_t generation = 0;
  bool in_use = false;

  Token token;
  std::vector<std::uint8_t> input;   // bytes of queries not handed out yet
  std::vector<std::uint8_t> output;  // answers behind their lengths
  std::size_t taken = 0;             // of `output`, by the guest
  unsigned pending = 0;              // queries handed out and not answered
  bool has_work = false;             // look_at() is due
  bool refused_bytes = false;        // send() took less than it was given
  bool half_closed = false;          // the guest sends nothing more
  bool ended = false;                // no more queries are read, be it for half_closed or an error
  bool is_over = false;              // idle for too long
  bool end_announced = false;        // that there is no more to receive
  Timer idle;
};

DnsStreams::DnsStreams(StreamEvents& events, TimerWheel& timers, DnsStreamClient& client,
                       std::size_t max_message, DnsCounters& counters)
    : events_(events),
      timers_(timers),
      client_(client),
      max_message_(max_message),
      counters_(counters),
      work_(*this) {}

DnsStreams::~DnsStreams() = default;

DnsStreams::Stream* DnsStreams::find(SocketId id) {
  const auto index = static_cast<std::uint32_t>(id) % kMaxStreams;
  if (index >= streams_.size()) return nullptr;
  Stream& stream = *streams_[index];
  return stream.in_use && stream.id() == id ? &stream : nullptr;
}

SocketId DnsStreams::open(Time now, Token token, const Endpoint& /*from*/) {
  latest_ = std::max(latest_, now);
  auto place = std::find_if(streams_.begin(), streams_.end(),
                            [](const auto& stream) { return !stream->in_use; });
  if (place == streams_.end()) {
    if (streams_.size() == kMaxStreams) {
      ++counters_.streams_refused;
      return SocketId::kNone;
    }
    TimerHandler& handler = *this;
    const auto index = static_cast<std::uint32_t>(streams_.size());
    streams_.push_back(std::make_unique<Stream>(handler, index));
    place = streams_.end() - 1;
  }
  Stream& stream = **place;
  ++counters_.streams_opened;
  stream.in_use = true;
  stream.generation = (stream.generation + 1) & kMaxGeneration;
  stream.token = token;
  timers_.set(stream.idle, now + kIdle);
  announce(stream, {.writable = true});
  return stream.id();
}

Transfer DnsStreams::send(SocketId id, gsl::span<const Bytes> pieces) {
  Stream* stream = find(id);
  if (stream == nullptr) return {.error = std::errc::bad_file_descriptor};
  std::size_t offered = 0;
  std::size_t accepted = 0;
  for (const Bytes piece : pieces) {
    offered += piece.size();
    if (stream->ended) {
      accepted += piece.size();  // taken, and not looked at
      continue;
    }
    const std::size_t room = kLengthPrefix + max_message_ - stream->input.size();
    const Bytes part = piece.first(std::min(room, piece.size()));
    stream->input.insert(stream->input.end(), part.begin(), part.end());
    accepted += part.size();
  }
  if (accepted > 0) wake(*stream);
  stream->refused_bytes = accepted < offered;
  if (accepted == 0 && offered > 0) return {.error = std::errc::operation_would_block};
  return {.bytes = accepted};
}

Transfer DnsStreams::receive(SocketId id, gsl::span<const MutableBytes> pieces) {
  Stream* stream = find(id);
  if (stream == nullptr) return {.error = std::errc::bad_file_descriptor};
  if (stream->waiting() == 0) {
    if (stream->is_finished()) return {};
    return {.error = std::errc::operation_would_block};
  }
  std::size_t given = 0;
  for (const MutableBytes piece : pieces) {
    const std::size_t size = std::min(piece.size(), stream->waiting());
    copy_bytes(Bytes(stream->output).subspan(stream->taken, size), piece);
    stream->taken += size;
    given += size;
  }
  if (stream->waiting() == 0) {
    stream->output = {};
    stream->taken = 0;
  }
  if (given > 0) wake(*stream);
  return {.bytes = given};
}

void DnsStreams::shutdown_send(SocketId id) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  stream->half_closed = true;
  wake(*stream);
}

void DnsStreams::close(SocketId id, CloseMode /*mode*/) {
  Stream* stream = find(id);
  if (stream == nullptr) return;
  stream->idle.cancel();
  stream->in_use = false;
  stream->input = {};
  stream->output = {};
  stream->taken = 0;
  stream->pending = 0;
  stream->has_work = stream->refused_bytes = false;
  stream->half_closed = stream->ended = stream->is_over = stream->end_announced = false;
  client_.on_stream_closed(id);
}

bool DnsStreams::answer(Time now, SocketId id, Bytes message) {
  latest_ = std::max(latest_, now);
  Stream* stream = find(id);
  if (stream == nullptr || stream->pending == 0) return true;
  if (!stream->is_over) {
    if (message.size() > kShortReply &&
        stream->waiting() + kLengthPrefix + message.size() > kOutputLimit) {
      return false;
    }
    auto& output = stream->output;
    output.erase(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(stream->taken));
    stream->taken = 0;
    std::array<std::uint8_t, kLengthPrefix> prefix{};
    store_big(prefix, 0, static_cast<std::uint16_t>(message.size()));
    output.insert(output.end(), prefix.begin(), prefix.end());
    output.insert(output.end(), message.begin(), message.end());
  }
  --stream->pending;
  wake(*stream);
  announce(*stream, {.readable = true});
  return true;
}

void DnsStreams::wake(Stream& stream) {
  stream.has_work = true;
  if (!work_.is_set()) timers_.set(work_, latest_);
}

void DnsStreams::on_timer(Time now, Timer& timer) {
  latest_ = std::max(latest_, now);
  for (const auto& stream : streams_) {
    if (&timer == &work_ && stream->has_work) look_at(now, *stream);
    if (&timer == &stream->idle) {
      ++counters_.streams_timed_out;
      stream->is_over = stream->ended = true;
      stream->input = {};
      stream->output = {};
      stream->taken = 0;
      announce(*stream, {.readable = true, .writable = true});
    }
  }
}

void DnsStreams::look_at(Time now, Stream& stream) {
  stream.has_work = false;
  if (stream.is_over) return;
  timers_.set(stream.idle, now + kIdle);
  hand_out(now, stream);
  Readiness ready;
  ready.readable = stream.is_finished() && stream.waiting() == 0 && !stream.end_announced;
  stream.end_announced = stream.end_announced || ready.readable;
  ready.writable =
      stream.refused_bytes && (stream.ended || stream.input.size() < kLengthPrefix + max_message_);
  if (ready.writable) stream.refused_bytes = false;
  if (ready.readable || ready.writable) announce(stream, ready);
}

void DnsStreams::hand_out(Time now, Stream& stream) {
  std::size_t begin = 0;
  const Bytes input = stream.input;
  while (stream.pending < kMaxPending && stream.waiting() < kOutputPause) {
    const Bytes rest = input.subspan(begin);
    const bool has_length = rest.size() >= kLengthPrefix;
    const std::size_t length = has_length ? load_big<std::uint16_t>(rest, 0) : 0;
    if (length > max_message_) {
      ++counters_.queries;
      ++counters_.malformed;
      stream.ended = true;
      break;
    }
    if (!has_length || rest.size() - kLengthPrefix < length) {
      stream.ended = stream.ended || stream.half_closed;
      break;
    }
    begin += kLengthPrefix + length;
    ++stream.pending;
    if (!client_.on_stream_message(now, stream.id(), rest.subspan(kLengthPrefix, length))) {
      --stream.pending;
    }
  }
  if (stream.ended) begin = input.size();
  stream.input.erase(stream.input.begin(),
                     stream.input.begin() + static_cast<std::ptrdiff_t>(begin));
  if (stream.input.empty()) stream.input = {};
}

void DnsStreams::announce(const Stream& stream, Readiness ready) {
  events_.announce({stream.token, ready});
}

}  // namespace sluice
