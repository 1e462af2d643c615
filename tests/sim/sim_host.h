// A host made of memory: what its sockets do is what the test says.
//
// Every connect is accepted after the next take_events(), unless its destination was given another
// manner. Bytes sent by the core are kept to be looked at; bytes put in by the test are there to be
// received. Misuse of the port (an unknown or closed socket, too many pieces) fails the test that
// causes it, and views that the port has taken back point to memory that is freed.

#ifndef SLUICE_TESTS_SIM_SIM_HOST_H_
#define SLUICE_TESTS_SIM_SIM_HOST_H_

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nat/host.h"
#include "tests/sim/octets.h"

namespace sluice {

class SimHost final : public Host {
 public:
  enum class Manner : std::uint8_t {
    kAccept,
    kSilent,  // a connect that never ends
    kFail,    // a connect that ends with an error
  };
  struct Behaviour {
    Manner manner = Manner::kAccept;
    std::errc error{};
  };

  // One socket, open or closed. What has come for it and was not received is gone once it is
  // closed.
  struct Socket {
    enum class Kind : std::uint8_t { kStream, kListener, kDatagrams };

    bool is_datagrams() const { return kind == Kind::kDatagrams; }

    Kind kind = Kind::kStream;
    Token token;
    StreamTarget target;  // of a connect
    bool is_open = true;
    CloseMode closed_by = CloseMode::kGraceful;
    bool connected = false;
    bool shut_down = false;            // the core will send no more
    std::errc pending_error{};         // for take_error(), and after the bytes for receive()
    std::string sent;                  // by the core
    std::size_t sends = 0;             // calls of send()
    std::size_t send_room = SIZE_MAX;  // bytes it still takes
    std::deque<std::uint8_t> incoming;
    bool incoming_ended = false;

    struct Waiting {
      std::optional<Endpoint> peer;
    };
    std::deque<Waiting> waiting;  // of a listener

    DatagramKind datagram_kind = DatagramKind::kUdp;
    std::optional<bool> is_v4;  // of open_datagrams()
    struct Datagram {
      Endpoint peer;
      std::uint8_t ttl = 64;
      std::uint16_t sequence = 0;
      std::string payload;
    };
    std::vector<Datagram> sent_datagrams;
    std::deque<Datagram> incoming_datagrams;
    std::deque<DatagramError> errors;
  };

  // How connects to `destination` go from now on.
  void set_behaviour(const Endpoint& destination, Behaviour behaviour);
  // What connect(), listen() and open_datagrams() fail with; std::errc{}: they don't.
  std::errc open_error{};
  // False: sockets take no datagrams to send.
  bool takes_datagrams = true;

  // The test's side of a socket; each announces what has changed.
  void say(SocketId id, std::string_view bytes);
  void finish(SocketId id);
  void fail(SocketId id, std::errc error);
  void make_room(SocketId id, std::size_t bytes);
  void knock(SocketId listener, const std::optional<Endpoint>& peer);
  void say_datagram(SocketId id, const Endpoint& from, std::string_view payload,
                    std::uint16_t sequence = 0);
  void report(SocketId id, const DatagramError& error);

  // What has been announced since the last call, one event per socket.
  std::vector<HostEvent> take_events();

  // Valid as long as the host.
  Socket& at(SocketId id);
  // The id of the socket that was opened last.
  SocketId last() const { return static_cast<SocketId>(sockets_.size() - 1); }
  std::size_t opened() const { return sockets_.size(); }
  std::size_t open() const { return open_sockets().size(); }
  // The ids of those that are open, in the order of opening.
  std::vector<SocketId> open_sockets() const;
  // The one of them that was opened last. There must be one.
  Socket& newest() { return at(open_sockets().back()); }

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
  SocketId add(Socket socket);
  // The open socket that the core calls upon.
  Socket& called(SocketId id);
  void announce(SocketId id, Readiness ready);

  std::map<Endpoint, Behaviour> behaviours_;
  std::deque<Socket> sockets_;
  std::map<std::int32_t, Readiness> announced_;
  std::vector<Octets> lent_;  // behind the views of receive_datagrams(), until the next call
  std::uint16_t next_port_ = 40000;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_SIM_HOST_H_
