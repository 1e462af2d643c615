// TCP flows: what guests and streams say to each other, carried across.
//
// Every input (a segment, a stream's readiness, a timer) changes its flow at once and marks it
// dirty; at the end of the batch each dirty flow has one turn, in which it takes what its stream
// has and sends whatever there is to send. So a batch costs a flow one acknowledgment, and frames
// point into rings that nobody touches before the link has flushed.
//
// In-order payload goes from the frame straight to the stream; only what the stream refuses is
// kept. What the guest has not acknowledged is kept in a ring, which is also what frames are made
// from. The rings grow with the window and are given back when they are empty.
//
// A guest's SYN is answered only when the stream is open: what becomes of the connection on the
// host's side becomes of it on the guest's. Refused is RST, unreachable is ICMP, silence is
// silence; a reset is a reset and a finished direction a FIN, both ways.
//
// Files: tcp_flows.cc (segments and the lives of flows), tcp_transfer.cc (their turns),
// tcp_bindings.cc (services and forwards that come and go, and what there is to tell of flows),
// tcp_state.cc (flows of guests that are saved and loaded).

#ifndef SLUICE_NAT_TCP_FLOWS_H_
#define SLUICE_NAT_TCP_FLOWS_H_

#include <vector>

#include "nat/flow_context.h"
#include "nat/flow_info.h"
#include "nat/service.h"
#include "nat/stream_state.h"
#include "nat/tcp_flow.h"
#include "stack/ip_packet.h"

namespace sluice {

class TcpFlows final : private TimerHandler {
 public:
  TcpFlows(const FlowContext& context, const Seed& seed);
  TcpFlows(const TcpFlows&) = delete;
  TcpFlows& operator=(const TcpFlows&) = delete;
  ~TcpFlows();

  // Whether more frames of the batch follow the next one: then little payload waits for what they
  // bring, and all of it leaves with one call.
  void expect_more(bool more) { expects_more_ = more; }
  // A TCP packet from a guest. `verified`: its checksum needs no look.
  void on_packet(Time now, const IpPacket& packet, bool verified);
  // Readiness of a stream, under a token of Kind::kTcp.
  void on_host(Time now, const HostEvent& event);
  // Takes one connection that waits at a host's listener and leads it to `guest`. False when there
  // is none.
  bool accept(Time now, SocketId listener, const Endpoint& guest);

  // Leads connections to the virtual address `at` to a service, or to where the user said.
  void bind(const Endpoint& at, StreamService& service);
  void bind(const Endpoint& at, StreamTarget target);
  bool is_bound(const Endpoint& at) const { return find_binding(at) != nullptr; }
  bool is_bound(const IpAddress& address) const;
  // How many services there may be.
  bool has_room_for_service() const;
  // Ends what bind() began. Connections to where the user said go on, those to a service are reset,
  // with the next turns. False if nothing is bound there.
  bool unbind(const Endpoint& at);

  // The end of a batch: dirty flows have their turns. After this comes the link's flush, and then
  // release().
  void take_turns(Time now);
  // Forgets the flows that ended.
  void release();
  // Turns were cut short: another batch, though an empty one, is to follow at once.
  bool has_more() const { return !dirty_.empty(); }

  std::uint32_t size() const { return table_.size(); }
  std::size_t buffered_bytes() const { return pool_.in_use(); }
  // What guests were told has arrived and streams have not taken yet. Looks at every flow.
  std::size_t undelivered_bytes();
  // See Nat.
  std::vector<ExportedStream> export_streams(Time now, const Endpoint& server);
  SocketId import_stream(Time now, const StreamState& state);
  std::vector<FlowPosition> positions();
  void end_all_but(Time now, gsl::span<const FlowPosition> positions);
  // Adds what tools show of every flow.
  void describe(std::vector<FlowInfo>& flows) const;

  // What may be on its way in each direction of a flow whose guest is near.
  static constexpr std::uint32_t kNearSpace = 1U << 20;
  // What a guest that sends large frames is offered. It waits in the link's queue, and in a ring of
  // ours only if the host refuses it, so that it may be more, and keeps the guest busy while we are
  // busy with what came before.
  static constexpr std::uint32_t kLargeToHost = 4U << 20;
  static_assert(kLargeToHost <= BufferPool::kLargest, "a ring holds what was offered");
  // Bytes that one flow takes from its stream in one turn.
  static constexpr std::uint32_t kTurn = 1U << 20;
  // How long a flow lasts of which nothing can be told to the guest, longer than its own
  // retransmissions do: while the host connects, and after the host's side has timed out. And how
  // long a stream may take to take the rest of what a guest sent.
  static constexpr Duration kSilence = std::chrono::minutes(4);

 private:
  // The place of the host in streams_.
  static constexpr std::uint8_t kHostStreams = 0;

  // An address of the virtual network that leads to something other than its translation.
  struct Binding {
    Endpoint at;
    StreamService* service = nullptr;  // or else:
    std::uint8_t streams = kHostStreams;
    StreamTarget target;
  };

  // tcp_flows.cc
  void on_timer(Time now, Timer& timer) override;
  TimerHandler& timer_handler() { return *this; }
  // Answers a segment that belongs to no connection (RFC 9293, section 3.10.7.1).
  void refuse(Time now, const FlowKey& key, const tcp::Segment& segment);
  void on_segment(Time now, TcpFlow& flow, const tcp::Segment& segment);
  void open(Time now, const FlowKey& key, const tcp::Segment& syn);
  void open_service(Time now, TcpFlow& flow, StreamService& service);
  void on_connect_failed(Time now, TcpFlow& flow, std::errc error);
  void on_stream_failed(Time now, TcpFlow& flow, std::errc error);
  // Room for one more flow, made if need be. False when there is none.
  bool make_room();
  tcp::Parameters parameters(Time now, const FlowKey& key) const;
  Token token_of(const TcpFlow& flow) const;
  Streams& streams(const TcpFlow& flow) { return *streams_[flow.streams]; }
  // The key of a connection from outside, with another port if that one is in use.
  std::optional<FlowKey> key_for(const Endpoint& guest, const std::optional<Endpoint>& peer);
  const Binding* find_binding(const Endpoint& at) const;
  // `address` belongs to a host of the virtual network that has bindings for all its ports.
  bool is_host_here(const IpAddress& address) const;
  void mark(TcpFlow& flow);
  void list(TcpFlow& flow);
  void unlist(TcpFlow& flow);
  void close_stream(TcpFlow& flow, CloseMode mode);
  // Makes a flow of a key that is new.
  TcpFlow& insert(Time now, const FlowKey& key, tcp::Connection connection, std::uint8_t streams);
  FlowAccount& account_of(const TcpFlow& flow) { return accounts_[flow.index()]; }
  // Forgets a flow at once, without a word to the guest.
  void drop(TcpFlow& flow);

  // tcp_bindings.cc
  std::uint8_t place_for(StreamService& service);
  std::optional<Endpoint> destination_of(const TcpFlow& flow) const;

  // tcp_transfer.cc
  TcpBuffers& buffers_of(TcpFlow& flow);
  void take_payload(Time now, TcpFlow& flow, const tcp::Arrival& arrival);
  bool make_place(TcpFlow& flow, std::size_t size);
  // Gives payload to the stream, or else to its ring; returns how many bytes have found a place.
  std::uint32_t pass_on(Time now, TcpFlow& flow, const ScatteredBytes& payload);
  void exchange_with_host(Time now, TcpFlow& flow);
  void speak_to_guest(Time now, TcpFlow& flow);
  // Others need what this flow no longer uses. Only at the beginning of a turn: later, frames point
  // into the ring.
  void give_back_excess(TcpFlow& flow);
  void empty_to_host(Time now, TcpFlow& flow);
  static std::uint32_t worthwhile_room(ByteRing& ring, std::uint32_t wanted, std::uint32_t missing);
  // False when there may be more, beyond what one turn takes.
  bool fill_to_guest(Time now, TcpFlow& flow);
  std::uint32_t space(const TcpFlow& flow) const;
  std::uint32_t receive_space(const TcpFlow& flow) const;
  void finish_guest(TcpFlow& flow);
  // False if the link was full before all was said.
  bool send_segments(Time now, TcpFlow& flow);
  // Gives the flow a turn in the next batch.
  void hold(Time now, TcpFlow& flow);
  void set_timer(Time now, TcpFlow& flow);

  const FlowContext context_;
  Seed sequence_seed_;
  Seed timestamp_seed_;
  Random random_;
  BufferPool pool_;
  std::vector<Binding> bindings_;
  FlowTable<TcpFlow> table_;
  std::vector<FlowAccount> accounts_;  // by the flows' indices, for those who ask
  std::vector<Streams*> streams_;  // what flows may have on their other side; null: a free place
  FlowList<TcpFlow, &TcpFlow::links> half_open_;
  FlowList<TcpFlow, &TcpFlow::links> time_wait_;
  bool expects_more_ = false;
  std::vector<FlowName> dirty_;     // flows whose turn is to come
  std::vector<FlowName> turns_;     // those that have it now
  std::vector<FlowName> held_;      // those that had to break off for a link that was full
  std::vector<FlowName> finished_;  // those that have ended
};

}  // namespace sluice

#endif  // SLUICE_NAT_TCP_FLOWS_H_
