#include "nat/host/datagram_socket.h"

#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "posix/socket_address.h"

namespace sluice {
namespace {

// What every datagram socket has: see the top of the header.
bool set_common_options(const Descriptor& socket, bool v6) {
  if (v6) {
    return set_option(socket, IPPROTO_IPV6, IPV6_RECVERR, 1) &&
           set_option(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) &&
           set_option(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  }
  return set_option(socket, IPPROTO_IP, IP_RECVERR, 1) &&
         set_option(socket, IPPROTO_IP, IP_RECVTTL, 1) &&
         set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

bool bind_to(const Descriptor& socket, const Endpoint& local) {
  const SocketAddress address(local);
  return ::bind(socket.get(), address.data(), address.size()) == 0;
}

// Leaves only echo replies with `identifier`. A filter sees an IPv4 packet from its IP header, an
// IPv6 one from its ICMPv6 header.
bool set_echo_filter(const Descriptor& socket, bool v6, std::uint16_t identifier) {
  if (v6) {
    icmp6_filter types{};
    ICMP6_FILTER_SETBLOCKALL(&types);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &types);
    if (::setsockopt(socket.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &types, sizeof types) < 0) {
      return false;
    }
  } else {
    const icmp_filter types{.data = ~(1U << ICMP_ECHOREPLY)};
    if (::setsockopt(socket.get(), SOL_RAW, ICMP_FILTER, &types, sizeof types) < 0) return false;
  }
  constexpr std::uint32_t kIdentifierOffset = 4;
  constexpr std::uint32_t kAll = 0xffffffff;
  // X is the length of the IP header, or 0.
  const sock_filter skip_header = v6 ? sock_filter BPF_STMT(BPF_LDX | BPF_IMM, 0)
                                     : sock_filter BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0);
  std::array<sock_filter, 5> program{{
      skip_header,
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, kIdentifierOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kAll),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return ::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

}  // namespace

OpenedSocket open_udp(const IpAddress& family, const std::optional<Endpoint>& local, bool v6_only) {
  const bool v6 = !family.is_v4();
  Descriptor socket(::socket(socket_family(family), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket || !set_common_options(socket, v6)) return failed_socket();
  if (v6 && !set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0)) return failed_socket();
  if (local && !bind_to(socket, *local)) return failed_socket();
  return {.descriptor = std::move(socket), .error = {}};
}

OpenedEchoSocket open_echo(const IpAddress& family, const std::optional<IpAddress>& local,
                           std::uint16_t identifier) {
  const bool v6 = !family.is_v4();
  const int protocol = v6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
  OpenedEchoSocket opened;
  Descriptor& socket = opened.socket.descriptor;
  const auto fail = [] {
    return OpenedEchoSocket{.socket = failed_socket(), .protocol = DatagramProtocol::kPing};
  };

  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  socket.reset(::socket(socket_family(family), SOCK_DGRAM | kFlags, protocol));
  if (!socket) {
    opened.protocol = DatagramProtocol::kRawEcho;
    socket.reset(::socket(socket_family(family), SOCK_RAW | kFlags, protocol));
    if (!socket || !set_echo_filter(socket, v6, identifier)) return fail();
  }
  if (!set_common_options(socket, v6)) return fail();
  const bool bound = local && local->is_v4() == family.is_v4();
  if (bound && !bind_to(socket, {.address = *local, .port = 0})) return fail();
  return opened;
}

}  // namespace sluice
