#include "devices/nic/e1000/requests.h"

#include "stack/checksum.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice::e1000 {
namespace {

std::uint16_t pseudo_sum(bool v4, IpProtocol protocol, std::size_t length) {
  ChecksumSum sum;
  sum.add_pseudo_header(v4 ? kGuestAddress : kGuestAddress6, server(v4),
                        static_cast<std::uint8_t>(protocol), static_cast<std::uint32_t>(length));
  return sum.folded();
}

}  // namespace

IpAddress server(bool v4) {
  return v4 ? kServer : kHost6;
}

Octets some_datagram(std::size_t payload) {
  return udp_frame({kGuestAddress, 1000}, {kServer, 2000}, varied_text(payload));
}

Octets some_segment(bool v4, std::size_t payload) {
  const std::string text = varied_text(payload);
  return tcp_frame(v4 ? kGuestAddress : kGuestAddress6, server(v4),
                   {.source_port = 1234,
                    .destination_port = 80,
                    .sequence = kSequence,
                    .flags = {.fin = true, .psh = true, .ack = true}},
                   {.timestamps = TcpTimestamps{1, 2}}, as_bytes(text));
}

std::uint8_t transport_of(bool v4) {
  return static_cast<std::uint8_t>(kIp + (v4 ? Ipv4Header::kSize : Ipv6Header::kSize));
}

std::uint8_t payload_of(bool v4) {
  constexpr std::size_t kTimestamps = 12;
  return static_cast<std::uint8_t>(transport_of(v4) + TcpHeader::kSize + kTimestamps);
}

ContextDescriptor context_of(bool v4, std::size_t checksum_offset) {
  const std::uint8_t transport = transport_of(v4);
  return {.ipcss = kIp,
          .ipcso = kIp + Ipv4Header::kChecksumOffset,
          .ipcse = static_cast<std::uint16_t>(transport - 1),
          .tucss = transport,
          .tucso = static_cast<std::uint8_t>(transport + checksum_offset)};
}

Octets without_sums(Octets frame, bool v4, IpProtocol protocol, std::size_t length) {
  const std::size_t transport = transport_of(v4);
  if (v4) store_big<std::uint16_t>(frame, kIp + Ipv4Header::kChecksumOffset, 0);
  const std::size_t at =
      protocol == IpProtocol::kTcp ? TcpHeader::kChecksumOffset : UdpHeader::kChecksumOffset;
  store_big(frame, transport + at, pseudo_sum(v4, protocol, length));
  return frame;
}

void post(Driver& driver, const Request& request) {
  Octets frame =
      without_sums(some_segment(request.v4, request.payload), request.v4, IpProtocol::kTcp, 0);
  if (request.v4) {
    store_big<std::uint16_t>(frame, kIp + Ipv4Header::kTotalLengthOffset, 0);
  } else {
    store_big<std::uint16_t>(frame, kIp + Ipv6Header::kPayloadLengthOffset, 0);
  }
  ContextDescriptor context = context_of(request.v4, TcpHeader::kChecksumOffset);
  context.mss = request.mss;
  context.hdrlen = static_cast<std::uint8_t>(payload_of(request.v4));
  const unsigned tucmd = kTxTse | kTucmdTcp | (request.v4 ? kTucmdIp : 0U);
  driver.post_context(context, static_cast<std::uint8_t>(tucmd),
                      static_cast<std::uint32_t>(request.payload));
  const auto popts = static_cast<std::uint8_t>(request.v4 ? kBothSums : kPoptsTxsm);
  const unsigned command = kTxTse | (request.tag != 0 ? kTxVle : 0U);
  for (Bytes rest = frame; !rest.empty();) {
    const Bytes piece = rest.first(std::min(rest.size(), request.piece));
    rest = rest.subspan(piece.size());
    driver.post_data(piece, static_cast<std::uint8_t>(command | (rest.empty() ? kTxEop : 0U)),
                     popts, request.tag);
  }
}

}  // namespace sluice::e1000
