#include "nat/icmp_errors.h"

#include <algorithm>

#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

// RFC 1812, section 4.3.2.3: as much of the packet as fits into 576 bytes.
constexpr std::size_t kMaxQuotation = 576 - Ipv4Header::kSize - IcmpHeader::kSize;
// What every quotation has of a transport header (RFC 792).
constexpr std::size_t kTransport = 8;

bool is_icmp_error(const IpPacket& packet) {
  if (packet.protocol != IpProtocol::kIcmp) return false;
  const auto message = IcmpView::parse(packet.payload);
  return !message || message->header().is_error();
}

}  // namespace

std::optional<IcmpError> IcmpError::from(std::errc error) {
  switch (error) {
    case std::errc::connection_refused:
      return unreachable(UnreachableCode::kPort);
    case std::errc::network_unreachable:
    case std::errc::network_down:
    case std::errc::address_family_not_supported:
    case std::errc::address_not_available:
    case std::errc::invalid_argument:  // a destination that the socket's own address can't reach
      return unreachable(UnreachableCode::kNet);
    case std::errc::host_unreachable:
      return unreachable(UnreachableCode::kHost);
    case std::errc::permission_denied:
    case std::errc::operation_not_permitted:
      return unreachable(UnreachableCode::kAdministrativelyProhibited);
    default:
      return std::nullopt;
  }
}

std::optional<IcmpError> IcmpError::from_icmpv6(std::uint8_t type, std::uint8_t code,
                                                std::uint32_t mtu) {
  // RFC 4443, sections 3.1 to 3.4.
  enum Type : std::uint8_t { kUnreachable = 1, kPacketTooBig, kTimeExceeded, kParameterProblem };
  constexpr std::uint32_t kHeaderDifference = 20;
  switch (type) {
    case kUnreachable:
      if (code == 1) return unreachable(UnreachableCode::kAdministrativelyProhibited);
      if (code == 4) return unreachable(UnreachableCode::kPort);
      return code <= 3 ? std::optional(unreachable(UnreachableCode::kHost)) : std::nullopt;
    case kPacketTooBig: {
      IcmpError error = unreachable(UnreachableCode::kFragmentationNeeded);
      error.rest = std::min<std::uint32_t>(mtu - std::min(mtu, kHeaderDifference), 0xffff);
      return error;
    }
    case kTimeExceeded:
      return IcmpError{IcmpType::kTimeExceeded, code, 0};
    case kParameterProblem:
      return code == 1 ? std::optional(unreachable(UnreachableCode::kProtocol)) : std::nullopt;
    default:
      return std::nullopt;
  }
}

void IcmpErrors::send(Time now, const IpAddress& from, const IpAddress& to, const IcmpError& error,
                      Bytes quotation) {
  if (!rate_.take(now)) {
    counters_.count(Drop::kErrorLimit);
    return;
  }
  egress_.send_icmp(now, from, to, {.type = error.type, .code = error.code, .rest = error.rest},
                    quotation);
}

void IcmpErrors::report(Time now, const IpPacket& packet, const IcmpError& error) {
  const bool to_many =
      packet.destination.is_multicast() || network_.is_broadcast(packet.destination);
  if (to_many || packet.source.is_unspecified() || is_icmp_error(packet)) return;
  send(now, network_.host, packet.source, error,
       packet.whole.first(std::min(packet.whole.size(), kMaxQuotation)));
}

void IcmpErrors::send_about(Time now, const IpAddress& from, IpProtocol protocol,
                            const IpAddress& source, const IpAddress& destination, Bytes transport,
                            const IcmpError& error) {
  std::array<std::uint8_t, Ipv4Header::kSize + kTransport> quotation{};
  const Ipv4Header header{.total_length = static_cast<std::uint16_t>(quotation.size()),
                          .protocol = protocol,
                          .source = source,
                          .destination = destination};
  header.emit(quotation);
  copy_bytes(transport.first(kTransport), MutableBytes(quotation).subspan(Ipv4Header::kSize));
  send(now, from, source, error, quotation);
}

void IcmpErrors::report_tcp(Time now, const Endpoint& guest, const Endpoint& remote,
                            std::uint32_t sequence, const IcmpError& error) {
  std::array<std::uint8_t, TcpHeader::kSize> segment{};
  TcpHeader{.source_port = guest.port,
            .destination_port = remote.port,
            .sequence = sequence,
            .flags = {.syn = true}}
      .emit({}, segment);
  send_about(now, network_.host, IpProtocol::kTcp, guest.address, remote.address, segment, error);
}

void IcmpErrors::report_datagram(Time now, DatagramKind kind, const Endpoint& guest,
                                 const DatagramError& error) {
  std::optional<IcmpError> message;
  IpAddress from = network_.host;
  if (!error.reporter.is_unspecified()) {
    message = error.reporter.is_v4()
                  ? IcmpError{static_cast<IcmpType>(error.icmp_type), error.icmp_code, error.mtu}
                  : IcmpError::from_icmpv6(error.icmp_type, error.icmp_code, error.mtu);
    from = translation_.inward(error.reporter);
  } else {
    message = IcmpError::from(error.error);
  }
  if (!message) return;
  const IpAddress remote = translation_.inward(error.destination.address);
  std::array<std::uint8_t, kTransport> transport{};
  if (kind == DatagramKind::kUdp) {
    UdpHeader{.source_port = guest.port, .destination_port = error.destination.port, .length = 8}
        .emit(transport);
  } else {
    IcmpHeader{.type = IcmpType::kEchoRequest,
               .rest = IcmpHeader::echo_rest(guest.port, error.sequence)}
        .emit(transport);
  }
  send_about(now, from, kind == DatagramKind::kUdp ? IpProtocol::kUdp : IpProtocol::kIcmp,
             guest.address, remote, transport, *message);
}

}  // namespace sluice
