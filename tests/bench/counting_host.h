// A host that takes everything and says what it is told, and counts both. No byte is moved: what
// the kernel's copy costs is the kernel's, and the same for every stack above it.
//
// A connect has worked when its event is taken. Listeners, errors and full sockets are not here: a
// benchmark of them would measure this fake.

#ifndef SLUICE_TESTS_BENCH_COUNTING_HOST_H_
#define SLUICE_TESTS_BENCH_COUNTING_HOST_H_

#include <cstdint>
#include <vector>

#include "nat/host.h"

namespace sluice {

class CountingHost final : public Host {
 public:
  // The host's side of the socket that was opened last; each announces what has changed.
  void say(std::size_t bytes);
  void finish();
  void say_datagram(const HostDatagram& datagram);

  // Gives what has been announced since the last call; `events` is emptied and its room reused.
  void take_events(std::vector<HostEvent>& events);

  std::uint64_t connects() const { return connects_; }
  std::uint64_t closes() const { return closes_; }
  std::uint64_t bytes_taken() const { return bytes_taken_; }
  std::uint64_t bytes_told() const { return bytes_told_; }
  std::uint64_t datagrams_taken() const { return datagrams_taken_; }

  Opened connect(Token token, const StreamTarget& target) override;
  Opened listen(Token token, const ListenAddress& address) override;
  std::uint16_t local_port(SocketId id) override;
  Accepted accept(SocketId listener) override;
  std::errc watch(SocketId id, Token token) override;
  Opened open_datagrams(Token token, DatagramKind kind, const IpAddress& family) override;
  std::size_t send_datagrams(SocketId id, gsl::span<const HostDatagram> datagrams) override;
  std::size_t receive_datagrams(SocketId id, gsl::span<HostDatagram> datagrams) override;
  std::optional<DatagramError> receive_error(SocketId id) override;
  Transfer send(SocketId id, gsl::span<const Bytes> pieces) override;
  Transfer receive(SocketId id, gsl::span<const MutableBytes> pieces) override;
  void shutdown_send(SocketId id) override;
  std::errc take_error(SocketId id) override;
  void close(SocketId id, CloseMode mode) override;

 private:
  struct Socket {
    Token token;
    std::size_t waiting = 0;  // bytes to be received
    bool ended = false;       // behind them
  };

  Opened open(Token token);
  Socket& at(SocketId id) { return sockets_.at(static_cast<std::size_t>(id)); }

  std::vector<Socket> sockets_;
  std::vector<SocketId> free_;
  std::vector<HostEvent> announced_;
  std::vector<HostDatagram> datagrams_;  // to be received from the last socket
  SocketId last_ = SocketId::kNone;
  std::uint64_t connects_ = 0;
  std::uint64_t closes_ = 0;
  std::uint64_t bytes_taken_ = 0;
  std::uint64_t bytes_told_ = 0;
  std::uint64_t datagrams_taken_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_BENCH_COUNTING_HOST_H_
