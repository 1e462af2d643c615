#include "nat/icmp_errors.h"

#include <algorithm>

#include "stack/ip_header.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

// As much of the packet as keeps the error's own within what every host takes (RFC 1812, section
// 4.3.2.3; RFC 4443, section 2.4).
std::size_t max_quotation(const IpAddress& to) {
  constexpr std::size_t kIcmpv4MaxErrorPacket = 576;
  return (to.is_v4() ? kIcmpv4MaxErrorPacket : kIcmpv6MaxErrorPacket) - IpHeader::size_for(to) -
         IcmpHeader::kSize;
}

// What every quotation has of a transport header (RFC 792).
constexpr std::size_t kTransport = 8;

bool is_icmp_error(const IpPacket& packet) {
  const bool icmpv6 = packet.protocol == IpProtocol::kIcmpv6;
  if (packet.protocol != IpProtocol::kIcmp && !icmpv6) return false;
  const auto message = IcmpView::parse(packet.payload);
  if (!message) return true;
  const std::uint8_t type = message->header().type.octet();
  return icmpv6 ? is_error(static_cast<Icmpv6Type>(type)) : is_error(static_cast<IcmpType>(type));
}

IcmpMessage message_for(const IpAddress& guest, const PathError& error) {
  return guest.is_v4() ? icmpv4_message(error) : icmpv6_message(error);
}

// What a router said, in the guest's own words.
std::optional<IcmpMessage> message_for(const IpAddress& guest, const DatagramError& error) {
  const IcmpMessage told{AnyIcmpType::of(error.icmp_type), error.icmp_code, error.mtu};
  if (error.reporter.is_v4() == guest.is_v4()) return told;
  return guest.is_v4() ? icmpv4_of_icmpv6(told) : icmpv6_of_icmpv4(told);
}

}  // namespace

void IcmpErrors::send(Time now, const IpAddress& from, const IpAddress& to,
                      const IcmpMessage& message, Bytes quotation) {
  if (!rate_.take(now)) {
    counters_.count(Drop::kErrorLimit);
    return;
  }
  egress_.send_icmp(now, from, to,
                    {.type = message.type, .code = message.code, .rest = message.rest}, quotation);
}

void IcmpErrors::report(Time now, const IpPacket& packet, const PathError& error) {
  if (network_.is_to_many(packet.destination) || packet.source.is_unspecified() ||
      is_icmp_error(packet))
    return;
  send(now, network_.of(packet.source).host, packet.source, message_for(packet.source, error),
       packet.whole.first(std::min(packet.whole.size(), max_quotation(packet.source))));
}

void IcmpErrors::report_refused(Time now, Bytes packet, const Ipv6Header& header,
                                const Icmpv6Problem& problem) {
  send(now, network_.v6.host, header.source,
       {Icmpv6Type::kParameterProblem, static_cast<std::uint8_t>(problem.code), problem.pointer},
       packet.first(std::min(packet.size(), max_quotation(header.source))));
}

void IcmpErrors::send_about(Time now, const IpAddress& from, IpProtocol protocol,
                            const IpAddress& source, const IpAddress& destination, Bytes transport,
                            const IcmpMessage& message) {
  const IpHeader header{.protocol = protocol, .source = source, .destination = destination};
  std::array<std::uint8_t, IpHeader::kMaxSize + kTransport> room{};
  const MutableBytes quotation = MutableBytes(room).first(header.size() + kTransport);
  header.emit(quotation, kTransport);
  copy_bytes(transport.first(kTransport), quotation.subspan(header.size()));
  send(now, from, source, message, quotation);
}

void IcmpErrors::report_tcp(Time now, const Endpoint& guest, const Endpoint& remote,
                            std::uint32_t sequence, const PathError& error) {
  std::array<std::uint8_t, TcpHeader::kSize> segment{};
  TcpHeader{.source_port = guest.port,
            .destination_port = remote.port,
            .sequence = sequence,
            .flags = {.syn = true}}
      .emit({}, segment);
  send_about(now, network_.of(guest.address).host, IpProtocol::kTcp, guest.address, remote.address,
             segment, message_for(guest.address, error));
}

void IcmpErrors::report_datagram(Time now, DatagramKind kind, const Endpoint& guest,
                                 const IpAddress& gateway, const DatagramError& error) {
  std::optional<IcmpMessage> message;
  IpAddress from = gateway;
  if (!error.reporter.is_unspecified()) {
    message = message_for(guest.address, error);
    from = translation_.inward(error.reporter, gateway);
  } else if (const auto problem = path_error(error.error)) {
    message = message_for(guest.address, *problem);
  }
  if (!message) return;
  const IpAddress remote = translation_.inward(error.destination.address, gateway);
  const bool v4 = guest.address.is_v4();
  std::array<std::uint8_t, kTransport> transport{};
  if (kind == DatagramKind::kUdp) {
    UdpHeader{.source_port = guest.port, .destination_port = error.destination.port, .length = 8}
        .emit(transport);
  } else {
    IcmpHeader{.type = v4 ? AnyIcmpType(IcmpType::kEchoRequest) : Icmpv6Type::kEchoRequest,
               .rest = IcmpHeader::echo_rest(guest.port, error.sequence)}
        .emit(transport);
  }
  const IpProtocol echo = v4 ? IpProtocol::kIcmp : IpProtocol::kIcmpv6;
  send_about(now, from, kind == DatagramKind::kUdp ? IpProtocol::kUdp : echo, guest.address, remote,
             transport, *message);
}

}  // namespace sluice
