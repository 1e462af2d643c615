#include "app/libslirp/state.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "stack/random.h"

namespace sluice {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic{'s', 'l', 'u', 'i', 'c', 'e', 0x0a, 0x1a};
constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kHeaderSize = kMagic.size() + 4 + 4 + 8;
// Against damage, not against malice: records are checked whatever it says.
constexpr Seed kChecksumKey{0x736c75696365, 0x7374617465};

// Numbers of records that no instance has more of.
constexpr std::uint32_t kMaxLeases = 1024;
constexpr std::uint32_t kMaxNeighbors = Neighbors::kCapacity;
constexpr std::uint32_t kMaxFlows = 65536;
constexpr std::uint32_t kMaxIdentifier = 255;

class Writer {
 public:
  template <typename Number>
  void number(Number value) {
    std::array<std::uint8_t, sizeof(Number)> octets{};
    store_big(octets, 0, value);
    bytes(octets);
  }
  void flag(bool value) { number(static_cast<std::uint8_t>(value ? 1 : 0)); }
  void bytes(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void counted(Bytes counted) {
    number(static_cast<std::uint32_t>(counted.size()));
    bytes(counted);
  }
  void address(const IpAddress& address) { bytes(address.octets()); }
  void endpoint(const Endpoint& endpoint) {
    address(endpoint.address);
    number(endpoint.port);
  }
  std::vector<std::uint8_t>& out() { return out_; }

 private:
  std::vector<std::uint8_t> out_;
};

// Reads zeros behind the end, and then it has failed.
class Reader {
 public:
  explicit Reader(Bytes rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }
  bool failed() const { return failed_; }
  void fail() { failed_ = true; }

  Bytes bytes(std::size_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  template <typename Number>
  void number(Number& value) {
    const Bytes octets = bytes(sizeof(Number));
    if (!failed_) value = load_big<Number>(octets, 0);
  }
  void flag(bool& value) {
    std::uint8_t octet = 0;
    number(octet);
    if (octet > 1) failed_ = true;
    value = octet == 1;
  }
  std::uint32_t count(std::uint32_t most) {
    std::uint32_t value = 0;
    number(value);
    if (value > most) failed_ = true;
    return failed_ ? 0 : value;
  }
  void counted(std::vector<std::uint8_t>& value) {
    const Bytes taken = bytes(count(UINT32_MAX));
    value.assign(taken.begin(), taken.end());
  }
  void address(IpAddress& address) {
    std::array<std::uint8_t, 16> octets{};
    const Bytes taken = bytes(octets.size());
    std::copy(taken.begin(), taken.end(), octets.begin());
    address = IpAddress::v6(octets);
  }
  void mac(MacAddress& mac) {
    std::array<std::uint8_t, MacAddress::kSize> octets{};
    const Bytes taken = bytes(octets.size());
    std::copy(taken.begin(), taken.end(), octets.begin());
    mac = MacAddress(octets);
  }
  void endpoint(Endpoint& endpoint) {
    address(endpoint.address);
    number(endpoint.port);
  }

 private:
  Bytes rest_;
  bool failed_ = false;
};

// Calls visit() with each member of a snapshot, in the order of the format.
template <typename Snapshot, typename Visit>
void visit_members(Snapshot& snapshot, Visit visit) {
  visit(snapshot.una);
  visit(snapshot.nxt);
  visit(snapshot.send_end);
  visit(snapshot.peer_window);
  visit(snapshot.max_peer_window);
  visit(snapshot.window_sequence);
  visit(snapshot.window_acknowledgment);
  visit(snapshot.expected);
  visit(snapshot.advertised);
  visit(snapshot.timestamp);
  visit(snapshot.recent_timestamp);
  visit(snapshot.own_segment_size);
  visit(snapshot.peer_segment_size);
  visit(snapshot.peer_scale);
  visit(snapshot.own_scale);
  visit(snapshot.fin_queued);
  visit(snapshot.fin_sent);
  visit(snapshot.peer_finished);
  visit(snapshot.timestamps);
  visit(snapshot.sack);
  visit(snapshot.scaled);
  visit(snapshot.active);
}

void write_lease(Writer& writer, const DhcpLeaseTable::Record& lease) {
  writer.address(lease.address);
  writer.bytes(lease.mac.octets());
  writer.flag(lease.left.has_value());
  writer.number(static_cast<std::uint64_t>(lease.left.value_or(Duration::zero()).count()));
  writer.counted(lease.identifier);
}

DhcpLeaseTable::Record read_lease(Reader& reader) {
  DhcpLeaseTable::Record lease;
  reader.address(lease.address);
  reader.mac(lease.mac);
  bool ends = false;
  std::uint64_t left = 0;
  reader.flag(ends);
  reader.number(left);
  reader.counted(lease.identifier);
  // A year, which is longer than any lease that ends.
  constexpr std::uint64_t kLongest = 365ULL * 86'400 * 1'000'000'000;
  if (left > kLongest || lease.identifier.empty() || lease.identifier.size() > kMaxIdentifier) {
    reader.fail();
  }
  if (ends) lease.left = Duration(static_cast<std::int64_t>(left));
  return lease;
}

void write_stream(Writer& writer, const SavedState::Stream& stream) {
  const StreamState& state = stream.state;
  writer.endpoint(state.guest);
  writer.endpoint(state.server);
  visit_members(state.connection, [&](const auto& member) {
    if constexpr (std::is_same_v<decltype(member), const bool&>) {
      writer.flag(member);
    } else {
      writer.number(member);
    }
  });
  writer.flag(state.stream_finished);
  writer.flag(state.guest_finished);
  writer.counted(state.to_guest);
  writer.counted(state.to_host);
  writer.counted(stream.unsaid);
}

SavedState::Stream read_stream(Reader& reader) {
  SavedState::Stream stream;
  StreamState& state = stream.state;
  reader.endpoint(state.guest);
  reader.endpoint(state.server);
  visit_members(state.connection, [&](auto& member) {
    if constexpr (std::is_same_v<decltype(member), bool&>) {
      reader.flag(member);
    } else {
      reader.number(member);
    }
  });
  reader.flag(state.stream_finished);
  reader.flag(state.guest_finished);
  reader.counted(state.to_guest);
  reader.counted(state.to_host);
  reader.counted(stream.unsaid);
  if (!reader.failed() && !state.is_sound()) reader.fail();
  return stream;
}

void write_position(Writer& writer, const FlowPosition& flow) {
  writer.endpoint(flow.guest);
  writer.endpoint(flow.remote);
  writer.number(flow.position.una);
  writer.number(flow.position.nxt);
  writer.number(flow.position.expected);
  writer.number(flow.position.recent_timestamp);
}

FlowPosition read_position(Reader& reader) {
  FlowPosition flow;
  reader.endpoint(flow.guest);
  reader.endpoint(flow.remote);
  reader.number(flow.position.una);
  reader.number(flow.position.nxt);
  reader.number(flow.position.expected);
  reader.number(flow.position.recent_timestamp);
  if (!reader.failed() && !flow.is_sound()) reader.fail();
  return flow;
}

std::optional<SavedState> parse_body(Bytes body) {
  Reader reader(body);
  SavedState state;
  for (std::uint32_t left = reader.count(kMaxLeases); left > 0 && !reader.failed(); --left) {
    state.leases.push_back(read_lease(reader));
  }
  for (std::uint32_t left = reader.count(kMaxNeighbors); left > 0 && !reader.failed(); --left) {
    Neighbors::Entry neighbor;
    reader.address(neighbor.address);
    reader.mac(neighbor.mac);
    state.neighbors.push_back(neighbor);
  }
  for (std::uint32_t left = reader.count(kMaxFlows); left > 0 && !reader.failed(); --left) {
    state.streams.push_back(read_stream(reader));
  }
  for (std::uint32_t left = reader.count(kMaxFlows); left > 0 && !reader.failed(); --left) {
    state.positions.push_back(read_position(reader));
  }
  if (reader.failed() || !reader.at_end()) return std::nullopt;
  return state;
}

}  // namespace

std::vector<std::uint8_t> emit_state(const SavedState& state) {
  Writer body;
  body.number(static_cast<std::uint32_t>(state.leases.size()));
  for (const auto& lease : state.leases) write_lease(body, lease);
  body.number(static_cast<std::uint32_t>(state.neighbors.size()));
  for (const Neighbors::Entry& neighbor : state.neighbors) {
    body.address(neighbor.address);
    body.bytes(neighbor.mac.octets());
  }
  // Their size is bounded, that of streams is not.
  Writer positions;
  const auto most = std::min<std::size_t>(state.positions.size(), kMaxFlows);
  positions.number(static_cast<std::uint32_t>(most));
  for (std::size_t i = 0; i < most; ++i) write_position(positions, state.positions[i]);
  Writer streams;
  std::uint32_t count = 0;
  for (const SavedState::Stream& stream : state.streams) {
    Writer one;
    write_stream(one, stream);
    const std::size_t others = body.out().size() + 4 + streams.out().size();
    if (count == kMaxFlows || others + one.out().size() + positions.out().size() > kMaxStateBody) {
      continue;
    }
    streams.bytes(one.out());
    ++count;
  }
  body.number(count);
  body.bytes(streams.out());
  body.bytes(positions.out());
  return seal_state(body.out());
}

std::vector<std::uint8_t> seal_state(Bytes body) {
  Writer whole;
  whole.bytes(kMagic);
  whole.number(kVersion);
  whole.number(static_cast<std::uint32_t>(body.size()));
  whole.number(siphash(kChecksumKey, body));
  whole.bytes(body);
  return std::move(whole.out());
}

std::optional<SavedState> parse_state(const ReadExactly& read) {
  std::array<std::uint8_t, kHeaderSize> header{};
  if (!read(header)) return std::nullopt;
  Reader reader(header);
  const Bytes magic = reader.bytes(kMagic.size());
  std::uint32_t version = 0;
  std::uint32_t size = 0;
  std::uint64_t checksum = 0;
  reader.number(version);
  reader.number(size);
  reader.number(checksum);
  const bool ours = std::equal(magic.begin(), magic.end(), kMagic.begin(), kMagic.end());
  if (!ours || version != kVersion || size > kMaxStateBody) return std::nullopt;
  // Grows as the bytes come: a length alone costs nothing.
  constexpr std::size_t kStep = 64U << 10;
  std::vector<std::uint8_t> body;
  while (body.size() < size) {
    const std::size_t before = body.size();
    body.resize(std::min<std::size_t>(size, before + kStep));
    if (!read(MutableBytes(body).subspan(before))) return std::nullopt;
  }
  if (siphash(kChecksumKey, body) != checksum) return std::nullopt;
  return parse_body(body);
}

}  // namespace sluice
