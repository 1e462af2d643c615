#include "nat/ingress.h"

#include <algorithm>

#include "nat/policy.h"
#include "stack/checksum.h"
#include "stack/wire/arp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

constexpr std::uint16_t kDhcpServerPort = 67;
// Datagrams that one frame may stand for. Senders join 128 at most; tinier pieces would only make
// one frame cost as much as tens of thousands.
constexpr std::size_t kMaxSegments = 128;

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

bool udp_checksum_holds(const IpPacket& ip, const UdpView& view) {
  if (view.header().checksum == 0) return true;  // none was computed (RFC 768)
  ChecksumSum sum;
  sum.add_pseudo_header(ip.source, ip.destination, static_cast<std::uint8_t>(IpProtocol::kUdp),
                        static_cast<std::uint32_t>(view.datagram().size()));
  sum.add(view.datagram());
  return sum.checksum() == 0;
}

}  // namespace

Ingress::Ingress(const Rooms& rooms)
    : network_(rooms.network),
      egress_(rooms.egress),
      errors_(rooms.errors),
      services_(rooms.services),
      tcp_(rooms.tcp),
      udp_(rooms.udp),
      echo_(rooms.echo),
      counters_(rooms.counters),
      reassembler_(ReassemblyLimits::at_mtu(network_.mtu), rooms.counters, rooms.timers) {
  own(network_.host);
  own(network_.dns);
}

void Ingress::own(const IpAddress& address) {
  if (!owns(address)) own_.push_back(address);
}

bool Ingress::owns(const IpAddress& address) const {
  return std::find(own_.begin(), own_.end(), address) != own_.end();
}

bool Ingress::is_guest(const IpAddress& address) const {
  return network_.subnet.contains(address) && !owns(address) && address != network_.subnet.base() &&
         !network_.is_broadcast(address);
}

void Ingress::on_frame(Time now, const Frame& frame) {
  ++counters_.frames_in;
  counters_.bytes_in += frame.bytes.size();
  const auto ethernet = EthernetView::parse(frame.bytes);
  if (!ethernet) {
    counters_.count(Drop::kTruncated);
    return;
  }
  const EthernetHeader header = ethernet->header();
  const bool for_us = header.destination == MacAddress::broadcast() ||
                      std::any_of(own_.begin(), own_.end(), [&](const IpAddress& address) {
                        return header.destination == Network::mac_of(address);
                      });
  if (!for_us) {
    counters_.count(Drop::kNotForUs);
    return;
  }
  if (header.source.is_group() || header.source.is_zero()) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  switch (header.type) {
    case EtherType::kIpv4:
      on_ipv4(now, header, ethernet->payload(), frame.offload);
      return;
    case EtherType::kArp:
      on_arp(header.source, ethernet->payload());
      return;
    default:
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
  if (message->sender_mac.is_group() || message->sender_mac.is_zero()) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  // A probe (RFC 5227) comes from nobody yet.
  if (is_guest(message->sender)) {
    egress_.learn(message->sender, message->sender_mac);
  } else if (!message->sender.is_unspecified() && message->sender != IpAddress::v4(0)) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  if (message->operation == ArpMessage::Operation::kRequest && owns(message->target)) {
    egress_.send_arp_reply(message->target, message->sender, link_from);
  }
}

void Ingress::on_ipv4(Time now, const EthernetHeader& ethernet, Bytes bytes,
                      const Offload& offload) {
  Ipv4View::Error error{};
  const auto view = Ipv4View::parse(bytes, &error);
  if (!view) {
    counters_.count(drop_of(error));
    return;
  }
  Packet packet{.ip = IpPacket(*view),
                .link_from = ethernet.source,
                .verified = offload.checksum != ChecksumState::kInPacket,
                .segment_size = offload.segmentation == Segmentation::kUdp ? offload.segment_size
                                                                           : std::uint16_t{0}};
  const IpPacket& ip = packet.ip;
  const bool nobody_yet = ip.source == IpAddress::v4(0);
  if (is_guest(ip.source)) {
    egress_.learn(ip.source, ethernet.source);
  } else if (!nobody_yet || ip.protocol != IpProtocol::kUdp) {
    counters_.count(Drop::kSpoofedSource);
    return;
  }
  // What was sent to all on the link and is for one only is for none (RFC 1122, section 3.3.6).
  const bool to_all = network_.is_broadcast(ip.destination);
  if ((is_martian(ip.destination) && !to_all) ||
      (ethernet.destination == MacAddress::broadcast() && !to_all)) {
    counters_.count(Drop::kMartianDestination);
    return;
  }
  if (!view->is_fragment()) {
    on_packet(now, packet);
    return;
  }
  const auto whole = reassembler_.add(now, *view);
  if (!whole) return;
  const auto reassembled = Ipv4View::parse(*whole);
  if (!reassembled) return;
  packet.ip = IpPacket(*reassembled);
  packet.verified = false;
  packet.segment_size = 0;
  on_packet(now, packet);
  // The next fragment may take the place where this packet lies.
  udp_.flush();
  echo_.flush();
}

void Ingress::on_packet(Time now, const Packet& packet) {
  switch (packet.ip.protocol) {
    case IpProtocol::kTcp:
      if (network_.is_broadcast(packet.ip.destination)) {
        counters_.count(Drop::kMartianDestination);
      } else if (owns(packet.ip.destination) || may_leave(now, packet)) {
        tcp_.on_packet(now, packet.ip, packet.verified);
      }
      return;
    case IpProtocol::kUdp:
      on_udp(now, packet);
      return;
    case IpProtocol::kIcmp:
      on_icmp(now, packet);
      return;
    default:
      counters_.count(Drop::kUnknownProtocol);
      errors_.report(now, packet.ip, IcmpError::unreachable(UnreachableCode::kProtocol));
  }
}

bool Ingress::may_leave(Time now, const Packet& packet) {
  if (packet.ip.hop_limit > 1) return true;
  counters_.count(Drop::kTtlExpired);
  errors_.report(now, packet.ip, IcmpError::time_exceeded());
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
  const IcmpHeader header = view->header();
  const IpPacket& ip = packet.ip;
  if (header.type != IcmpType::kEchoRequest || header.code != 0) {
    counters_.count(Drop::kUnknownProtocol);
    return;
  }
  if (network_.is_broadcast(ip.destination)) {
    counters_.count(Drop::kMartianDestination);
    return;
  }
  if (owns(ip.destination)) {
    egress_.send_icmp(now, ip.destination, ip.source,
                      {.type = IcmpType::kEchoReply, .rest = header.rest}, view->payload());
    return;
  }
  if (!may_leave(now, packet)) return;
  echo_.send(now,
             {.guest = {ip.source, header.echo_identifier()},
              .remote = {ip.destination, 0},
              .ttl = static_cast<std::uint8_t>(ip.hop_limit - 1),
              .sequence = header.echo_sequence(),
              .payload = view->payload()},
             packet.ip);
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
  const bool nobody_yet = ip.source == IpAddress::v4(0);
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
    if (nobody_yet || network_.is_broadcast(to.address)) {
      counters_.count(Drop::kMartianDestination);
      return;
    }
    const bool ours = owns(to.address);
    if (ours && to.address != network_.host) {
      counters_.count(Drop::kMartianDestination);
      errors_.report(now, packet.ip, IcmpError::unreachable(UnreachableCode::kPort));
      return;
    }
    if (!ours && !may_leave(now, packet)) return;
    const std::uint8_t ttl = ours ? ip.hop_limit : static_cast<std::uint8_t>(ip.hop_limit - 1);
    udp_.send(now, {.guest = from, .remote = to, .ttl = ttl, .payload = payload}, packet.ip);
  } while (!rest.empty());
}

}  // namespace sluice
