// Receives datagrams, many with one system call, into buffers that all sockets share.

#ifndef SLUICE_NAT_HOST_DATAGRAM_RECEIVER_H_
#define SLUICE_NAT_HOST_DATAGRAM_RECEIVER_H_

#include <sys/socket.h>

#include <array>
#include <memory>

#include "nat/host.h"
#include "nat/host/datagram_socket.h"
#include "posix/socket_address.h"

namespace sluice {

class DatagramReceiver {
 public:
  // How many datagrams there is room for.
  static constexpr std::size_t kCapacity = 64;

  DatagramReceiver();

  struct Received {
    std::size_t count;
    bool drained;  // no more wait
  };
  // Receives up to datagrams.size(), but no more than kCapacity with those that are not for us,
  // into views that are valid until the next call.
  Received receive(const DatagramSocket& socket, gsl::span<HostDatagram> datagrams);

 private:
  // No UDP datagram and no IPv4 packet is longer.
  static constexpr std::size_t kBufferSize = std::size_t{64} << 10;
  // A cache line more: else all datagrams would begin in the same few sets of the cache.
  static constexpr std::size_t kStride = kBufferSize + 64;

  struct Slot {
    SocketAddress source;
    iovec piece{};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
  };

  void prepare(std::size_t first, std::size_t count);
  // False for what is not for us.
  bool read(const DatagramSocket& socket, std::size_t slot, HostDatagram& datagram);

  // Not touched before use: of 4 MiB, only what datagrams have filled is ever backed by memory.
  std::unique_ptr<std::uint8_t[]> buffers_;  // NOLINT(modernize-avoid-c-arrays): a run of bytes
  std::array<Slot, kCapacity> slots_;
  std::array<mmsghdr, kCapacity> messages_{};
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_DATAGRAM_RECEIVER_H_
