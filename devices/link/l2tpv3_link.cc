#include "devices/link/l2tpv3_link.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "devices/link/datagram_link.h"
#include "posix/descriptor.h"
#include "posix/socket_address.h"
#include "stack/wire/ipv4.h"

namespace sluice {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class Envelope final : public DatagramEnvelope {
 public:
  explicit Envelope(const L2tpv3Options& options)
      : options_(options),
        behind_ipv4_(options.local.address.is_v4() && !options.format.over_udp) {}

  std::optional<Bytes> open(Bytes datagram) const override {
    if (behind_ipv4_) {
      const auto packet = Ipv4View::parse(datagram);
      if (!packet) return std::nullopt;
      datagram = packet->payload();
    }
    const auto message = L2tpv3View::parse(datagram, options_.format);
    if (!message || message->header().session != options_.receive_session ||
        message->header().cookie != options_.receive_cookie) {
      return std::nullopt;
    }
    return message->payload();
  }

  std::size_t seal(std::uint64_t sent, MutableBytes into) const override {
    L2tpv3Header header{
        .session = options_.send_session, .cookie = options_.send_cookie, .sequence = std::nullopt};
    if (options_.numbered) {
      header.sequence = static_cast<std::uint32_t>(sent) & L2tpv3Header::kMaxSequence;
    }
    header.emit(options_.format, into);
    return options_.format.header_size();
  }

 private:
  static_assert(L2tpv3Format::kMaxHeaderSize <= kMaxSize);

  const L2tpv3Options options_;
  const bool behind_ipv4_;  // sockets of packets hand over their headers, but of IPv4 only
};

Descriptor connected_socket(const L2tpv3Options& options) {
  const bool udp = options.format.over_udp;
  const int family = socket_family(options.local.address);
  Descriptor socket(::socket(family, (udp ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC,
                             udp ? 0 : L2tpv3Format::kIpProtocol));
  if (!socket) {
    fail(udp ? "can't open a socket"
             : "can't open a socket for packets of L2TPv3 (this needs CAP_NET_RAW in the network "
               "namespace; over UDP, with udp=on, nothing is needed)");
  }
  const SocketAddress local(options.local);
  if (::bind(socket.get(), local.data(), local.size()) < 0) {
    fail("can't bind a socket to " + options.local.to_string());
  }
  const SocketAddress remote(options.remote);
  if (::connect(socket.get(), remote.data(), remote.size()) < 0) {
    fail("can't send to " + options.remote.to_string());
  }
  return socket;
}

}  // namespace

std::unique_ptr<GuestLink> open_l2tpv3(const L2tpv3Options& options) {
  return std::make_unique<DatagramLink>(connected_socket(options),
                                        std::make_unique<Envelope>(options));
}

}  // namespace sluice
