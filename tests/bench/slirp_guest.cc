#include "tests/bench/slirp_guest.h"

#include <algorithm>
#include <cstring>

namespace sluice::bench {
namespace {

constexpr std::array<std::uint8_t, 6> kGuestMac{0x52, 0x54, 0, 0x12, 0x34, 0x56};
constexpr std::array<std::uint8_t, 6> kGatewayMac{0x52, 0x55, 10, 0, 2, 2};
constexpr std::array<std::uint8_t, 4> kGuest{10, 0, 2, 15};
constexpr std::array<std::uint8_t, 4> kGateway{10, 0, 2, 2};

enum Flags : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };
constexpr std::uint8_t kTcpProtocol = 6;
constexpr std::uint8_t kUdpProtocol = 17;
constexpr std::uint8_t kScale = 7;
constexpr std::uint16_t kWindow = 8192;  // a megabyte, scaled

void put16(std::uint8_t* at, std::uint32_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
void put32(std::uint8_t* at, std::uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value);
}
std::uint16_t get16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}
std::uint32_t get32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(get16(at)) << 16 | get16(at + 2);
}

// The payload is zeros, so only headers are summed.
std::uint16_t checksum(const std::uint8_t* at, std::size_t size, std::uint32_t sum) {
  for (std::size_t i = 0; i + 1 < size; i += 2) sum += get16(at + i);
  while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint32_t pseudo_header(std::uint8_t protocol, std::size_t size) {
  return get16(kGuest.data()) + get16(kGuest.data() + 2) + get16(kGateway.data()) +
         get16(kGateway.data() + 2) + protocol + static_cast<std::uint32_t>(size);
}

}  // namespace

SlirpGuest::SlirpGuest(SlirpProgram& program) : program_(program) {
  program_.on_frame = [this](const std::uint8_t* frame, std::size_t size) {
    on_frame(frame, size);
  };
  // Shows who it is.
  std::array<std::uint8_t, 42> arp{};
  std::fill_n(arp.begin(), 6, std::uint8_t{0xff});
  std::copy(kGuestMac.begin(), kGuestMac.end(), arp.begin() + 6);
  put16(&arp[12], 0x0806);
  put16(&arp[14], 1);
  put16(&arp[16], 0x0800);
  arp[18] = 6;
  arp[19] = 4;
  put16(&arp[20], 1);
  std::copy(kGuestMac.begin(), kGuestMac.end(), arp.begin() + 22);
  std::copy(kGuest.begin(), kGuest.end(), arp.begin() + 28);
  std::copy(kGateway.begin(), kGateway.end(), arp.begin() + 38);
  program_.input(arp.data(), arp.size());
}

std::uint8_t* SlirpGuest::put_ip(std::uint8_t protocol, std::size_t payload) {
  std::copy(kGatewayMac.begin(), kGatewayMac.end(), frame_.begin());
  std::copy(kGuestMac.begin(), kGuestMac.end(), frame_.begin() + 6);
  put16(&frame_[12], 0x0800);
  std::uint8_t* const ip = &frame_[kEthernet];
  std::memset(ip, 0, kIp);
  ip[0] = 0x45;
  put16(ip + 2, static_cast<std::uint32_t>(kIp + payload));
  ip[8] = 64;
  ip[9] = protocol;
  std::copy(kGuest.begin(), kGuest.end(), ip + 12);
  std::copy(kGateway.begin(), kGateway.end(), ip + 16);
  put16(ip + 10, checksum(ip, kIp, 0));
  return ip + kIp;
}

void SlirpGuest::send(SlirpConnection& connection, std::uint8_t flags, std::size_t payload) {
  const bool syn = (flags & kSyn) != 0;
  constexpr std::size_t kOptions = 8;  // of a SYN
  const std::size_t header = kTcp + (syn ? kOptions : 0);
  std::uint8_t* const tcp = put_ip(kTcpProtocol, header + payload);
  std::memset(tcp, 0, header);
  put16(tcp, connection.port);
  put16(tcp + 2, peers_[connection.port]);
  put32(tcp + 4, connection.next);
  put32(tcp + 8, connection.expected);
  tcp[12] = static_cast<std::uint8_t>(header / 4 << 4);
  tcp[13] = flags;
  put16(tcp + 14, syn ? 65535 : connection.scale != 0 ? kWindow : 65535);
  if (syn) {
    const std::array<std::uint8_t, kOptions> options{2, 4, kSegment >> 8, kSegment & 0xff,
                                                     3, 3, kScale,        1};
    std::copy(options.begin(), options.end(), tcp + kTcp);
  }
  put16(tcp + 16, checksum(tcp, header, pseudo_header(kTcpProtocol, header + payload)));
  connection.next += static_cast<std::uint32_t>(payload) + (syn ? 1 : 0) + (flags & kFin);
  program_.input(frame_.data(), kEthernet + kIp + header + payload);
}

SlirpConnection& SlirpGuest::connect(std::uint16_t from, std::uint16_t to) {
  SlirpConnection& connection = connections_[from];
  connection = {};
  connection.port = from;
  connection.next = connection.acknowledged = from * 65537U;
  peers_[from] = to;
  send(connection, kSyn, 0);
  // What follows carries zeros where its options were.
  std::fill(frame_.begin() + kHeaders, frame_.end(), std::uint8_t{0});
  return connection;
}

unsigned SlirpGuest::send_segments(SlirpConnection& connection, unsigned most) {
  unsigned count = 0;
  while (count < most) {
    const std::uint32_t in_flight = connection.next - connection.acknowledged;
    if (in_flight + kSegment > connection.window) break;
    send(connection, kAck | kPsh, kSegment);
    ++count;
  }
  return count;
}

void SlirpGuest::finish(SlirpConnection& connection) {
  if (connection.closing) return;
  connection.closing = true;
  send(connection, kFin | kAck, 0);
}

void SlirpGuest::acknowledge() {
  // More may come while they are sent.
  turns_.swap(owing_);
  for (SlirpConnection* const connection : turns_) {
    if (connection == nullptr) continue;
    connection->owes = false;
    send(*connection, kAck, 0);
  }
  turns_.clear();
}

void SlirpGuest::owe(SlirpConnection& connection) {
  if (!connection.owes) owing_.push_back(&connection);
  connection.owes = true;
}

void SlirpGuest::forget(std::uint16_t from) {
  const auto found = connections_.find(from);
  if (found == connections_.end()) return;
  for (auto* const list : {&owing_, &turns_}) {
    std::replace(list->begin(), list->end(), &found->second,
                 static_cast<SlirpConnection*>(nullptr));
  }
  connections_.erase(found);
}

void SlirpGuest::send_datagram(std::uint16_t from, std::uint16_t to, std::size_t size) {
  constexpr std::size_t kUdp = 8;
  std::uint8_t* const udp = put_ip(kUdpProtocol, kUdp + size);
  put16(udp, from);
  put16(udp + 2, to);
  put16(udp + 4, static_cast<std::uint32_t>(kUdp + size));
  put16(udp + 6, 0);
  std::memset(udp + kUdp, 0, size);
  const std::uint32_t sum = pseudo_header(kUdpProtocol, kUdp + size);
  put16(udp + 6, checksum(udp, kUdp, sum));
  program_.input(frame_.data(), kEthernet + kIp + kUdp + size);
}

void SlirpGuest::on_frame(const std::uint8_t* frame, std::size_t size) {
  if (size < kEthernet + kIp || get16(frame + 12) != 0x0800) return;
  const std::uint8_t* const ip = frame + kEthernet;
  const std::size_t length = std::min<std::size_t>(size - kEthernet, get16(ip + 2));
  if (ip[9] == kUdpProtocol) ++datagrams_;
  if (ip[9] == kTcpProtocol && length >= kIp + kTcp) on_segment(ip, length);
}

void SlirpGuest::on_segment(const std::uint8_t* ip, std::size_t size) {
  const std::uint8_t* const tcp = ip + kIp;
  const auto found = connections_.find(get16(tcp + 2));
  if (found == connections_.end()) return;
  SlirpConnection& connection = found->second;
  const std::size_t header = std::size_t{tcp[12]} >> 4 << 2;
  const std::uint8_t flags = tcp[13];
  const std::size_t payload = size - kIp - header;
  if ((flags & kRst) != 0) {
    connection.reset = true;
    return;
  }
  if ((flags & kSyn) != 0) {
    for (std::size_t i = kTcp; i + 2 < header && tcp[i] != 0;) {
      if (tcp[i] == 3) connection.scale = tcp[i + 2];
      i += tcp[i] == 1 ? 1 : tcp[i + 1];
    }
    connection.expected = get32(tcp + 4) + 1;
    connection.established = true;
    connection.window = get16(tcp + 14);
    connection.acknowledged = get32(tcp + 8);
    owe(connection);
    return;
  }
  const std::uint32_t acknowledged = get32(tcp + 8);
  if (static_cast<std::int32_t>(acknowledged - connection.acknowledged) >= 0) {
    connection.acknowledged = acknowledged;
    connection.window = static_cast<std::uint32_t>(get16(tcp + 14)) << connection.scale;
  }
  const bool in_order = get32(tcp + 4) == connection.expected;
  if (in_order && payload == 0 && (flags & kFin) == 0) return;
  owe(connection);
  if (!in_order) return;
  connection.expected += static_cast<std::uint32_t>(payload);
  bytes_ += payload;
  if ((flags & kFin) != 0) {
    ++connection.expected;
    connection.finished = true;
  }
}

}  // namespace sluice::bench
