#include "stack/tcp/scripted_peer.h"

#include <algorithm>
#include <array>

#include <gsl/assert>

namespace sluice::tcp {
namespace {

constexpr Time kStart = Time{} + std::chrono::hours(1);
constexpr int kPatience = 100000;  // segments in one turn; more means that next() does not end

// The byte at `place` of the peer's stream is the low half of its place.
Bytes stream_bytes(std::uint32_t place, std::uint32_t size) {
  static const auto pattern = [] {
    std::array<std::uint8_t, 256 + 65536> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes.at(i) = static_cast<std::uint8_t>(i);
    return bytes;
  }();
  return Bytes(pattern).subspan(place % 256, size);
}

}  // namespace

ScriptedPeer::ScriptedPeer(Connection machine, Time start, const Opening& opening)
    : connection(std::move(machine)), now(start), window(opening.peer_window), opening_(opening) {
  timestamps = opening.peer_options.timestamps;
}

ScriptedPeer ScriptedPeer::opening(const Opening& opening) {
  const Segment syn{.sequence = opening.peer_initial,
                    .flags = {.syn = true},
                    .window = opening.peer_window,
                    .options = opening.peer_options};
  return {Connection::from_syn(kStart, syn, opening.ours), kStart, opening};
}

ScriptedPeer ScriptedPeer::called(const Opening& opening) {
  return {Connection::to_guest(kStart, opening.ours), kStart, opening};
}

ScriptedPeer ScriptedPeer::established(const Opening& opening) {
  ScriptedPeer peer = ScriptedPeer::opening(opening);
  peer.connection.admit();
  Expects(peer.hears().size() == 1);
  peer.gives(peer.ack(0));
  Ensures(peer.connection.state() == State::kEstablished && peer.hears().empty());
  return peer;
}

Segment ScriptedPeer::segment(Sequence sequence, TcpFlags flags) const {
  Segment segment{.sequence = sequence, .flags = flags, .window = window};
  if (flags.ack) segment.acknowledgment = our_number(acknowledges);
  segment.options.timestamps = timestamps;
  return segment;
}

Segment ScriptedPeer::syn() const {
  Segment syn = segment(opening_.peer_initial, {.syn = true});
  syn.options = opening_.peer_options;
  return syn;
}

Segment ScriptedPeer::syn_ack() const {
  Segment answer = syn();
  answer.flags.ack = true;
  answer.acknowledgment = our_number(0);
  return answer;
}

Segment ScriptedPeer::ack(std::uint32_t count) const {
  Segment ack = segment(peer_number(sent), {.ack = true});
  ack.acknowledgment = our_number(count);
  return ack;
}

Segment ScriptedPeer::data(std::uint32_t begin, std::uint32_t size) const {
  Segment data = segment(peer_number(begin), {.ack = true});
  data.payload = stream_bytes(begin, size);
  return data;
}

Segment ScriptedPeer::fin(std::uint32_t at) const {
  return segment(peer_number(at), {.fin = true, .ack = true});
}

Segment ScriptedPeer::rst(std::uint32_t at) const {
  return segment(peer_number(at), {.rst = true});
}

Arrival ScriptedPeer::gives(const Segment& segment) {
  return connection.on_segment(now, segment);
}

Arrival ScriptedPeer::gives_taken(const Segment& segment) {
  const Arrival arrival = gives(segment);
  const auto size = static_cast<std::uint32_t>(arrival.payload.size());
  if (size == 0) return arrival;
  if (arrival.offset == 0) {
    connection.received(now, size);
  } else {
    connection.keep(arrival.offset, size);
  }
  return arrival;
}

std::vector<Said> ScriptedPeer::hears(std::uint32_t limit) {
  std::vector<Said> heard;
  for (int i = 0; i < kPatience; ++i) {
    const auto outgoing = connection.next(now, limit);
    if (!outgoing) return heard;
    heard.push_back({*outgoing, now});
  }
  Ensures(false);
  return heard;
}

std::vector<Said> ScriptedPeer::waits(Duration duration) {
  const Time end = now + duration;
  std::vector<Said> heard = hears();
  for (auto due = connection.deadline(now); due && *due <= end; due = connection.deadline(now)) {
    now = std::max(now, *due);
    connection.on_time(now);
    const auto more = hears();
    heard.insert(heard.end(), more.begin(), more.end());
  }
  now = end;
  return heard;
}

std::vector<Said> ScriptedPeer::sends(std::uint32_t count) {
  connection.enqueue(count);
  return hears();
}

std::int64_t ScriptedPeer::place(const Outgoing& segment) const {
  return Sequence::distance(our_number(0), segment.sequence);
}

std::int64_t ScriptedPeer::acknowledged(const Outgoing& segment) const {
  return Sequence::distance(peer_number(0), segment.acknowledgment);
}

SackBlock ScriptedPeer::sack(std::uint32_t begin, std::uint32_t end) const {
  return {our_number(begin).number(), our_number(end).number()};
}

SackBlock ScriptedPeer::sacked(const SackBlock& block) const {
  return {Sequence(block.left) - peer_number(0), Sequence(block.right) - peer_number(0)};
}

}  // namespace sluice::tcp
