// The port towards the outer world: the host's sockets, seen from the core.
//
// Nothing here blocks and nothing throws: every call returns at once with what it achieved or an
// error as std::errc. What is to be announced later (a connection made, data that can be read)
// comes back as a HostEvent under the Token that its owner gave. Readiness is edge-triggered: an
// event says that something changed, and its owner goes on until it is told would-block, or gets
// less than it asked for; once `more` was announced, until it is told would-block or gets the end.
//
// nat/host implements this port with real sockets, tests with a scripted one.

#ifndef SLUICE_NAT_HOST_H_
#define SLUICE_NAT_HOST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/frame.h"

namespace sluice {

// Names what an event is for, in its owner's terms. The kind tells owners apart, and for kService
// `service` does; index and generation are the owner's. The generation makes a token of a closed
// socket mean nothing when its place is taken again.
struct Token {
  enum class Kind : std::uint8_t { kNone, kTcp, kUdp, kEcho, kListener, kService };

  Kind kind = Kind::kNone;
  std::uint8_t service = 0;
  std::uint16_t generation = 0;
  std::uint32_t index = 0;

  friend constexpr bool operator==(const Token&, const Token&) = default;
};
static_assert(sizeof(Token) == 8);

enum class SocketId : std::int32_t { kNone = -1 };

// What an edge announces; several at once are possible.
struct Readiness {
  bool readable = false;  // data, an end of stream or a connection to accept
  bool writable = false;  // room to send, or a connect that has ended
  bool error = false;     // an error is pending: take_error() or an error queue tells it
  bool more = false;      // behind a short count there may be more: an end, or urgent data
};

struct HostEvent {
  Token token;
  Readiness ready;
};

// The result of moving bytes. `error` is std::errc{} when all went well; a short count without an
// error means that the other side took or had no more.
struct Transfer {
  std::size_t bytes = 0;
  std::errc error{};

  bool would_block() const { return error == std::errc::operation_would_block; }
  bool failed() const { return error != std::errc{} && !would_block(); }
};

enum class CloseMode : std::uint8_t {
  kGraceful,  // what was sent is still delivered, then FIN
  kReset,     // TCP: RST at once
};

// Byte streams in both directions, by id. The host's sockets are one; a service inside the
// virtual network that is reached by TCP is another.
class Streams {
 public:
  static constexpr std::size_t kMaxPieces = 1 + Frame::kMaxRest;

  // Takes as many bytes as there is room for, in order, from at most kMaxPieces pieces. They may
  // lie in a guest's memory and change at any time, so each byte is read once.
  virtual Transfer send(SocketId id, gsl::span<const Bytes> pieces) = 0;
  // Fills the pieces (at most kMaxPieces) in order. Zero bytes without an error is the end of the
  // stream.
  virtual Transfer receive(SocketId id, gsl::span<const MutableBytes> pieces) = 0;
  // No more will be sent: the other side sees the end of the stream.
  virtual void shutdown_send(SocketId id) = 0;
  // The pending error of a stream, taken off it.
  virtual std::errc take_error(SocketId id) = 0;
  // Forgets the stream; its token's events end.
  virtual void close(SocketId id, CloseMode mode) = 0;

 protected:
  ~Streams() = default;
};

// Where a stream leads: a TCP endpoint, a unix socket, or a command whose standard input and
// output are the stream.
struct UnixPath {
  std::string path;
};
struct Command {
  std::string line;  // words split as a shell splits them, without a shell
  // Whether the command wants a TCP socket, as inetd gives it, and not just any socket.
  bool wants_tcp = false;
};
using StreamTarget = std::variant<Endpoint, UnixPath, Command>;

// What a datagram socket carries.
enum class DatagramKind : std::uint8_t { kUdp, kEcho };

// One datagram on its way through a host socket. For kEcho, the payload is the ICMP echo message's
// data behind identifier and sequence number, and `sequence` is that number.
struct HostDatagram {
  Endpoint peer;  // destination when sent, source when received
  std::uint8_t ttl = 64;
  std::uint16_t sequence = 0;
  Bytes payload;
};

// An error that the network reported for a datagram sent earlier (ip(7), IP_RECVERR).
struct DatagramError {
  Endpoint destination;  // of the datagram that caused it
  std::errc error{};     // of the local system, when no ICMP message caused it
  IpAddress reporter;    // who sent the ICMP message; unspecified when nobody did
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint32_t mtu = 0;       // for "fragmentation needed", else 0
  std::uint16_t sequence = 0;  // for kEcho, of the request that caused it
};

struct Opened {
  SocketId id = SocketId::kNone;
  std::errc error{};
};

struct Accepted {
  SocketId id = SocketId::kNone;  // kNone with would_block when nobody waits
  std::errc error{};
  std::optional<Endpoint> peer;  // nullopt for unix sockets
};

// Where a forwarded port listens.
struct ListenAddress {
  enum class Protocol : std::uint8_t { kTcp, kUdp };

  Protocol protocol = Protocol::kTcp;
  std::variant<Endpoint, UnixPath> local;  // UnixPath only with kTcp
  // Of the unspecified IPv6 address: IPv4 does not come that way too.
  bool v6_only = true;
};

class Host : public Streams {
 public:
  // Starts connecting. Writable is announced when it has ended; take_error() tells how. An error
  // that is known at once may be returned here instead.
  virtual Opened connect(Token token, const StreamTarget& target) = 0;

  // Opens a listener. Readable is announced when somebody connects or, for UDP, when a datagram
  // has come. Port 0 lets the system choose; local_port() tells.
  virtual Opened listen(Token token, const ListenAddress& address) = 0;
  virtual std::uint16_t local_port(SocketId id) = 0;
  // Takes the next waiting connection. Nothing is announced of it before watch().
  virtual Accepted accept(SocketId listener) = 0;
  // Announces what an accepted connection is ready for, from now on and under `token`. After an
  // error (the system is short of something) it stays the caller's to close.
  virtual std::errc watch(SocketId id, Token token) = 0;

  // Opens an unconnected datagram socket of the family of `family`; any host can be sent to.
  virtual Opened open_datagrams(Token token, DatagramKind kind, const IpAddress& family) = 0;
  // Sends in order, as many as the socket takes; returns how many were taken or dropped by the
  // system for good. Errors that concern one datagram come back through receive_error().
  virtual std::size_t send_datagrams(SocketId id, gsl::span<const HostDatagram> datagrams) = 0;
  // Receives up to datagrams.size() of them; payloads are views into the host's own buffers, valid
  // until the next call to any function of the host. Returns how many there were.
  virtual std::size_t receive_datagrams(SocketId id, gsl::span<HostDatagram> datagrams) = 0;
  // The oldest error reported for what this socket sent.
  virtual std::optional<DatagramError> receive_error(SocketId id) = 0;

 protected:
  ~Host() = default;
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_H_
