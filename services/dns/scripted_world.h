// A world that does what its owner says: a Host whose sockets are queues, and records of what a
// service sent to guests. Nothing happens in it but what a test or a fuzz input asks for.

#ifndef SLUICE_SERVICES_DNS_SCRIPTED_WORLD_H_
#define SLUICE_SERVICES_DNS_SCRIPTED_WORLD_H_

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "nat/host.h"
#include "nat/name_servers.h"
#include "nat/service.h"
#include "services/dns/message.h"
#include "stack/timer_wheel.h"

namespace sluice {

using Octets = std::vector<std::uint8_t>;

class ScriptedHost final : public Host {
 public:
  struct Datagram {
    Endpoint peer;
    Octets payload;
  };
  struct Socket {
    Token token;
    bool is_datagram = false;
    Endpoint target;             // of a stream
    std::vector<Datagram> sent;  // by datagrams
    std::deque<Datagram> inbox;
    std::deque<DatagramError> errors;
    std::errc pending_error{};
    Octets written;  // by a stream
    std::deque<std::uint8_t> readable;
    std::size_t room = 1 << 20;      // bytes that send() still takes
    bool at_end = false;             // behind what is readable
    std::errc receive_error_code{};  // behind what is readable
  };

  Transfer send(SocketId id, gsl::span<const Bytes> pieces) override;
  Transfer receive(SocketId id, gsl::span<const MutableBytes> pieces) override;
  void shutdown_send(SocketId id) override;
  void close(SocketId id, CloseMode mode) override;
  Opened connect(Token token, const StreamTarget& target) override;
  std::errc take_error(SocketId id) override;
  Opened listen(Token token, const ListenAddress& address) override;
  std::uint16_t local_port(SocketId id) override;
  Accepted accept(SocketId listener, Token token) override;
  Opened open_datagrams(Token token, DatagramKind kind, const IpAddress& family) override;
  std::size_t send_datagrams(SocketId id, gsl::span<const HostDatagram> datagrams) override;
  std::size_t receive_datagrams(SocketId id, gsl::span<HostDatagram> datagrams) override;
  std::optional<DatagramError> receive_error(SocketId id) override;

  // Open sockets, by id; ids are never used again.
  std::map<SocketId, Socket>& sockets() { return sockets_; }
  // The one opened last. There must be one that is still open.
  Socket& newest() { return sockets_.rbegin()->second; }
  std::size_t opened() const { return static_cast<std::size_t>(last_); }

  std::errc open_error{};  // of the next sockets opened
  bool takes_datagrams = true;

 private:
  Opened add(Socket socket);

  std::int32_t last_ = 0;
  std::map<SocketId, Socket> sockets_;
  std::vector<Datagram> lent_batch_;  // what the views of receive_datagrams() look at
};

class ScriptedWorld final : public DatagramOutput, public StreamEvents, public NameServers {
 public:
  struct Sent {
    Endpoint from;
    Endpoint to;
    Octets payload;
    std::optional<MacAddress> link_to;
  };

  void send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
            std::optional<MacAddress> link_to) override;
  void announce(const HostEvent& event) override { announced.push_back(event); }
  gsl::span<const Endpoint> current(Time now) override;

  ServiceContext context() { return {*this, *this, host, timers, Seed{1, 2}, 7}; }
  // Moves time on, firing what is due on the way at its own time.
  void pass(Duration time);

  Time now{};
  ScriptedHost host;
  TimerWheel timers{Time{}};
  std::vector<Endpoint> name_servers;
  std::vector<Sent> sent;
  std::vector<HostEvent> announced;
};

// A query for `name`, of type A unless told otherwise.
Octets make_query(std::uint16_t id, std::string_view name, DnsType type = DnsType::kA,
                  std::optional<DnsOpt> opt = std::nullopt);
// A reply to it as a name server sends it: `padding` bytes in a record behind the question.
Octets make_reply(Bytes query, DnsRcode rcode = DnsRcode::kNoError, std::size_t padding = 4);
// A message behind its length, as streams carry it.
Octets framed(Bytes message);

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_SCRIPTED_WORLD_H_
