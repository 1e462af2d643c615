// One connection and a peer that says exactly what a test tells it to, on a virtual clock.
//
// Both streams are counted from 0: byte 0 is the first after the SYN. So a test says "bytes 1000 to
// 2000" and not which numbers those have; the numbers of both sides wrap within the first kilobyte,
// in every test. Segments of at most 1000 bytes, unless an Opening says otherwise, keep arithmetic
// easy to follow.

#ifndef SLUICE_STACK_TCP_SCRIPTED_PEER_H_
#define SLUICE_STACK_TCP_SCRIPTED_PEER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/tcp/connection.h"

namespace sluice::tcp {

struct Opening {
  Sequence peer_initial{0xffffff00};
  TcpOptions peer_options{.maximum_segment_size = 1000};  // of its SYN
  std::uint16_t peer_window = 60000;                      // in its SYN and the ACK after it
  Parameters ours{.initial_sequence = Sequence(0xfffffe00),
                  .timestamp_offset = 7,
                  .maximum_segment_size = 1000,
                  .receive_space = 10000};
};

// What the connection sent, and when.
struct Said : Outgoing {
  Time at;
};

class ScriptedPeer {
 public:
  // The peer's SYN has come and is held.
  static ScriptedPeer opening(const Opening& opening = {});
  // The connection is to be opened by us; its SYN is still to be sent.
  static ScriptedPeer called(const Opening& opening = {});
  // The peer has opened, and the handshake is over.
  static ScriptedPeer established(const Opening& opening = {});

  // Segments of the peer, with `timestamps` if set; they acknowledge the first `acknowledges` bytes
  // of ours and our SYN.
  Segment syn() const;
  Segment syn_ack() const;
  Segment ack(std::uint32_t acknowledges) const;  // without payload, after `sent` bytes
  Segment data(std::uint32_t begin, std::uint32_t size) const;
  Segment fin(std::uint32_t at) const;
  Segment rst(std::uint32_t at) const;

  Arrival gives(const Segment& segment);
  // The same, and the owner takes what is new and in order; it keeps what is out of order.
  Arrival gives_taken(const Segment& segment);
  // Everything the connection has to send now.
  std::vector<Said> hears(std::uint32_t limit = 65536);
  // Lets time pass, with whatever falls due on the way.
  std::vector<Said> waits(Duration duration);

  // `count` bytes are queued, and what goes out at once is given back.
  std::vector<Said> sends(std::uint32_t count);

  // Where a segment of ours lies in our stream; -1 is our SYN.
  std::int64_t place(const Outgoing& segment) const;
  // How many bytes of the peer's stream a segment of ours acknowledges.
  std::int64_t acknowledged(const Outgoing& segment) const;
  // The number of a byte of the peer's stream, and of ours.
  Sequence peer_number(std::uint32_t place) const { return opening_.peer_initial + 1 + place; }
  Sequence our_number(std::uint32_t place) const {
    return opening_.ours.initial_sequence + 1 + place;
  }
  // A SACK block for bytes of our stream, and one of ours as bytes of the peer's.
  SackBlock sack(std::uint32_t begin, std::uint32_t end) const;
  SackBlock sacked(const SackBlock& block) const;

  Connection connection;
  Time now;
  std::uint32_t sent = 0;          // bytes of the peer's stream before its next segment
  std::uint32_t acknowledges = 0;  // what its data segments acknowledge
  std::uint16_t window;            // what its segments offer
  std::optional<TcpTimestamps> timestamps;

 private:
  ScriptedPeer(Connection machine, Time start, const Opening& opening);
  Segment segment(Sequence sequence, TcpFlags flags) const;

  Opening opening_;
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_SCRIPTED_PEER_H_
