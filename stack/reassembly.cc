#include "stack/reassembly.h"

#include <algorithm>

#include <gsl/assert>

#include "stack/checksum.h"
#include "stack/ip_header.h"

namespace sluice {
namespace {

constexpr std::size_t kMaxLength = IpHeader::kMaxLength;
constexpr std::size_t kMaxPacket = Ipv6Header::kSize + kMaxLength;

// Of IPv6 the field does not count the header.
std::size_t max_packet(const IpAddress& source) {
  return source.is_v4() ? kMaxLength : kMaxPacket;
}

// Flags and fragment offset in the header of RFC 791, section 3.1, in bytes from its start.
constexpr std::size_t kFragmentOffset = 6;

// Makes the first fragment's header, options and all, that of the whole `packet`.
void rewrite_header(MutableBytes packet, std::size_t header_size) {
  if (packet[0] >> 4 == 6) {
    store_big(packet, Ipv6Header::kPayloadLengthOffset,
              static_cast<std::uint16_t>(packet.size() - Ipv6Header::kSize));
    return;
  }
  store_big(packet, Ipv4Header::kTotalLengthOffset, static_cast<std::uint16_t>(packet.size()));
  store_big(packet, kFragmentOffset, std::uint16_t{0});
  store_big(packet, Ipv4Header::kChecksumOffset, std::uint16_t{0});
  store_big(packet, Ipv4Header::kChecksumOffset, internet_checksum(packet.first(header_size)));
}

}  // namespace

Fragment::Fragment(const Ipv4View& view) : Fragment(view, view.header()) {}

Fragment::Fragment(const Ipv4View& view, const Ipv4Header& ip)
    : source(ip.source),
      destination(ip.destination),
      identification(ip.identification),
      protocol(ip.protocol),
      offset(ip.fragment_offset),
      more(ip.more_fragments),
      header(view.packet().first(view.header_size())),
      protocol_at(Ipv4Header::kProtocolOffset),
      payload(view.payload()) {}

Fragment::Fragment(const Ipv6View& view) : Fragment(view, view.header()) {}

Fragment::Fragment(const Ipv6View& view, const Ipv6Header& ip)
    : source(ip.source),
      destination(ip.destination),
      identification(view.fragment()->identification),
      protocol(view.fragment()->next_header),
      offset(view.fragment()->offset),
      more(view.fragment()->more_fragments),
      header(view.unfragmentable()),
      protocol_at(view.fragment_named_at()),
      payload(view.payload()) {}

ReassemblyLimits ReassemblyLimits::at_mtu(std::uint16_t mtu) {
  ReassemblyLimits limits;
  const std::size_t fragment = std::max(mtu - Ipv4Header::kSize, std::size_t{8}) / 8 * 8;
  limits.fragments = std::max(limits.fragments, (kMaxLength + fragment - 1) / fragment);
  return limits;
}

Reassembler::Reassembler(const ReassemblyLimits& limits, Counters& counters, TimerWheel& timers)
    : limits_(limits), counters_(counters), timers_(timers), timer_(*this) {
  Expects(limits.datagrams > 0);
}

std::optional<Bytes> Reassembler::add(Time now, const Fragment& fragment) {
  const Bytes payload = fragment.payload;
  const std::size_t begin = fragment.offset;
  const std::size_t end = begin + payload.size();
  const bool last = !fragment.more;
  if (payload.empty() || (!last && payload.size() % 8 != 0) ||
      fragment.header.size() > kMaxHeader ||
      fragment.header.size() + end > max_packet(fragment.source)) {
    counters_.count(Drop::kMalformed);
    return std::nullopt;
  }

  const Key key{fragment.source, fragment.destination, fragment.identification,
                fragment.source.is_v4() ? fragment.protocol : IpProtocol{}};
  Entry* const known = find(key);
  Entry& entry = known != nullptr ? *known : open(now, key);
  if (entry.state == Entry::State::kDiscarded) {
    counters_.count(entry.reason);
    return std::nullopt;
  }
  switch (judge(entry, begin, payload, last)) {
    case Verdict::kRepeated:
      return std::nullopt;
    case Verdict::kConflict:
      discard(entry, Drop::kReassemblyOverlap);
      return std::nullopt;
    case Verdict::kNew:
      break;
  }
  if (!keep(entry, begin, payload)) {
    discard(entry, Drop::kReassemblyLimit);
    return std::nullopt;
  }
  if (last) entry.end = static_cast<std::uint16_t>(end);
  if (begin == 0) {
    entry.header_size = static_cast<std::uint8_t>(fragment.header.size());
    copy_bytes(fragment.header, entry.header);
    entry.header.at(fragment.protocol_at) = static_cast<std::uint8_t>(fragment.protocol);
  }
  // The ranges are disjoint and end at entry.end: as many bytes as that leave no gap.
  if (!entry.end || entry.payload.size() < *entry.end) return std::nullopt;

  // Options that only the first fragment carries may have made it too long in the end.
  std::optional<Bytes> packet;
  if (entry.header_size + entry.payload.size() <= max_packet(entry.key.source)) {
    packet = assemble(entry);
  } else {
    counters_.count(Drop::kMalformed);
  }
  free(entry);
  return packet;
}

void Reassembler::on_timer(Time now, Timer& /*timer*/) {
  for (Entry& entry : entries_) {
    if (entry.state == Entry::State::kFree || entry.deadline > now) continue;
    if (entry.state == Entry::State::kCollecting) counters_.count(Drop::kReassemblyTimeout);
    free(entry);
  }
  set_timer();
}

Reassembler::Entry* Reassembler::find(const Key& key) {
  for (Entry& entry : entries_) {
    if (entry.state != Entry::State::kFree && entry.key == key) return &entry;
  }
  return nullptr;
}

template <typename Predicate>
Reassembler::Entry* Reassembler::oldest(Predicate eligible) {
  Entry* oldest = nullptr;
  for (Entry& entry : entries_) {
    if (entry.state == Entry::State::kFree || !eligible(entry)) continue;
    if (oldest == nullptr || entry.serial < oldest->serial) oldest = &entry;
  }
  return oldest;
}

Reassembler::Entry& Reassembler::open(Time now, const Key& key) {
  auto place = std::find_if(entries_.begin(), entries_.end(),
                            [](const Entry& entry) { return entry.state == Entry::State::kFree; });
  if (place == entries_.end() && entries_.size() < limits_.datagrams) {
    place = entries_.emplace(entries_.end());
  }
  Entry* const entry =
      place != entries_.end() ? &*place : oldest([](const Entry&) { return true; });
  if (entry->state != Entry::State::kFree) evict(*entry);
  entry->state = Entry::State::kCollecting;
  entry->key = key;
  entry->deadline = now + limits_.lifetime;
  entry->serial = next_serial_++;
  ++datagrams_;
  if (!timer_.is_set()) timers_.set(timer_, entry->deadline);
  return *entry;
}

Reassembler::Verdict Reassembler::judge(const Entry& entry, std::size_t begin, Bytes payload,
                                        bool last) {
  const std::size_t end = begin + payload.size();
  const bool ends_agree =
      last ? (entry.end ? end == *entry.end : entry.ranges.empty() || entry.ranges.back().end < end)
           : (!entry.end || end < *entry.end);
  if (!ends_agree) return Verdict::kConflict;

  const auto next =
      std::upper_bound(entry.ranges.begin(), entry.ranges.end(), begin,
                       [](std::size_t at, const Range& range) { return at < range.end; });
  if (next == entry.ranges.end() || next->begin >= end) return Verdict::kNew;
  if (next->begin != begin || next->end != end) return Verdict::kConflict;
  const Bytes kept = Bytes(entry.payload).subspan(next->stored, payload.size());
  return std::equal(kept.begin(), kept.end(), payload.begin()) ? Verdict::kRepeated
                                                               : Verdict::kConflict;
}

bool Reassembler::keep(Entry& entry, std::size_t begin, Bytes payload) {
  const std::size_t stored = entry.payload.size();
  if (entry.ranges.size() == limits_.fragments || !reserve(entry, stored + payload.size())) {
    return false;
  }
  entry.payload.insert(entry.payload.end(), payload.begin(), payload.end());
  const auto next =
      std::upper_bound(entry.ranges.begin(), entry.ranges.end(), begin,
                       [](std::size_t at, const Range& range) { return at < range.begin; });
  entry.ranges.insert(next, Range{static_cast<std::uint16_t>(begin),
                                  static_cast<std::uint16_t>(begin + payload.size()),
                                  static_cast<std::uint16_t>(stored)});
  return true;
}

bool Reassembler::reserve(Entry& entry, std::size_t size) {
  const std::size_t capacity = entry.payload.capacity();
  if (size <= capacity) return true;
  if (size > limits_.bytes) return false;
  // Doubling keeps the copying linear; no packet needs more than kMaxLength.
  const std::size_t wanted =
      std::min(std::max(size, std::min(2 * capacity, kMaxLength)), limits_.bytes);
  while (buffered_bytes_ - capacity + wanted > limits_.bytes) {
    // It holds less than it wants and others hold the rest, so there is one.
    evict(*oldest(
        [&entry](const Entry& other) { return &other != &entry && other.payload.capacity() > 0; }));
  }
  entry.payload.reserve(wanted);
  buffered_bytes_ += entry.payload.capacity() - capacity;
  return true;
}

Bytes Reassembler::assemble(const Entry& entry) {
  const std::size_t header_size = entry.header_size;
  packet_.resize(kMaxPacket);
  const MutableBytes packet = MutableBytes(packet_).first(header_size + entry.payload.size());
  copy_bytes(Bytes(entry.header).first(header_size), packet);
  for (const Range& range : entry.ranges) {
    copy_bytes(Bytes(entry.payload).subspan(range.stored, std::size_t{range.end} - range.begin),
               packet.subspan(header_size + range.begin));
  }
  rewrite_header(packet, header_size);
  return packet;
}

void Reassembler::discard(Entry& entry, Drop reason) {
  counters_.count(reason);
  release_payload(entry);
  entry.ranges.clear();
  entry.state = Entry::State::kDiscarded;
  entry.reason = reason;
}

void Reassembler::evict(Entry& entry) {
  if (entry.state == Entry::State::kCollecting) counters_.count(Drop::kReassemblyLimit);
  free(entry);
}

void Reassembler::release_payload(Entry& entry) {
  buffered_bytes_ -= entry.payload.capacity();
  std::vector<std::uint8_t>().swap(entry.payload);
}

void Reassembler::free(Entry& entry) {
  release_payload(entry);
  entry.ranges.clear();
  entry.header_size = 0;
  entry.end.reset();
  entry.state = Entry::State::kFree;
  --datagrams_;
  if (datagrams_ == 0) timer_.cancel();
}

void Reassembler::set_timer() {
  const Entry* const first = oldest([](const Entry&) { return true; });
  if (first != nullptr) timers_.set(timer_, first->deadline);
}

}  // namespace sluice
