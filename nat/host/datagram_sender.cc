#include "nat/host/datagram_sender.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "stack/checksum.h"

namespace sluice {
namespace {

// The system's default; what has another is sent with a control message.
constexpr std::uint8_t kDefaultTtl = 64;

constexpr std::uint8_t kEchoRequest4 = 8;    // RFC 792
constexpr std::uint8_t kEchoRequest6 = 128;  // RFC 4443

// Writes the header of an echo request. The kernel puts in a ping socket's identifier, and the
// checksum for it and for all ICMPv6; for a raw ICMPv4 socket both are ours.
void emit_echo(const DatagramSocket& socket, const HostDatagram& datagram, MutableBytes header) {
  header[0] = socket.v6 ? kEchoRequest6 : kEchoRequest4;
  header[1] = 0;
  store_big<std::uint16_t>(header, 2, 0);
  store_big<std::uint16_t>(header, 4, socket.echo_identifier);
  store_big<std::uint16_t>(header, 6, datagram.sequence);
  if (socket.protocol != DatagramProtocol::kRawEcho || socket.v6) return;
  ChecksumSum sum;
  sum.add(header);
  sum.add(datagram.payload);
  store_big<std::uint16_t>(header, 2, sum.checksum());
}

void set_ttl(const DatagramSocket& socket, std::uint8_t ttl, MutableBytes control,
             msghdr& message) {
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = socket.v6 ? static_cast<int>(IPPROTO_IPV6) : static_cast<int>(IPPROTO_IP);
  header->cmsg_type = socket.v6 ? IPV6_HOPLIMIT : IP_TTL;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int value = ttl;
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
}

}  // namespace

void DatagramSender::describe(const DatagramSocket& socket, const HostDatagram& datagram,
                              Slot& slot, msghdr& message) {
  Endpoint destination = datagram.peer;
  if (socket.is_echo()) destination.port = 0;  // a raw IPv6 socket would take it for a protocol
  slot.destination = SocketAddress(destination);
  message = {};
  message.msg_name = slot.destination.data();
  message.msg_namelen = slot.destination.size();
  message.msg_iov = slot.pieces.data();
  if (socket.is_echo()) {
    emit_echo(socket, datagram, slot.echo);
    slot.pieces.at(message.msg_iovlen++) = {.iov_base = slot.echo.data(),
                                            .iov_len = slot.echo.size()};
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): sendmmsg(2) does not write to it.
  auto* const payload = const_cast<std::uint8_t*>(datagram.payload.data());
  slot.pieces.at(message.msg_iovlen++) = {.iov_base = payload, .iov_len = datagram.payload.size()};
  if (datagram.ttl != kDefaultTtl) set_ttl(socket, datagram.ttl, slot.control, message);
}

std::size_t DatagramSender::send(const DatagramSocket& socket,
                                 gsl::span<const HostDatagram> datagrams, Refusals& refusals) {
  std::size_t taken = 0;
  while (taken < datagrams.size()) {
    const std::size_t batch = std::min(kBatch, datagrams.size() - taken);
    for (std::size_t i = 0; i < batch; ++i) {
      describe(socket, datagrams[taken + i], slots_.at(i), messages_.at(i).msg_hdr);
    }
    std::size_t sent = 0;
    bool retried = false;
    while (sent < batch) {
      const int result = ::sendmmsg(socket.descriptor, &messages_.at(sent),
                                    static_cast<unsigned>(batch - sent), 0);
      if (result > 0) {
        sent += static_cast<std::size_t>(result);
        retried = false;
        continue;
      }
      if (errno == EAGAIN) return taken + sent;
      // An ICMP error for an earlier datagram makes the next call fail, once, whatever it sends.
      if (!retried) {
        retried = true;
        continue;
      }
      // ENOBUFS: a queue behind the socket was full, and the datagram is lost as it would be in
      // any router's. No edge will tell when that queue has room.
      if (errno != ENOBUFS) refusals.refused(datagrams[taken + sent], last_error());
      ++sent;
      retried = false;
    }
    taken += batch;
  }
  return taken;
}

}  // namespace sluice
