#include "nat/host/datagram_sender.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "nat/datagram_run.h"
#include "posix/gather.h"
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

// Of UDP over either family: what one IP packet holds beside its headers, without extensions.
constexpr std::size_t kMaxRunBytes = 65535 - 40 - 8;

template <typename Value>
void add_control(msghdr& message, MutableBytes control, int level, int type, Value value) {
  message.msg_control = control.data();
  const MutableBytes room = control.subspan(message.msg_controllen);
  message.msg_controllen += CMSG_SPACE(sizeof value);
  Expects(room.size() >= CMSG_SPACE(sizeof value));
  const cmsghdr header{.cmsg_len = CMSG_LEN(sizeof value), .cmsg_level = level, .cmsg_type = type};
  std::memcpy(room.data(), &header, sizeof header);
  std::memcpy(&room[CMSG_LEN(0)], &value, sizeof value);
}

// As sendmmsg(2). One datagram that needs nothing said beside it costs the kernel least by
// sendto().
int send_messages(int socket, gsl::span<mmsghdr> messages) {
  const msghdr& first = messages[0].msg_hdr;
  if (messages.size() > 1 || first.msg_iovlen > 1 || first.msg_controllen != 0) {
    return ::sendmmsg(socket, messages.data(), static_cast<unsigned>(messages.size()), 0);
  }
  const ssize_t sent = ::sendto(socket, first.msg_iov->iov_base, first.msg_iov->iov_len, 0,
                                static_cast<const sockaddr*>(first.msg_name), first.msg_namelen);
  return sent < 0 ? -1 : 1;
}

}  // namespace

void DatagramSender::describe(const DatagramSocket& socket, gsl::span<const HostDatagram> run,
                              Slot& slot, gsl::span<iovec> pieces, msghdr& message) {
  const HostDatagram& first = run[0];
  Endpoint destination = first.peer;
  if (socket.is_echo()) destination.port = 0;  // a raw IPv6 socket would take it for a protocol
  slot.destination = SocketAddress(destination);
  slot.datagrams = run.size();
  message = {};
  message.msg_name = slot.destination.data();
  message.msg_namelen = slot.destination.size();
  message.msg_iov = pieces.data();
  if (socket.is_echo()) {
    emit_echo(socket, first, slot.echo);
    pieces[message.msg_iovlen++] = {.iov_base = slot.echo.data(), .iov_len = slot.echo.size()};
  }
  for (const HostDatagram& datagram : run) {
    pieces[message.msg_iovlen++] = to_be_written(datagram.payload);
  }
  if (first.ttl != kDefaultTtl) {
    const int level = socket.v6 ? static_cast<int>(IPPROTO_IPV6) : static_cast<int>(IPPROTO_IP);
    add_control(message, slot.control, level, socket.v6 ? IPV6_HOPLIMIT : IP_TTL, int{first.ttl});
  }
  if (run.size() > 1) {
    add_control(message, slot.control, IPPROTO_UDP, UDP_SEGMENT,
                static_cast<std::uint16_t>(first.payload.size()));
  }
}

std::size_t DatagramSender::describe(const DatagramSocket& socket,
                                     gsl::span<const HostDatagram> datagrams, bool join) {
  const std::size_t most = join && !socket.is_echo() ? kMaxRun : 1;
  gsl::span<iovec> pieces = pieces_;
  datagrams = datagrams.first(std::min(datagrams.size(), kBatch));
  std::size_t count = 0;
  for (; !datagrams.empty(); ++count) {
    const auto run = datagrams.first(run_length(datagrams, most, kMaxRunBytes));
    datagrams = datagrams.subspan(run.size());
    msghdr& message = messages_.at(count).msg_hdr;
    describe(socket, run, slots_.at(count), pieces, message);
    pieces = pieces.subspan(message.msg_iovlen);
  }
  return count;
}

std::size_t DatagramSender::send(const DatagramSocket& socket,
                                 gsl::span<const HostDatagram> datagrams, Refusals& refusals) {
  std::size_t taken = 0;
  bool join = true;
  while (taken < datagrams.size()) {
    const std::size_t messages = describe(socket, datagrams.subspan(taken), join);
    bool retried = false;
    for (std::size_t next = 0; next < messages;) {
      const int result =
          send_messages(socket.descriptor, gsl::span(messages_).subspan(next, messages - next));
      if (result > 0) {
        const std::size_t end = next + static_cast<std::size_t>(result);
        for (; next < end; ++next) taken += slots_.at(next).datagrams;
        retried = false;
        continue;
      }
      if (errno == EAGAIN) return taken;
      // An ICMP error for an earlier datagram makes the next call fail, once, whatever it sends.
      if (!retried) {
        retried = true;
        continue;
      }
      if (slots_.at(next).datagrams > 1) {
        join = false;
        break;
      }
      // ENOBUFS: a queue behind the socket was full, and the datagram is lost as it would be in
      // any router's. No edge will tell when that queue has room.
      if (errno != ENOBUFS) refusals.refused(datagrams[taken], last_error());
      ++taken;
      ++next;
      retried = false;
    }
  }
  return taken;
}

}  // namespace sluice
