// Two connections over a bad link on a virtual clock.
//
// Each end owns a Connection, a byte string to send and a byte string received. The link loses,
// duplicates, delays and so reorders segments as a seed decides. Time jumps from event to event.

#ifndef SLUICE_STACK_TCP_TWO_MACHINES_H_
#define SLUICE_STACK_TCP_TWO_MACHINES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "stack/random.h"
#include "stack/tcp/connection.h"

namespace sluice::tcp {

struct Impairment {
  unsigned loss_percent = 0;
  unsigned duplicate_percent = 0;
  std::uint32_t delay_ms = 10;
  std::uint32_t jitter_ms = 0;  // more than the spacing of segments reorders them
};

// One end: what a flow is to a connection, with memory in place of a socket.
struct Machine {
  std::optional<Connection> connection;
  std::vector<std::uint8_t> to_send;
  std::size_t enqueued = 0;      // bytes of to_send that the connection knows of
  std::size_t acknowledged = 0;  // and that the peer has
  std::vector<std::uint8_t> received;
  std::map<std::size_t, std::vector<std::uint8_t>> aside;  // by offset in `received`
  std::size_t space = 65536;                               // receive buffer, in bytes
  std::size_t refuse_every = 0;  // every n-th delivery is refused, as when memory is short
  std::size_t deliveries = 0;
  std::uint64_t segments_sent = 0;
};

class TwoMachines {
 public:
  TwoMachines(const Impairment& impairment, const Seed& seed);

  // A opens to B. Both have `a.to_send` and `b.to_send` to transfer, and finish after it.
  void open(const Parameters& a_parameters, const Parameters& b_parameters);
  // Runs until both are closed or `limit` of virtual time has passed; true if both are closed.
  bool run(Duration limit);

  Machine a;
  Machine b;
  Time now{};

 private:
  struct Flying {
    Machine* to;
    Segment segment;
    std::vector<std::uint8_t> payload;
  };

  void turn(Machine& machine);
  void deliver(Flying& flying);
  void take(Machine& machine, const Arrival& arrival);
  void send(Machine& from, const Outgoing& outgoing);

  Impairment impairment_;
  Random random_;
  Parameters b_parameters_;
  std::multimap<Time, Flying> link_;
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_TWO_MACHINES_H_
