#include "stack/egress.h"

#include <algorithm>

#include <gsl/assert>

#include "stack/checksum.h"
#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/icmpv6.h"
#include "stack/wire/ndp.h"

namespace sluice {
namespace {

void copy_pieces(gsl::span<const Bytes> pieces, MutableBytes to) {
  for (const Bytes piece : pieces) {
    copy_bytes(piece, to);
    to = to.subspan(piece.size());
  }
}

bool cuts_tcp(const LinkCapabilities& capabilities, const IpAddress& to) {
  return to.is_v4() ? capabilities.tcp4_segmentation : capabilities.tcp6_segmentation;
}

// RFC 4443, section 2.3.
void add_icmpv6_pseudo_header(ChecksumSum& sum, const IpHeader& ip, std::size_t size) {
  sum.add_pseudo_header(ip.source, ip.destination, static_cast<std::uint8_t>(IpProtocol::kIcmpv6),
                        static_cast<std::uint32_t>(size));
}

}  // namespace

Egress::Egress(const Network& network, Link& link, Counters& counters, TimerWheel& timers)
    : network_(network), link_(link), counters_(counters), timers_(timers), waiting_timer_(*this) {}

std::uint32_t Egress::tcp_payload_limit(const IpAddress& to) const {
  const LinkCapabilities capabilities = link_.capabilities();
  if (!cuts_tcp(capabilities, to) || !capabilities.checksum) return 0;
  return IpHeader::kMaxLength - IpHeader::kMaxSize - TcpHeader::kSize - TcpOptions::kMaxSize;
}

bool Egress::has_room(const IpAddress& to) const {
  const std::optional<MacAddress> mac = neighbors_.find(to);
  return !mac || link_.has_room(*mac);
}

MacAddress Egress::link_source(const IpAddress& from) const {
  return Network::mac_of(network_.is_inside(from) ? from : network_.of(from).host);
}

std::optional<MacAddress> Egress::link_destination(const IpAddress& to) const {
  if (network_.is_broadcast(to)) return MacAddress::broadcast();
  if (!to.is_v4() && to.is_multicast()) return to.multicast_mac();
  return neighbors_.find(to);
}

MutableBytes Egress::begin_frame(const IpAddress& from, const IpAddress& to,
                                 std::optional<MacAddress> link_to, std::size_t size) {
  if (!link_to) {
    link_to = link_destination(to);
  }
  resolved_ = link_to.has_value();
  room_ = link_.reserve(EthernetHeader::kSize + size);
  EthernetHeader{link_to.value_or(MacAddress()), link_source(from),
                 to.is_v4() ? EtherType::kIpv4 : EtherType::kIpv6}
      .emit(room_);
  return room_.subspan(EthernetHeader::kSize, size);
}

void Egress::finish_frame(Time now, const IpAddress& to, std::size_t header_size,
                          gsl::span<const Bytes> payload, const Offload& offload) {
  if (resolved_) {
    ++counters_.frames_out;
    counters_.bytes_out += header_size + total_size(payload);
    link_.commit(header_size, payload, offload);
    return;
  }
  if (waiting_.size() == kMaxWaiting) {
    counters_.count(Drop::kUnresolved);
    return;
  }
  const bool asked =
      std::any_of(waiting_.begin(), waiting_.end(), [&](const auto& w) { return w.to == to; });
  Waiting waiting{to, now + std::chrono::seconds(1), {}, offload};
  const Bytes header = room_.first(header_size);
  waiting.frame.assign(header.begin(), header.end());
  for (const Bytes piece : payload) {
    waiting.frame.insert(waiting.frame.end(), piece.begin(), piece.end());
  }
  waiting_.push_back(std::move(waiting));
  if (!waiting_timer_.is_set()) timers_.set(waiting_timer_, waiting_.front().until);
  if (!asked) ask_for(now, to);
}

void Egress::ask_for(Time now, const IpAddress& address) {
  if (address.is_v4()) {
    ask_by_arp(address);
    return;
  }
  const NeighborSolicitation message{.target = address,
                                     .source_link_address = Network::mac_of(network_.router())};
  std::array<std::uint8_t, NeighborSolicitation::kFixedSize + NdpLinkAddress::kSize> bytes{};
  message.emit(bytes);
  send_ndp(now, network_.router(), address.solicited_node(), bytes);
}

void Egress::ask_by_arp(const IpAddress& address) {
  const MacAddress our_mac = Network::mac_of(network_.v4.host);
  constexpr std::size_t kSize = EthernetHeader::kSize + ArpMessage::kSize;
  const MutableBytes room = link_.reserve(kSize);
  EthernetHeader{MacAddress::broadcast(), our_mac, EtherType::kArp}.emit(room);
  ArpMessage{ArpMessage::Operation::kRequest, our_mac, network_.v4.host, MacAddress(), address}
      .emit(room.subspan(EthernetHeader::kSize));
  ++counters_.frames_out;
  counters_.bytes_out += kSize;
  link_.commit(kSize, {}, {});
}

void Egress::send_arp_reply(const IpAddress& ours, const IpAddress& to, const MacAddress& link_to) {
  constexpr std::size_t kSize = EthernetHeader::kSize + ArpMessage::kSize;
  const MacAddress our_mac = Network::mac_of(ours);
  const MutableBytes room = link_.reserve(kSize);
  EthernetHeader{link_to, our_mac, EtherType::kArp}.emit(room);
  ArpMessage{ArpMessage::Operation::kReply, our_mac, ours, link_to, to}.emit(
      room.subspan(EthernetHeader::kSize));
  ++counters_.frames_out;
  counters_.bytes_out += kSize;
  link_.commit(kSize, {}, {});
}

void Egress::learn(const IpAddress& address, const MacAddress& mac) {
  // No one station's (RFC 1812, section 3.3.2): what goes there would flood the link.
  if (!mac.is_station()) return;
  if (!neighbors_.learn(address, mac) || waiting_.empty()) return;
  std::vector<Waiting> ready;
  const auto first = std::stable_partition(waiting_.begin(), waiting_.end(),
                                           [&](const auto& w) { return w.to != address; });
  std::move(first, waiting_.end(), std::back_inserter(ready));
  waiting_.erase(first, waiting_.end());
  const LinkCapabilities capabilities = link_.capabilities();
  for (const Waiting& waiting : ready) {
    // The link may offer less by now.
    const bool cuts = waiting.offload.segmentation != Segmentation::kNone;
    if ((waiting.offload.checksum == ChecksumState::kPartial && !capabilities.checksum) ||
        (cuts && !cuts_tcp(capabilities, waiting.to))) {
      counters_.count(Drop::kUnresolved);
      continue;
    }
    const MutableBytes room = link_.reserve(waiting.frame.size());
    copy_bytes(waiting.frame, room);
    copy_bytes(mac.octets(), room);
    ++counters_.frames_out;
    counters_.bytes_out += waiting.frame.size();
    link_.commit(waiting.frame.size(), {}, waiting.offload);
  }
}

void Egress::on_timer(Time now, Timer& timer) {
  const auto first =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& w) { return w.until > now; });
  for (auto it = waiting_.begin(); it != first; ++it) counters_.count(Drop::kUnresolved);
  waiting_.erase(waiting_.begin(), first);
  if (!waiting_.empty()) timers_.set(timer, waiting_.front().until);
}

void Egress::send_tcp(Time now, const IpAddress& from, const IpAddress& to, const TcpHeader& header,
                      const TcpOptions& options, gsl::span<const Bytes> payload,
                      std::uint16_t segment_size) {
  const std::size_t size = total_size(payload);
  const std::size_t header_size = TcpHeader::kSize + options.size();
  const IpHeader ip{.protocol = IpProtocol::kTcp, .source = from, .destination = to};
  const std::size_t headers = EthernetHeader::kSize + ip.size();
  Expects(ip.size() + header_size + size <= IpHeader::kMaxLength);
  // To copy a little is cheaper than to tell the kernel where it lies.
  constexpr std::size_t kLittle = 256;
  const std::size_t copied = size <= kLittle ? size : 0;
  const MutableBytes room = begin_frame(from, to, std::nullopt, ip.size() + header_size + copied);
  ip.emit(room, header_size + size);
  const MutableBytes segment = room.subspan(ip.size(), header_size);
  TcpHeader sealed = header;
  sealed.checksum = 0;
  sealed.emit(options, segment);

  ChecksumSum sum;
  sum.add_pseudo_header(from, to, static_cast<std::uint8_t>(IpProtocol::kTcp),
                        static_cast<std::uint32_t>(header_size + size));
  Offload offload;
  if (link_.capabilities().checksum) {
    offload.checksum = ChecksumState::kPartial;
    offload.checksum_start = static_cast<std::uint16_t>(headers);
    offload.checksum_offset = TcpHeader::kChecksumOffset;
    store_big(segment, TcpHeader::kChecksumOffset, sum.folded());
    if (size > segment_size) {
      offload.segmentation = to.is_v4() ? Segmentation::kTcp4 : Segmentation::kTcp6;
      offload.segment_size = segment_size;
      offload.header_size = static_cast<std::uint16_t>(headers + header_size);
    }
  } else {
    sum.add(segment);
    for (const Bytes piece : payload) sum.add(piece);
    store_big(segment, TcpHeader::kChecksumOffset, sum.checksum());
  }
  if (copied == 0) {
    finish_frame(now, to, headers + header_size, payload, offload);
    return;
  }
  copy_pieces(payload, room.subspan(ip.size() + header_size));
  finish_frame(now, to, headers + header_size + size, {}, offload);
}

void Egress::send_udp(Time now, const Endpoint& from, const Endpoint& to, std::uint8_t ttl,
                      gsl::span<const Bytes> payloads, std::optional<MacAddress> link_to) {
  Expects(!payloads.empty());
  const LinkCapabilities capabilities = link_.capabilities();
  const std::size_t packet = IpHeader::size_for(to.address) + UdpHeader::kSize + payloads[0].size();
  if (capabilities.udp_segmentation && capabilities.checksum && packet <= network_.mtu) {
    send_udp_frame(now, from, to, ttl, payloads, link_to);
    return;
  }
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    send_udp_frame(now, from, to, ttl, payloads.subspan(i, 1), link_to);
  }
}

void Egress::send_udp_frame(Time now, const Endpoint& from, const Endpoint& to, std::uint8_t ttl,
                            gsl::span<const Bytes> payloads, std::optional<MacAddress> link_to) {
  const IpHeader ip{.protocol = IpProtocol::kUdp,
                    .hop_limit = ttl,
                    .source = from.address,
                    .destination = to.address};
  const std::size_t headers = EthernetHeader::kSize + ip.size();
  std::size_t size = UdpHeader::kSize;
  for (const Bytes payload : payloads) size += payload.size();
  if (size > ip.max_payload()) {
    counters_.count(Drop::kMalformed);
    return;
  }
  std::array<std::uint8_t, UdpHeader::kSize> header{};
  UdpHeader{from.port, to.port, static_cast<std::uint16_t>(size), 0}.emit(header);
  ChecksumSum sum;
  sum.add_pseudo_header(from.address, to.address, static_cast<std::uint8_t>(IpProtocol::kUdp),
                        static_cast<std::uint32_t>(size));
  const bool joined = payloads.size() > 1;
  const bool whole = joined || ip.size() + size <= network_.mtu;
  Offload offload;
  std::uint16_t checksum = sum.folded();
  if (link_.capabilities().checksum && whole) {
    offload.checksum = ChecksumState::kPartial;
    offload.checksum_start = static_cast<std::uint16_t>(headers);
    offload.checksum_offset = UdpHeader::kChecksumOffset;
  } else {
    sum.add(header);
    for (const Bytes payload : payloads) sum.add(payload);
    checksum = sum.checksum();
    if (checksum == 0) checksum = 0xffff;  // RFC 768: zero means none
  }
  if (joined) {
    offload.segmentation = Segmentation::kUdp;
    offload.segment_size = static_cast<std::uint16_t>(payloads[0].size());
    offload.header_size = static_cast<std::uint16_t>(headers + UdpHeader::kSize);
  }
  store_big(MutableBytes(header), UdpHeader::kChecksumOffset, checksum);
  send_packet(now, ip, header, payloads, link_to, offload);
}

void Egress::send_icmp(Time now, const IpAddress& from, const IpAddress& to, IcmpHeader header,
                       Bytes payload) {
  const bool v4 = to.is_v4();
  const IpHeader ip{
      .protocol = v4 ? IpProtocol::kIcmp : IpProtocol::kIcmpv6, .source = from, .destination = to};
  const std::size_t size = IcmpHeader::kSize + payload.size();
  if (size > ip.max_payload()) {
    counters_.count(Drop::kMalformed);
    return;
  }
  std::array<std::uint8_t, IcmpHeader::kSize> bytes{};
  header.checksum = 0;
  header.emit(bytes);
  ChecksumSum sum;
  if (!v4) add_icmpv6_pseudo_header(sum, ip, size);
  sum.add(bytes);
  sum.add(payload);
  store_big(MutableBytes(bytes), IcmpHeader::kChecksumOffset, sum.checksum());
  send_packet(now, ip, bytes, gsl::span(&payload, 1), std::nullopt, {});
}

void Egress::send_echo_reply(Time now, const IpAddress& from, const IpAddress& to,
                             std::uint32_t rest, Bytes payload) {
  const AnyIcmpType type = to.is_v4() ? AnyIcmpType(IcmpType::kEchoReply) : Icmpv6Type::kEchoReply;
  send_icmp(now, from, to, {.type = type, .rest = rest}, payload);
}

void Egress::send_ndp(Time now, const IpAddress& from, const IpAddress& to, MutableBytes message,
                      std::optional<MacAddress> link_to) {
  const IpHeader ip{.protocol = IpProtocol::kIcmpv6,
                    .hop_limit = kNdpHopLimit,
                    .source = from,
                    .destination = to};
  store_big(message, IcmpHeader::kChecksumOffset, std::uint16_t{0});
  ChecksumSum sum;
  add_icmpv6_pseudo_header(sum, ip, message.size());
  sum.add(message);
  store_big(message, IcmpHeader::kChecksumOffset, sum.checksum());
  const Bytes nothing;
  send_packet(now, ip, message, gsl::span(&nothing, 1), link_to, {});
}

void Egress::send_packet(Time now, IpHeader header, Bytes transport_header,
                         gsl::span<const Bytes> payload, std::optional<MacAddress> link_to,
                         const Offload& offload) {
  const std::size_t size = transport_header.size() + total_size(payload);
  // One for each datagram, should they be cut apart.
  header.identification = identification_;
  identification_ += static_cast<std::uint32_t>(payload.size());
  if (header.size() + size > network_.mtu && offload.segmentation == Segmentation::kNone) {
    send_fragments(now, header, transport_header, payload[0], link_to);
    return;
  }
  const MutableBytes room =
      begin_frame(header.source, header.destination, link_to, header.size() + size);
  header.emit(room, size);
  const MutableBytes rest = room.subspan(header.size());
  copy_bytes(transport_header, rest);
  copy_pieces(payload, rest.subspan(transport_header.size()));
  finish_frame(now, header.destination, EthernetHeader::kSize + header.size() + size, {}, offload);
}

void Egress::send_fragments(Time now, const IpHeader& header, Bytes transport_header, Bytes payload,
                            std::optional<MacAddress> link_to) {
  // The transport header lies in the first fragment: the smallest MTU has room for 48 bytes.
  const std::size_t header_size = header.fragment_size();
  const std::size_t room_per_fragment = (network_.mtu - header_size) / 8 * 8;
  const std::size_t total = transport_header.size() + payload.size();
  for (std::size_t offset = 0; offset < total; offset += room_per_fragment) {
    const std::size_t size = std::min(room_per_fragment, total - offset);
    const MutableBytes room =
        begin_frame(header.source, header.destination, link_to, header_size + size);
    header.emit_fragment(room, size, offset, offset + size < total);
    MutableBytes body = room.subspan(header_size);
    if (offset == 0) {
      copy_bytes(transport_header, body);
      body = body.subspan(transport_header.size());
    }
    const std::size_t from = offset == 0 ? 0 : offset - transport_header.size();
    copy_bytes(payload.subspan(from, body.size()), body);
    finish_frame(now, header.destination, EthernetHeader::kSize + header_size + size, {}, {});
  }
}

}  // namespace sluice
