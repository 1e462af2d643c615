#include "nat/host/datagram_receiver.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace sluice {
namespace {

constexpr std::uint8_t kEchoReply4 = 0;    // RFC 792
constexpr std::uint8_t kEchoReply6 = 129;  // RFC 4443
constexpr std::size_t kEchoHeader = 8;

std::uint8_t ttl_of(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TTL;
    const bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_HOPLIMIT;
    if (!v4 && !v6) continue;
    int ttl = 0;
    std::memcpy(&ttl, CMSG_DATA(header), sizeof ttl);
    return static_cast<std::uint8_t>(ttl);
  }
  return HostDatagram{}.ttl;
}

// Where the ICMP message begins: a raw IPv4 socket is given the IP header too.
std::optional<Bytes> icmp_message(const DatagramSocket& socket, Bytes received) {
  if (socket.protocol != DatagramProtocol::kRawEcho || socket.v6) return received;
  if (received.empty()) return std::nullopt;
  const std::size_t header = std::size_t{4} * (received[0] & 0x0fU);
  if (received.size() < header) return std::nullopt;
  return received.subspan(header);
}

bool read_echo(const DatagramSocket& socket, Bytes received, HostDatagram& datagram) {
  const std::optional<Bytes> message = icmp_message(socket, received);
  if (!message || message->size() < kEchoHeader) return false;
  if ((*message)[0] != (socket.v6 ? kEchoReply6 : kEchoReply4)) return false;
  // What came before the filter was set may be somebody else's.
  if (socket.protocol == DatagramProtocol::kRawEcho &&
      load_big<std::uint16_t>(*message, 4) != socket.echo_identifier) {
    return false;
  }
  datagram.sequence = load_big<std::uint16_t>(*message, 6);
  datagram.payload = message->subspan(kEchoHeader);
  datagram.peer.port = 0;
  return true;
}

}  // namespace

DatagramReceiver::DatagramReceiver()
    : buffers_(std::make_unique_for_overwrite<std::uint8_t[]>(kCapacity * kStride)) {
  for (std::size_t i = 0; i < kCapacity; ++i) {
    Slot& slot = slots_.at(i);
    slot.piece = {.iov_base = &buffers_[i * kStride], .iov_len = kBufferSize};
    msghdr& message = messages_.at(i).msg_hdr;
    message.msg_name = slot.source.data();
    message.msg_iov = &slot.piece;
    message.msg_iovlen = 1;
    message.msg_control = slot.control.data();
  }
}

void DatagramReceiver::prepare(std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) {
    msghdr& message = messages_.at(i).msg_hdr;
    message.msg_namelen = SocketAddress::kCapacity;
    message.msg_controllen = slots_.at(i).control.size();
  }
}

bool DatagramReceiver::read(const DatagramSocket& socket, std::size_t slot,
                            HostDatagram& datagram) {
  msghdr& message = messages_.at(slot).msg_hdr;
  if ((message.msg_flags & MSG_TRUNC) != 0) return false;
  const std::optional<Endpoint> source = slots_.at(slot).source.endpoint();
  if (!source) return false;
  datagram = {.peer = *source, .ttl = ttl_of(message), .sequence = 0, .payload = {}};
  const Bytes received(&buffers_[slot * kStride], messages_.at(slot).msg_len);
  if (socket.is_echo()) return read_echo(socket, received, datagram);
  datagram.payload = received;
  return true;
}

DatagramReceiver::Received DatagramReceiver::receive(const DatagramSocket& socket,
                                                     gsl::span<HostDatagram> datagrams) {
  const std::size_t wanted = std::min(datagrams.size(), kCapacity);
  std::size_t filled = 0;  // of `datagrams`
  std::size_t used = 0;    // of the slots
  // A pending ICMP error makes a call fail once, though datagrams wait. There can be a new one
  // each time.
  int failures = 0;
  while (filled < wanted && used < kCapacity) {
    const std::size_t asked = std::min(wanted - filled, kCapacity - used);
    prepare(used, asked);
    const int result = ::recvmmsg(socket.descriptor, &messages_.at(used),
                                  static_cast<unsigned>(asked), 0, nullptr);
    if (result < 0) {
      constexpr int kMaxFailures = 4;
      if (errno == EAGAIN) return {filled, true};
      if (++failures == kMaxFailures) break;
      continue;
    }
    const auto received = static_cast<std::size_t>(result);
    for (std::size_t i = used; i < used + received; ++i) {
      if (read(socket, i, datagrams[filled])) ++filled;
    }
    used += received;
    if (received < asked) return {filled, true};
  }
  return {filled, false};
}

}  // namespace sluice
