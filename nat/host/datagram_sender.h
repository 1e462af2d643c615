// Sends datagrams, many with one system call.

#ifndef SLUICE_NAT_HOST_DATAGRAM_SENDER_H_
#define SLUICE_NAT_HOST_DATAGRAM_SENDER_H_

#include <sys/socket.h>

#include <array>

#include "nat/host.h"
#include "nat/host/datagram_socket.h"
#include "nat/host/socket_address.h"

namespace sluice {

class DatagramSender {
 public:
  // Where the errors go that the local system has about a datagram.
  class Refusals {
   public:
    virtual void refused(const HostDatagram& datagram, std::errc error) = 0;

   protected:
    ~Refusals() = default;
  };

  // Sends in order. Returns how many were taken: sent, refused, or lost in a full queue of the
  // system. Fewer than given means that the socket has no room.
  std::size_t send(const DatagramSocket& socket, gsl::span<const HostDatagram> datagrams,
                   Refusals& refusals);

 private:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kEchoHeader = 8;

  // What a message's header points to.
  struct Slot {
    SocketAddress destination;
    std::array<std::uint8_t, kEchoHeader> echo{};
    std::array<iovec, 2> pieces{};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
  };

  static void describe(const DatagramSocket& socket, const HostDatagram& datagram, Slot& slot,
                       msghdr& message);

  std::array<Slot, kBatch> slots_;
  std::array<mmsghdr, kBatch> messages_{};
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_DATAGRAM_SENDER_H_
