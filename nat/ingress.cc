#include "nat/ingress.h"

#include <algorithm>

#include "nat/policy.h"
#include "stack/checksum.h"
#include "stack/scattered_bytes.h"
#include "stack/wire/arp.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

constexpr std::uint16_t kDhcpServerPort = 67;
// Datagrams that one frame may stand for. Senders join 128 at most; tinier pieces would only make
// one frame cost as much as tens of thousands.
constexpr std::size_t kMaxSegments = 128;
// What is gathered of frames, of which none is larger than Link::kMaxReserve: half of a usual
// second-level cache.
constexpr std::size_t kGathered = std::size_t{512} << 10;

Drop drop_of(Ipv4View::Error error) {
  switch (error) {
    case Ipv4View::Error::kTruncated:
      return Drop::kTruncated;
    case Ipv4View::Error::kBadChecksum:
      return Drop::kBadChecksum;
    case Ipv4View::Error::kMalformed:
      break;
  }
  return Drop::kMalformed;
}

Drop drop_of(const Ipv6View::Error& error) {
  switch (error.reason) {
    case Ipv6View::Error::Reason::kTruncated:
      return Drop::kTruncated;
    case Ipv6View::Error::Reason::kUnsupported:
      return Drop::kUnknownProtocol;
    case Ipv6View::Error::Reason::kMalformed:
      break;
  }
  return Drop::kMalformed;
}

// 33:33 and any four bytes (RFC 2464, section 7).
bool is_ipv6_multicast(const MacAddress& mac) {
  return mac.octets()[0] == 0x33 && mac.octets()[1] == 0x33;
}

bool udp_checksum_holds(const IpPacket& ip, const UdpView& view) {
  // None was computed (RFC 768), which IPv6 does not allow (RFC 8200, section 8.1).
  if (view.header().checksum == 0) return ip.source.is_v4();
  return checksum_holds(ip, view.datagram());
}

}  // namespace

Ingress::Ingress(const Rooms& rooms)
    : network_(rooms.network),
      own_(rooms.own),
      router_(rooms.router),
      egress_(rooms.egress),
      errors_(rooms.errors),
      services_(rooms.services),
      tcp_(rooms.tcp),
      udp_(rooms.udp),
      echo_(rooms.echo),
      counters_(rooms.counters),
      reassembler_(ReassemblyLimits::at_mtu(network_.mtu), rooms.counters, rooms.timers) {}

bool Ingress::is_for_us(const EthernetHeader& ethernet) const {
  if (ethernet.destination == MacAddress::broadcast() || own_.contains(ethernet.destination)) {
    return true;
  }
  return ethernet.type == EtherType::kIpv6 && is_ipv6_multicast(ethernet.destination);
}

void Ingress::on_frame(Time now, const Frame& frame) {
  ++counters_.frames_in;
  counters_.bytes_in += frame.size();
  if (frame.rest.empty() || is_stream_in_place(frame)) {
    on_ethernet(now, frame);
  } else {
    on_ethernet(now, {.bytes = gather(frame), .offload = frame.offload});
  }
}

bool Ingress::is_stream_in_place(const Frame& frame) {
  // Who has to look at the checksum has to look at all of it.
  if (frame.offload.checksum == ChecksumState::kInPacket) return false;
  const auto ethernet = EthernetView::parse(frame.bytes);
  if (!ethernet) return false;
  const Bytes packet = ethernet->payload();
  const std::size_t behind = total_size(frame.rest);
  // Behind padding there is nothing that counts.
  const auto fits = [&](const auto& view, std::size_t size) {
    return view && !view->is_fragment() && size == packet.size() + behind &&
           TcpView::parse(view->payload());
  };
  if (ethernet->header().type == EtherType::kIpv4) {
    const auto view = Ipv4View::parse(packet, nullptr, behind);
    return view && view->header().protocol == IpProtocol::kTcp &&
           fits(view, view->header().total_length);
  }
  if (ethernet->header().type == EtherType::kIpv6) {
    const auto view = Ipv6View::parse(packet, nullptr, behind);
    return view && view->protocol() == IpProtocol::kTcp &&
           fits(view, Ipv6Header::kSize + view->header().payload_length);
  }
  return false;
}

Bytes Ingress::gather(const Frame& frame) {
  if (!gathered_) gathered_ = std::make_unique_for_overwrite<std::uint8_t[]>(kGathered);
  if (frame.size() > kGathered - gathered_used_) {
    // What lies there may not have been sent yet.
    udp_.flush();
    echo_.flush();
    gathered_used_ = 0;
  }
  const MutableBytes all =
      MutableBytes(gathered_.get(), kGathered).subspan(gathered_used_, frame.size());
  MutableBytes room = all;
  ScatteredBytes(frame.bytes, frame.rest).for_each([&room](Bytes piece) {
    copy_bytes(piece, room);
    room = room.subspan(piece.size());
  });
  gathered_used_ += all.size();
  return all;
}

void Ingress::on_ethernet(Time now, const Frame& frame) {
  const auto ethernet = EthernetView::parse(frame.bytes);
  if (!ethernet) {
    counters_.count(Drop::kTruncated);
    return;
  }
  const EthernetHeader header = ethernet->header();
  if (!is_for_us(header)) {
    counters_.count(Drop::kNotForUs);
    return;
  }
  if (!header.source.is_station()) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  if (header.type == EtherType::kIpv4 && network_.has_v4) {
    on_ipv4(now, header, ethernet->payload(), frame);
  } else if (header.type == EtherType::kIpv6 && network_.has_v6) {
    on_ipv6(now, header, ethernet->payload(), frame);
  } else if (header.type == EtherType::kArp && network_.has_v4) {
    on_arp(header.source, ethernet->payload());
  } else {
    counters_.count(Drop::kUnknownProtocol);
  }
}

void Ingress::on_arp(const MacAddress& link_from, Bytes bytes) {
  const auto message = ArpMessage::parse(bytes);
  if (!message) {
    counters_.count(Drop::kMalformed);
    return;
  }
  // RFC 1812, section 3.3.2.
  if (!message->sender_mac.is_station()) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  // A probe (RFC 5227) comes from nobody yet.
  if (own_.is_guests(message->sender)) {
    egress_.learn(message->sender, message->sender_mac);
  } else if (!message->sender.is_unspecified()) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  if (message->operation == ArpMessage::Operation::kRequest && own_.contains(message->target)) {
    egress_.send_arp_reply(message->target, message->sender, link_from);
  }
}

void Ingress::on_ipv4(Time now, const EthernetHeader& ethernet, Bytes bytes, const Frame& frame) {
  Ipv4View::Error error{};
  const auto view = Ipv4View::parse(bytes, &error, total_size(frame.rest));
  if (!view) {
    counters_.count(drop_of(error));
    return;
  }
  on_ip(now, ethernet, IpPacket(*view), frame,
        view->is_fragment() ? std::optional(Fragment(*view)) : std::nullopt);
}

void Ingress::on_ipv6(Time now, const EthernetHeader& ethernet, Bytes bytes, const Frame& frame) {
  Ipv6View::Error error;
  const auto view = Ipv6View::parse(bytes, &error, total_size(frame.rest));
  if (!view) {
    counters_.count(drop_of(error));
    if (!error.answer) return;
    const auto refused = Ipv6Header::parse(bytes);
    if (!refused || !own_.is_guests(refused->source)) return;
    // What was sent to all on the link and is for one only is not answered (RFC 4443, section 2.4
    // (e.4)).
    if (!ethernet.destination.is_group() || refused->destination.is_multicast()) {
      errors_.report_refused(now, bytes, *refused, *error.answer);
    }
    return;
  }
  on_ip(now, ethernet, IpPacket(*view), frame,
        view->is_fragment() ? std::optional(Fragment(*view)) : std::nullopt);
}

void Ingress::on_ip(Time now, const EthernetHeader& ethernet, const IpPacket& ip,
                    const Frame& frame, const std::optional<Fragment>& fragment) {
  if (!admits_source(ethernet, ip) || !admits_destination(ethernet, ip)) return;
  const Offload& offload = frame.offload;
  Packet packet{.ip = ip,
                .link_from = ethernet.source,
                .verified = offload.checksum != ChecksumState::kInPacket,
                .segment_size = offload.segmentation == Segmentation::kUdp ? offload.segment_size
                                                                           : std::uint16_t{0}};
  packet.ip.rest = frame.rest;
  if (!fragment) {
    on_packet(now, packet);
    return;
  }
  const auto whole = reassembler_.add(now, *fragment);
  if (!whole) return;
  const auto reassembled = IpPacket::parse(*whole);
  if (!reassembled) return;
  packet.ip = *reassembled;
  packet.ip.fragmented = true;
  packet.verified = false;
  packet.segment_size = 0;
  on_packet(now, packet);
  // The next fragment may take the place where this packet lies.
  udp_.flush();
  echo_.flush();
}

bool Ingress::admits_source(const EthernetHeader& ethernet, const IpPacket& ip) {
  if (own_.is_guests(ip.source)) {
    egress_.learn(ip.source, ethernet.source);
    return true;
  }
  // From nobody yet: somebody who asks for an address by DHCP, or whether one is free (RFC 4862).
  const IpProtocol asks_by = ip.source.is_v4() ? IpProtocol::kUdp : IpProtocol::kIcmpv6;
  if (ip.source.is_unspecified() && ip.protocol == asks_by) return true;
  counters_.count(Drop::kSpoofedSource);
  return false;
}

bool Ingress::admits_destination(const EthernetHeader& ethernet, const IpPacket& ip) {
  const bool to_many = network_.is_broadcast(ip.destination) ||
                       (!ip.destination.is_v4() && ip.destination.is_multicast());
  // What was sent to all on the link and is for one only is for none (RFC 1122, section 3.3.6).
  const bool to_all_for_one = ethernet.destination.is_group() && !to_many;
  if (!to_all_for_one && (to_many || !is_martian(ip.destination))) return true;
  counters_.count(Drop::kMartianDestination);
  return false;
}

void Ingress::on_packet(Time now, const Packet& packet) {
  const IpPacket& ip = packet.ip;
  switch (ip.protocol) {
    case IpProtocol::kTcp:
      if (network_.is_to_many(ip.destination)) {
        counters_.count(Drop::kMartianDestination);
      } else if (own_.contains(ip.destination) || may_leave(now, ip)) {
        tcp_.on_packet(now, ip, packet.verified);
      }
      return;
    case IpProtocol::kUdp:
      on_udp(now, packet);
      return;
    case IpProtocol::kIcmp:
      if (!ip.source.is_v4()) break;
      on_icmp(now, packet);
      return;
    case IpProtocol::kIcmpv6:
      if (ip.source.is_v4()) break;
      on_icmpv6(now, packet);
      return;
    case IpProtocol::kNoNextHeader:
      if (ip.source.is_v4()) break;
      return;  // nothing, by RFC 8200, section 4.7
    default:
      break;
  }
  counters_.count(Drop::kUnknownProtocol);
  errors_.report(now, ip, {PathError::Kind::kNoProtocol, ip.protocol_at});
}

bool Ingress::may_leave(Time now, const IpPacket& ip) {
  if (!ip.source.is_v4() && ip.source.is_link_local()) {
    // RFC 4007, section 9: such a source means nothing beyond the link.
    counters_.count(Drop::kMartianDestination);
    errors_.report(now, ip, {PathError::Kind::kBeyondScope});
    return false;
  }
  if (ip.hop_limit > 1) return true;
  counters_.count(Drop::kTtlExpired);
  errors_.report(now, ip, {PathError::Kind::kHopLimit});
  return false;
}

void Ingress::on_icmp(Time now, const Packet& packet) {
  const auto view = IcmpView::parse(packet.ip.payload);
  if (!view) {
    counters_.count(Drop::kTruncated);
    return;
  }
  if (!packet.verified && internet_checksum(view->message()) != 0) {
    counters_.count(Drop::kBadChecksum);
    return;
  }
  if (view->header().type != IcmpType::kEchoRequest || view->header().code != 0) {
    counters_.count(Drop::kUnknownProtocol);
    return;
  }
  on_echo(now, packet.ip, *view);
}

void Ingress::on_icmpv6(Time now, const Packet& packet) {
  const auto view = IcmpView::parse(packet.ip.payload);
  if (!view) {
    counters_.count(Drop::kTruncated);
    return;
  }
  if (!packet.verified && !checksum_holds(packet.ip, view->message())) {
    counters_.count(Drop::kBadChecksum);
    return;
  }
  const auto type = static_cast<Icmpv6Type>(view->header().type.octet());
  if (Router::is_message(type)) {
    router_.on_message(now, packet.ip, packet.link_from);
  } else if (type != Icmpv6Type::kEchoRequest || view->header().code != 0 ||
             packet.ip.source.is_unspecified()) {
    counters_.count(Drop::kUnknownProtocol);
  } else {
    on_echo(now, packet.ip, *view);
  }
}

void Ingress::on_echo(Time now, const IpPacket& ip, const IcmpView& request) {
  const std::uint32_t rest = request.header().rest;
  if (ip.destination == IpAddress::all_nodes() || ip.destination == IpAddress::all_routers()) {
    egress_.send_echo_reply(now, network_.router(), ip.source, rest, request.payload());
    return;
  }
  if (network_.is_to_many(ip.destination)) {
    counters_.count(Drop::kMartianDestination);
    return;
  }
  if (own_.contains(ip.destination)) {
    egress_.send_echo_reply(now, ip.destination, ip.source, rest, request.payload());
    return;
  }
  if (!may_leave(now, ip)) return;
  echo_.send(now,
             {.guest = {ip.source, request.header().echo_identifier()},
              .remote = {ip.destination, 0},
              .ttl = static_cast<std::uint8_t>(ip.hop_limit - 1),
              .sequence = request.header().echo_sequence(),
              .payload = request.payload()},
             ip);
}

void Ingress::on_udp(Time now, const Packet& packet) {
  const auto view = UdpView::parse(packet.ip.payload);
  if (!view) {
    counters_.count(Drop::kTruncated);
    return;
  }
  const IpPacket& ip = packet.ip;
  const UdpHeader header = view->header();
  if (!packet.verified && !udp_checksum_holds(ip, *view)) {
    counters_.count(Drop::kBadChecksum);
    return;
  }
  const Endpoint from{ip.source, header.source_port};
  const Endpoint to{ip.destination, header.destination_port};
  const bool nobody_yet = ip.source.is_unspecified();
  if (nobody_yet && to.port != kDhcpServerPort) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  Bytes rest = view->payload();
  if (packet.segment_size != 0 && rest.size() > kMaxSegments * packet.segment_size) {
    counters_.count(Drop::kMalformed);
    return;
  }
  const std::size_t piece = packet.segment_size == 0 ? rest.size() : packet.segment_size;
  do {
    const Bytes payload = rest.first(std::min(rest.size(), piece));
    rest = rest.subspan(payload.size());
    const ServiceDatagram datagram{packet.link_from, from, to, payload};
    if (services_.deliver(now, datagram)) continue;
    if (nobody_yet || network_.is_to_many(to.address)) {
      counters_.count(Drop::kMartianDestination);
      return;
    }
    const bool ours = own_.contains(to.address);
    if (ours && !network_.is_gateway(to.address)) {
      counters_.count(Drop::kMartianDestination);
      errors_.report(now, packet.ip, {PathError::Kind::kNoPort});
      return;
    }
    if (!ours && !may_leave(now, packet.ip)) return;
    const std::uint8_t ttl = ours ? ip.hop_limit : static_cast<std::uint8_t>(ip.hop_limit - 1);
    udp_.send(now, {.guest = from, .remote = to, .ttl = ttl, .payload = payload}, packet.ip);
  } while (!rest.empty());
}

}  // namespace sluice
