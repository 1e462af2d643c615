// The flows' turns: bytes to the streams, bytes from the streams, segments to the guest.

#include <algorithm>
#include <array>

#include "nat/tcp_flows.h"

namespace sluice {

TcpBuffers& TcpFlows::buffers_of(TcpFlow& flow) {
  if (!flow.buffers) flow.buffers = std::make_unique<TcpBuffers>(pool_);
  return *flow.buffers;
}

void TcpFlows::take_payload(Time now, TcpFlow& flow, const tcp::Arrival& arrival) {
  if (arrival.offset == 0) {
    const std::uint32_t count = pass_on(now, flow, arrival.payload);
    if (flow.silent || flow.failed) return;
    const std::uint32_t followed = flow.connection.received(now, count);
    if (followed != 0) flow.buffers->to_host.commit(followed);
    account_of(flow).add_to_host(now, count + followed);
    return;
  }
  ByteRing& ring = buffers_of(flow).to_host;
  const auto size = static_cast<std::uint32_t>(arrival.payload.size());
  // The guest sends it again if it must (RFC 2018, section 8), so it is kept within the flow's
  // share only: else a few segments far ahead on each of many flows would leave nothing to the
  // rest.
  const std::uint32_t needed = ring.size() + arrival.offset + size;
  const bool affordable =
      needed <= ring.capacity() || (needed <= pool_.share() && !pool_.is_scarce());
  if (!affordable || !ring.grow(needed) || !ring.put_aside(arrival.offset, arrival.payload) ||
      !flow.connection.keep(arrival.offset, size)) {
    context_.counters.count(Drop::kMemoryLimit);
  }
}

// Whether so many bytes more have a place in the ring to the host.
bool TcpFlows::make_place(TcpFlow& flow, std::size_t size) {
  ByteRing& ring = buffers_of(flow).to_host;
  return ring.free() >= size || ring.grow(ring.size() + static_cast<std::uint32_t>(size));
}

std::uint32_t TcpFlows::pass_on(Time now, TcpFlow& flow, const ScatteredBytes& payload) {
  // Below this a copy costs less than a call.
  constexpr std::size_t kLittle = 4096;
  const bool waits_for_more =
      expects_more_ && payload.size() <= kLittle && make_place(flow, payload.size());
  std::uint32_t taken = 0;
  if (!waits_for_more && flow.writable && (!flow.buffers || flow.buffers->to_host.size() == 0)) {
    std::array<Bytes, Streams::kMaxPieces> pieces;
    std::size_t count = 0;
    payload.for_each([&](Bytes piece) { pieces.at(count++) = piece; });
    const Transfer sent =
        streams(flow).send(flow.stream, gsl::span<const Bytes>(pieces).first(count));
    if (sent.failed()) {
      on_stream_failed(now, flow, sent.error);
      return 0;
    }
    taken = static_cast<std::uint32_t>(sent.bytes);
    if (sent.bytes < payload.size()) flow.writable = false;
    if (flow.buffers) flow.buffers->to_host.skip(taken);
  }
  const ScatteredBytes rest = payload.subspan(taken);
  if (rest.empty()) return taken;
  ByteRing& ring = buffers_of(flow).to_host;
  ring.grow(ring.size() + static_cast<std::uint32_t>(rest.size()));
  std::uint32_t kept = 0;
  rest.for_each([&](Bytes piece) { kept += ring.append(piece); });
  if (kept < rest.size()) context_.counters.count(Drop::kMemoryLimit);
  return taken + kept;
}

// All flows deal with the host before any speaks to the guest: the guest is woken by the first
// frame, and finds the others right behind it instead of falling asleep in between.
void TcpFlows::take_turns(Time now) {
  for (const FlowName& name : held_) {
    TcpFlow* const flow = table_.find(name);
    if (flow == nullptr) continue;
    flow->held = false;
    mark(*flow);
  }
  held_.clear();
  turns_.swap(dirty_);
  for (const FlowName& name : turns_) {
    TcpFlow* const flow = table_.find(name);
    if (flow == nullptr) continue;
    flow->dirty = false;
    exchange_with_host(now, *flow);
  }
  for (const FlowName& name : turns_) {
    TcpFlow* const flow = table_.find(name);
    if (flow != nullptr) speak_to_guest(now, *flow);
  }
  turns_.clear();
}

void TcpFlows::exchange_with_host(Time now, TcpFlow& flow) {
  if (flow.silent) return;
  const tcp::Connection& connection = flow.connection;
  give_back_excess(flow);
  if (flow.stream != SocketId::kNone && !flow.connecting) {
    empty_to_host(now, flow);
    finish_guest(flow);
    // What can't be sent is better read when it can, and is in the processor's caches then.
    if (!context_.egress.has_room(flow.key().guest.address)) {
      hold(now, flow);
    } else if (connection.synchronized() && !fill_to_guest(now, flow)) {
      mark(flow);
    }
    if (flow.stream_finished && flow.guest_finished) close_stream(flow, CloseMode::kGraceful);
  }
}

void TcpFlows::speak_to_guest(Time now, TcpFlow& flow) {
  if (flow.silent) return;
  if (flow.held) return;
  if (!context_.egress.has_room(flow.key().guest.address)) {
    hold(now, flow);
    return;
  }
  tcp::Connection& connection = flow.connection;
  connection.set_receive_space(receive_space(flow));
  if (!send_segments(now, flow)) {
    hold(now, flow);
    return;
  }
  if (flow.failed) {
    // After what came before it.
    connection.abort();
    send_segments(now, flow);
  }
  if (connection.closed() && connection.close_reason() != tcp::CloseReason::kNone) {
    close_stream(flow, CloseMode::kReset);
  }
  // A connection that has ended well may leave bytes that the stream is still to take.
  if (connection.closed() && flow.stream == SocketId::kNone) {
    finished_.push_back(flow.name());
    return;
  }
  // The guest may use its port again while they do.
  if (connection.closed()) table_.hide(flow);
  const bool idle = flow.buffers && flow.buffers->to_guest.size() == 0 &&
                    flow.buffers->to_host.size() == 0 && !connection.has_gaps();
  if (idle) flow.buffers.reset();
  list(flow);
  set_timer(now, flow);
}

void TcpFlows::give_back_excess(TcpFlow& flow) {
  if (!flow.buffers) return;
  ByteRing& to_guest = flow.buffers->to_guest;
  ByteRing& to_host = flow.buffers->to_host;
  if (pool_.is_excess(to_guest.capacity())) to_guest.shrink(pool_.share());
  if (pool_.is_excess(to_host.capacity()) && !flow.connection.has_gaps()) {
    to_host.shrink(pool_.share());
  }
}

void TcpFlows::empty_to_host(Time now, TcpFlow& flow) {
  if (!flow.buffers) return;
  ByteRing& ring = flow.buffers->to_host;
  if (!flow.writable || ring.size() == 0) return;
  const auto pieces = ring.pieces(0, ring.size());
  const Transfer sent = streams(flow).send(
      flow.stream, gsl::span<const Bytes>(pieces).first(pieces[1].empty() ? 1 : 2));
  if (sent.failed()) {
    on_stream_failed(now, flow, sent.error);
    return;
  }
  if (sent.bytes < ring.size()) flow.writable = false;
  ring.consume(static_cast<std::uint32_t>(sent.bytes));
}

void TcpFlows::finish_guest(TcpFlow& flow) {
  const bool all_passed_on = !flow.buffers || flow.buffers->to_host.size() == 0;
  if (!flow.connection.peer_finished() || flow.guest_finished || !all_passed_on ||
      flow.stream == SocketId::kNone) {
    return;
  }
  streams(flow).shutdown_send(flow.stream);
  flow.guest_finished = true;
}

// How much of `missing` bytes the ring has room for, once it has grown towards `wanted` in all; 0
// if that is too little for a call, and a frame, of its own: it becomes more when the guest
// acknowledges.
std::uint32_t TcpFlows::worthwhile_room(ByteRing& ring, std::uint32_t wanted,
                                        std::uint32_t missing) {
  constexpr std::uint32_t kRefill = 8;
  constexpr std::uint32_t kWorthwhile = 64U << 10;
  const std::uint32_t least = std::min(wanted / kRefill, kWorthwhile);
  if (missing >= least && ring.free() < least) {
    // A flow that has moved much will do so again; most others have little to say.
    const bool small = ring.capacity() == 0 && wanted <= 4 * kWorthwhile;
    ring.grow(small ? BufferPool::kSmallest : wanted);
  }
  const std::uint32_t room = std::min(missing, ring.free());
  return room < std::min(least, ring.capacity() / kRefill) ? 0 : room;
}

bool TcpFlows::fill_to_guest(Time now, TcpFlow& flow) {
  tcp::Connection& connection = flow.connection;
  std::uint32_t taken = 0;
  while (flow.readable && flow.stream != SocketId::kNone) {
    // More than the window lets out, so that it stays full until there is room worth a call again.
    // Beyond that, bytes wait better in the stream than here.
    constexpr std::uint32_t kSurplus = 4;
    const std::uint32_t sendable = connection.sendable();
    const std::uint32_t wanted =
        std::clamp(sendable + sendable / kSurplus, BufferPool::kSmallest, space(flow));
    const std::uint32_t queued = connection.queued();
    if (queued >= wanted) return true;
    if (taken >= kTurn) return false;
    ByteRing& ring = buffers_of(flow).to_guest;
    const std::uint32_t room_left = worthwhile_room(ring, wanted, wanted - queued);
    if (room_left == 0) {
      if (ring.size() == 0) {
        // Nothing that comes back from the guest will bring this flow its next turn.
        constexpr Duration kRetry = std::chrono::milliseconds(10);
        context_.counters.count(Drop::kMemoryLimit);
        context_.timers.set(flow, now + kRetry);
      }
      return true;
    }
    const auto room = ring.room(room_left);
    const std::size_t size = room[0].size() + room[1].size();
    const Transfer received = streams(flow).receive(
        flow.stream, gsl::span<const MutableBytes>(room).first(room[1].empty() ? 1 : 2));
    if (received.failed()) {
      on_stream_failed(now, flow, received.error);
      return true;
    }
    if (received.bytes == 0) {
      flow.readable = false;
      if (received.would_block()) {
        flow.more = false;
        return true;
      }
      flow.stream_finished = true;
      connection.finish();
      return true;
    }
    const auto count = static_cast<std::uint32_t>(received.bytes);
    ring.commit(count);
    connection.enqueue(count);
    account_of(flow).add_to_guest(now, count);
    taken += count;
    if (count < size && !flow.more) flow.readable = false;
  }
  return true;
}

std::size_t TcpFlows::undelivered_bytes() {
  std::size_t bytes = 0;
  table_.for_each([&bytes](const TcpFlow& flow) {
    if (flow.buffers && flow.stream != SocketId::kNone) bytes += flow.buffers->to_host.size();
  });
  return bytes;
}

// How many bytes on their way between two turns are worth having: what a fast link carries in a
// round trip, and enough for the turns of a near guest. More of them would only push each other out
// of the processor's caches.
std::uint32_t TcpFlows::space(const TcpFlow& flow) const {
  constexpr std::uint64_t kBytesPerMillisecond = 1'250'000;  // 10 Gbit/s
  const auto trip = static_cast<std::uint64_t>(flow.connection.shortest_round_trip() /
                                               std::chrono::milliseconds(1));
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(kNearSpace + trip * kBytesPerMillisecond, pool_.share()));
}

// What can be kept of what has not come yet. Where the guest leaves the cutting to the link, its
// frames are few for its bytes, and the link's queue holds more of them.
std::uint32_t TcpFlows::receive_space(const TcpFlow& flow) const {
  const bool large_frames = context_.egress.tcp_payload_limit(flow.key().guest.address) != 0;
  const std::uint32_t worthwhile =
      large_frames ? std::min(kLargeToHost, pool_.share()) : space(flow);
  std::uint32_t held = 0;
  std::size_t possible = pool_.available();
  if (flow.buffers) {
    held = flow.buffers->to_host.size();
    possible += flow.buffers->to_host.capacity();
  }
  const auto limit = static_cast<std::uint32_t>(std::min<std::size_t>(possible, worthwhile));
  return limit > held ? limit - held : 0;
}

// What it has to say waits in its rings, where it costs nothing, and not in the link's queue, where
// what follows would be lost.
void TcpFlows::hold(Time now, TcpFlow& flow) {
  // What is due meanwhile is not looked at again before that.
  constexpr Duration kPatience = std::chrono::milliseconds(10);
  flow.held = true;
  held_.push_back(flow.name());
  list(flow);
  if (flow.connection.closed()) {
    set_timer(now, flow);
  } else if (const auto deadline = flow.connection.deadline(now)) {
    context_.timers.set(flow, std::max(*deadline, now + kPatience));
  }
}

bool TcpFlows::send_segments(Time now, TcpFlow& flow) {
  const FlowKey& key = flow.key();
  const std::uint32_t limit = context_.egress.tcp_payload_limit(flow.key().guest.address);
  while (const auto segment = flow.connection.next(now, limit)) {
    std::array<Bytes, 2> pieces;
    if (segment->length != 0) {
      pieces = flow.buffers->to_guest.pieces(segment->offset, segment->length);
    }
    const std::size_t count = pieces[1].empty() ? (pieces[0].empty() ? 0 : 1) : 2;
    context_.egress.send_tcp(now, key.remote.address, key.guest.address,
                             {.source_port = key.remote.port,
                              .destination_port = key.guest.port,
                              .sequence = segment->sequence.number(),
                              .acknowledgment = segment->acknowledgment.number(),
                              .flags = segment->flags,
                              .window = segment->window},
                             segment->options, gsl::span<const Bytes>(pieces).first(count),
                             segment->segment_size);
    if (segment->length != 0 && !context_.egress.has_room(key.guest.address)) return false;
  }
  return true;
}

// The wheel is told of earlier deadlines only: one that has moved back is found out when it fires.
void TcpFlows::set_timer(Time now, TcpFlow& flow) {
  if (flow.connection.closed()) {
    context_.timers.set(flow, now + kSilence);
    return;
  }
  const auto deadline = flow.connection.deadline(now);
  if (!deadline) return;
  if (!flow.is_set() || *deadline < flow.deadline()) context_.timers.set(flow, *deadline);
}

}  // namespace sluice
