// UDP and echo flows (RFC 4787, RFC 5508).
//
// A guest's address and port (of an echo request: its identifier) is mapped to one host socket,
// whatever it talks to: endpoint-independent mapping, so that guests behind two NATs find each
// other. What comes back passes if the guest has sent to that address before: address-dependent
// filtering. A forwarded UDP port is a mapping that the user made: everybody may write to it, and
// the guest's answers leave by the socket that the question came by.
//
// An unused mapping ends after five minutes (RFC 4787, section 4.3), one that has only asked a name
// server and got its answer after ten seconds, an echo's after one minute. The least recently used
// gives way when there are too many.

#ifndef SLUICE_NAT_DATAGRAM_FLOWS_H_
#define SLUICE_NAT_DATAGRAM_FLOWS_H_

#include <vector>

#include "nat/flow_context.h"
#include "nat/flow_info.h"
#include "nat/flow_table.h"
#include "stack/ip_packet.h"

namespace sluice {

// Somebody with whom a mapping exchanges datagrams. The key names the guest and, for mappings that
// guests opened, the host's address without a port: all ports of one address are one peer. For
// forwards it names the peer as the guest sees it.
struct DatagramPeer final : FlowEntry {
  DatagramPeer(std::uint32_t of, const Endpoint& real) : flow(of), actual(real) {}

  std::uint32_t flow;  // its mapping
  Endpoint actual;     // as the host knows it
  Time expires{};      // of those that wrote to a forward: until when it may be answered
  bool of_forward = false;
  FlowLinks by_age;
  FlowLinks of_flow;
};

// A mapping. Its key has the guest and nothing else if the guest opened it, and the number of the
// forward in place of the remote port if the user did.
struct DatagramFlow final : FlowEntry, Timer {
  DatagramFlow(TimerHandler& handler, FlowTable<DatagramPeer>& all_peers)
      : Timer(handler), peers(all_peers) {}

  SocketId socket = SocketId::kNone;
  Time expires{};
  Endpoint last_remote;  // that the guest has sent to, as it names it
  IpAddress gateway;     // as the guest has named it last
  FlowLinks by_use;
  FlowList<DatagramPeer, &DatagramPeer::of_flow> peers;
  bool is_forward = false;
  bool only_asks_names = true;  // it has sent to port 53 only
  bool dirty = false;           // its socket may have more
  FlowAccount account;
};

class DatagramFlows final : private TimerHandler {
 public:
  DatagramFlows(const FlowContext& context, DatagramKind kind, std::uint32_t limit,
                const Seed& seed);
  DatagramFlows(const DatagramFlows&) = delete;
  DatagramFlows& operator=(const DatagramFlows&) = delete;
  ~DatagramFlows();

  // One datagram of a guest to somewhere outside.
  struct Outbound {
    Endpoint guest;   // of an echo request: the identifier is the port
    Endpoint remote;  // as the guest names it
    std::uint8_t ttl = 64;
    std::uint16_t sequence = 0;
    Bytes payload;
  };
  // `packet` is what carried it, for errors. The payload must stay until flush().
  void send(Time now, const Outbound& datagram, const IpPacket& packet);
  // Hands what was sent to the host.
  void flush();

  // Readiness of a socket, under a token of Kind::kUdp or kEcho.
  void on_host(Time now, const HostEvent& event);
  // Goes on with sockets that had more than one batch takes.
  void receive_more(Time now);
  bool has_more() const { return !dirty_.empty(); }

  // Opens a UDP port of the host that leads to `guest`.
  Opened add_forward(const ListenAddress& listen, const Endpoint& guest);
  // Closes a port that add_forward() gave.
  void remove_forward(SocketId socket);

  std::uint32_t size() const { return flows_.size(); }
  // Adds what tools show of every mapping that a guest opened.
  void describe(Time now, std::vector<FlowInfo>& flows) const;

  static constexpr Duration kUdpIdle = std::chrono::minutes(5);
  static constexpr Duration kNameIdle = std::chrono::seconds(10);
  static constexpr Duration kEchoIdle = std::chrono::minutes(1);

 private:
  static constexpr std::size_t kBatch = 64;

  void on_timer(Time now, Timer& timer) override;
  TimerHandler& timer_handler() { return *this; }
  // The mapping of a guest's endpoint, opened if there is none; null when it can't be, and then
  // that has been reported.
  DatagramFlow* mapping_of(Time now, const Endpoint& guest, const IpAddress& destination,
                           const IpPacket& packet);
  void queue(Time now, DatagramFlow& flow, const HostDatagram& datagram);
  void receive(Time now, DatagramFlow& flow);
  // Datagrams that may share a packet; see datagram_run.h.
  void deliver(Time now, DatagramFlow& flow, gsl::span<const HostDatagram> run);
  void take_errors(Time now, DatagramFlow& flow);
  void use(Time now, DatagramFlow& flow, Duration idle);
  void erase(DatagramFlow& flow);
  void add_peer(Time now, DatagramFlow& flow, const Endpoint& seen, const Endpoint& actual);
  // With which port the guest sees `caller`, whose address it sees as that of `seen`: the caller's
  // own, unless another caller is seen with it. The same as long as both are remembered.
  std::uint16_t port_for(Time now, const Endpoint& guest, const Endpoint& caller, Endpoint seen);
  void refresh(Time now, DatagramPeer& peer);
  void erase_peer(DatagramPeer& peer);
  bool make_room();
  Token next_token() const;

  const FlowContext context_;
  const DatagramKind kind_;
  FlowTable<DatagramFlow> flows_;
  FlowTable<DatagramPeer> peers_;
  FlowList<DatagramFlow, &DatagramFlow::by_use> by_use_;  // without forwards
  // The oldest of those that guests wrote to, and of those that wrote to forwards. The latter give
  // way first: there may be any number of them.
  FlowList<DatagramPeer, &DatagramPeer::by_age> by_age_;
  FlowList<DatagramPeer, &DatagramPeer::by_age> callers_by_age_;
  const Seed port_seed_;

  struct Forward {
    SocketId socket;
    std::uint32_t flow;
  };
  std::vector<Forward> forwards_;
  std::uint16_t last_forward_ = 0;  // the number of the last one made
  SocketId pending_socket_ = SocketId::kNone;
  std::vector<HostDatagram> pending_;  // of one socket, to be sent
  std::vector<HostDatagram> received_;
  std::vector<Bytes> payloads_;
  std::vector<FlowName> dirty_;
  std::vector<FlowName> turns_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_DATAGRAM_FLOWS_H_
