// The Host port over the sockets of this machine.
//
// A SocketId is the number of a descriptor, so moving bytes looks nothing up. What is to be known
// of a socket besides, a few bytes, lies in a vector by that number; what only few sockets have
// (the file of a unix listener, a child process, an error that this machine has about a datagram)
// lies in tables of their own.
//
// Whoever runs the loop waits in the event queue and gives what it fetches to events(). An event
// with `error` on a datagram socket asks its owner to take errors until receive_error() has none
// left: the edge comes once.

#ifndef SLUICE_NAT_HOST_SYSTEM_HOST_H_
#define SLUICE_NAT_HOST_SYSTEM_HOST_H_

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "nat/host.h"
#include "nat/host/child_processes.h"
#include "nat/host/datagram_receiver.h"
#include "nat/host/datagram_sender.h"
#include "nat/host/datagram_socket.h"
#include "nat/host/event_queue.h"
#include "nat/host/listener_socket.h"
#include "posix/acceptor.h"
#include "posix/descriptor.h"
#include "posix/last_will.h"
#include "posix/socket_file.h"

namespace sluice {

struct SystemHostOptions {
  // The local addresses that connections and datagrams of IPv4 and of IPv6 leave from. Connections
  // to the loopback leave from there all the same.
  std::optional<IpAddress> outbound;
  std::optional<IpAddress> outbound6;
  // This process is somebody else's, as in a library: it gets no process of ours besides the
  // commands that it asked for, and these inherit none of its descriptors. If it is killed they are
  // told so by the end of their input only. It has threads, of which the one that starts a command
  // may end before the command does.
  bool embedded = false;

  // The one of the family of `address`.
  const std::optional<IpAddress>& outbound_for(const IpAddress& address) const {
    return address.is_v4() ? outbound : outbound6;
  }
};

class SystemHost final : public Host, private DatagramSender::Refusals {
 public:
  // The queue is for this host alone among hosts, and outlives it.
  explicit SystemHost(EventQueue& queue, SystemHostOptions options = {});
  SystemHost(const SystemHost&) = delete;
  SystemHost& operator=(const SystemHost&) = delete;
  // Closes every socket and ends every command.
  ~SystemHost();

  // What has become ready, as the queue has fetched it, among events of others that are passed
  // over. To be called once for each fetch, even an empty one. Valid until the next call.
  gsl::span<const HostEvent> events(gsl::span<const epoll_event> fetched);

  // True if this process may open an ICMP socket of one kind or the other.
  static bool can_ping();

  // True once an echo flow has found no ICMP socket because this process may not open one.
  bool pings_forbidden() const { return pings_forbidden_; }

  // From now on, in place of what the options said.
  void set_outbound(const std::optional<IpAddress>& v4, const std::optional<IpAddress>& v6) {
    options_.outbound = v4;
    options_.outbound6 = v6;
  }

  // Commands will be connected to. What ends them when this process is killed keeps the memory
  // that is in use when it is started: so it is better started now than at the first of them.
  void expect_commands() { static_cast<void>(start_will()); }

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
  static constexpr std::size_t kMaxRefusals = 256;

  enum class Role : std::uint8_t { kNone, kTcp, kUnix, kCommand, kListener, kDatagrams };

  struct Socket {
    Token token;
    Role role = Role::kNone;
    DatagramProtocol protocol = DatagramProtocol::kUdp;
    bool v6 = false;
    std::uint16_t echo_identifier = 0;
  };

  // An error of the local system about one datagram.
  struct Refusal {
    SocketId socket = SocketId::kNone;
    bool announced = false;
    DatagramError error;
  };

  // Registers the descriptor and owns it from then on.
  Opened keep(Descriptor descriptor, const Socket& socket, std::uint32_t interest);
  SocketId own(Descriptor descriptor, const Socket& socket);
  // True if what is left to will_ will be done, or nothing is left to it.
  bool start_will() { return options_.embedded || will_.start(); }
  Opened connect_command(Token token, const Command& target);
  Opened listen_unix_at(Token token, const std::string& path);
  Opened listen_udp(Token token, const Endpoint& local, bool v6_only);
  Socket& socket_at(SocketId id);
  void forget_socket_file(int descriptor);
  DatagramSocket datagram_socket_at(SocketId id);
  void refused(const HostDatagram& datagram, std::errc error) override;
  void announce_refusals();
  std::uint16_t new_echo_identifier();

  SystemHostOptions options_;
  EventQueue& queue_;
  std::vector<HostEvent> events_;
  std::vector<Socket> sockets_;  // by descriptor
  LastWill will_;
  std::unordered_map<std::int32_t, SocketFile> socket_files_;
  ChildProcesses children_;
  Acceptor acceptor_;
  DatagramSender sender_;
  DatagramReceiver receiver_;
  std::deque<Refusal> refusals_;
  SocketId sending_ = SocketId::kNone;  // whose datagrams are being refused
  std::uint16_t last_echo_identifier_;
  bool pings_forbidden_ = false;
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_SYSTEM_HOST_H_
