#include "nat/host/error_queue.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "posix/socket_address.h"

namespace sluice {
namespace {

constexpr std::size_t kEchoHeader = 8;
constexpr std::uint8_t kUnreachable4 = 3;          // RFC 792
constexpr std::uint8_t kFragmentationNeeded4 = 4;  // RFC 1191
constexpr std::uint8_t kPacketTooBig6 = 2;         // RFC 4443

// What the kernel says of an error: its own words and, behind them, the reporter's address.
struct Report {
  sock_extended_err words{};
  SocketAddress reporter;
};

std::optional<Report> find_report(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;
    const bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    const std::size_t length = header->cmsg_len - CMSG_LEN(0);
    Report report;
    if (length < sizeof report.words) return std::nullopt;
    std::memcpy(&report.words, CMSG_DATA(header), sizeof report.words);
    const std::size_t rest =
        std::min<std::size_t>(length - sizeof report.words, SocketAddress::kCapacity);
    std::memcpy(report.reporter.data(), CMSG_DATA(header) + sizeof report.words, rest);
    return report;
  }
  return std::nullopt;
}

// nullopt for what no ICMP message caused: the call that sent has already returned it.
std::optional<DatagramError> error_of(const Report& report, const Endpoint& destination) {
  const sock_extended_err& words = report.words;
  const bool v4 = words.ee_origin == SO_EE_ORIGIN_ICMP;
  if (!v4 && words.ee_origin != SO_EE_ORIGIN_ICMP6) return std::nullopt;
  DatagramError error{.destination = destination};
  error.icmp_type = words.ee_type;
  error.icmp_code = words.ee_code;
  if (const std::optional<Endpoint> reporter = report.reporter.endpoint()) {
    error.reporter = reporter->address;
  }
  const bool too_big = v4 ? words.ee_type == kUnreachable4 && words.ee_code == kFragmentationNeeded4
                          : words.ee_type == kPacketTooBig6;
  if (too_big) error.mtu = words.ee_info;
  return error;
}

}  // namespace

std::optional<DatagramError> take_queued_error(const DatagramSocket& socket) {
  // A raw socket hears of the errors of everybody's pings and passes over them. An edge announces
  // what comes later, so a limit leaves nothing behind that has not come within this call.
  constexpr int kMaxPassedOver = 4096;
  for (int i = 0; i < kMaxPassedOver; ++i) {
    // The quoted datagram: behind the UDP header, or from the ICMP header on.
    std::array<std::uint8_t, kEchoHeader> quoted{};
    iovec piece{.iov_base = quoted.data(), .iov_len = quoted.size()};
    SocketAddress destination;
    // Room for the TTL too, which comes along.
    constexpr std::size_t kControlSize =
        CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in6)) + CMSG_SPACE(sizeof(int));
    alignas(cmsghdr) std::array<std::uint8_t, kControlSize> control{};
    msghdr message{};
    message.msg_name = destination.data();
    message.msg_namelen = SocketAddress::kCapacity;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = ::recvmsg(socket.descriptor, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0) return std::nullopt;

    const std::optional<Report> report = find_report(message);
    const std::optional<Endpoint> to = destination.endpoint();
    if (!report || !to) continue;
    std::optional<DatagramError> error = error_of(*report, *to);
    if (!error) continue;
    if (socket.is_echo()) {
      error->destination.port = 0;
      if (static_cast<std::size_t>(length) < kEchoHeader) continue;
      if (socket.protocol == DatagramProtocol::kRawEcho &&
          load_big<std::uint16_t>(quoted, 4) != socket.echo_identifier) {
        continue;
      }
      error->sequence = load_big<std::uint16_t>(quoted, 6);
    }
    return error;
  }
  return std::nullopt;
}

}  // namespace sluice
