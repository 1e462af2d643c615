// A host that is not there: what a replayed guest finds at the other end.
//
// Every connection ends the same way, every byte sent is swallowed, nothing is ever said. When the
// guest has finished sending, the other side finishes too. No clock, no socket: the same calls get
// the same answers.

#ifndef SLUICE_APP_REPLAY_HOST_H_
#define SLUICE_APP_REPLAY_HOST_H_

#include <deque>
#include <unordered_map>
#include <vector>

#include "nat/host.h"

namespace sluice {

class ReplayHost final : public Host {
 public:
  enum class Manner : std::uint8_t {
    kAccept,  // connections are made; datagrams vanish
    kRefuse,  // connections are refused, and so are UDP datagrams
    kSilent,  // connections never come about; datagrams vanish
  };

  explicit ReplayHost(Manner manner) : manner_(manner) {}

  // What has become ready since the last call.
  std::vector<HostEvent> take_events();

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

  // Sockets that have not been closed.
  std::size_t open_sockets() const { return sockets_.size(); }

  // How many errors a socket keeps for its owner, as a real one keeps a limited queue.
  static constexpr std::size_t kMaxErrors = 16;

 private:
  struct Socket {
    Token token;
    bool connected = false;
    bool finished = false;  // the guest has, so the other side has
    std::errc pending{};    // for take_error()
    bool is_udp = false;
    std::deque<DatagramError> errors;
  };

  SocketId open(Socket socket);
  Socket* find(SocketId id);

  Manner manner_;
  std::int32_t next_id_ = 0;
  std::unordered_map<std::int32_t, Socket> sockets_;  // looked up only, never walked
  std::vector<HostEvent> events_;
};

}  // namespace sluice

#endif  // SLUICE_APP_REPLAY_HOST_H_
