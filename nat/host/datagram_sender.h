// Sends datagrams, many with one system call, and runs of equal ones as one packet that the kernel
// cuts (UDP_SEGMENT, udp(7), since Linux 4.18). Where it can't (the system is older, pieces would
// not fit the path's MTU, a transformation is in the way) they go one by one.

#ifndef SLUICE_NAT_HOST_DATAGRAM_SENDER_H_
#define SLUICE_NAT_HOST_DATAGRAM_SENDER_H_

#include <sys/socket.h>

#include <array>

#include "nat/host.h"
#include "nat/host/datagram_socket.h"
#include "posix/socket_address.h"

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
    // A TTL and a size of segment.
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int)) +
                                                  CMSG_SPACE(sizeof(std::uint16_t))> control{};
    std::size_t datagrams = 0;
  };

  // Fills messages from `datagrams`, with runs joined if `join`; returns how many messages.
  std::size_t describe(const DatagramSocket& socket, gsl::span<const HostDatagram> datagrams,
                       bool join);
  static void describe(const DatagramSocket& socket, gsl::span<const HostDatagram> run, Slot& slot,
                       gsl::span<iovec> pieces, msghdr& message);

  std::array<Slot, kBatch> slots_;
  std::array<mmsghdr, kBatch> messages_{};
  // An echo request has two pieces.
  std::array<iovec, 2 * kBatch> pieces_{};
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_DATAGRAM_SENDER_H_
