// The whole of it: frames from a guest on one side, the host's sockets on the other.
//
// A Nat is a function of what it is given: frames, host events, time and a seed. It has no thread,
// no descriptor and no clock. Whoever owns it calls one of three inputs with the time at which
// something happened; what the Nat has to say leaves through the Link and the Host during that
// call, and deadline() tells when it wants to be called though nothing happened.

#ifndef SLUICE_NAT_NAT_H_
#define SLUICE_NAT_NAT_H_

#include <memory>
#include <optional>
#include <vector>

#include "nat/config.h"
#include "nat/flow_info.h"
#include "nat/host.h"
#include "nat/service.h"
#include "nat/stream_state.h"
#include "stack/counters.h"
#include "stack/frame.h"
#include "stack/link.h"
#include "stack/neighbors.h"
#include "stack/random.h"
#include "stack/time.h"

namespace sluice {

class Nat {
 public:
  // `link` and `host` outlive the Nat. `now` is the beginning of time for it.
  Nat(const NatConfig& config, Link& link, Host& host, const Seed& seed, Time now);
  ~Nat();
  Nat(const Nat&) = delete;
  Nat& operator=(const Nat&) = delete;

  // A batch of frames from the guest. Their bytes are not kept.
  void on_frames(Time now, gsl::span<const Frame> frames);
  // A batch of readiness from the host.
  void on_host(Time now, gsl::span<const HostEvent> events);
  // A deadline has passed.
  void on_time(Time now);
  // When to call on_time() at the latest. nullopt: not before another input.
  std::optional<Time> deadline() const;

  // What service number `service` (each its own) is built with.
  ServiceContext context(std::uint8_t service);
  // Gives datagrams to the virtual address `at` to a service, which outlives the Nat's inputs. With
  // an unspecified address: to that port of the gateway and of the broadcast addresses.
  void bind_datagrams(const Endpoint& at, DatagramService& service);
  // Gives TCP connections to the virtual address `at` to a service.
  void bind_streams(const Endpoint& at, StreamService& service);
  // Gives the host events of service number `service` to its client.
  void bind_host_client(std::uint8_t service, HostClient& client);

  // Opens a port of the host that leads to a guest; returns the port, which the system chose if 0
  // was asked for. Throws std::system_error when it can't listen there.
  std::uint16_t add_host_forward(const HostForward& forward);
  // True if there was such a forward. Its connections go on.
  bool remove_host_forward(const ListenAddress& listen);
  bool has_host_forward(const ListenAddress& listen);
  // Throws std::invalid_argument if the address is not inside the network or is taken.
  void add_guest_forward(const GuestForward& forward);
  // The same for a place inside this process, which outlives the Nat's inputs or is removed before.
  // Throws std::length_error if there are too many.
  void add_guest_forward(const Endpoint& server, StreamService& service);
  // True if there was such a forward. Its connections go on, but those to a service are reset.
  bool remove_guest_forward(const Endpoint& server);

  // The open connections of guests to the service at `server`.
  std::vector<ExportedStream> export_streams(Time now, const Endpoint& server) const;
  // Goes on with one; the next input does so. Returns the stream that the service has opened for
  // it, or kNone if there is no service at its server, the state is not sound, or there is no room.
  // A connection that has its addresses is forgotten for it.
  SocketId import_stream(Time now, const StreamState& state);
  // Where the open connections of guests stand.
  std::vector<FlowPosition> positions() const;
  // The guests have gone back to where they were when these were taken, maybe elsewhere: resets
  // every connection that stands nowhere among them, and with the next input tells the guests of
  // those that they still believe to have. Of connections without a position they hear when they
  // next say something.
  void end_all_but(Time now, gsl::span<const FlowPosition> positions);
  // A guest is known to be at that link address.
  void learn(const IpAddress& address, const MacAddress& mac);

  // What there is at `now`, for people and tools.
  std::vector<FlowInfo> flows(Time now) const;
  std::vector<HostForwardInfo> host_forwards() const;
  const Limits& limits() const;
  // The guests' link addresses.
  const Neighbors& neighbors() const;

  const Counters& counters() const;
  // Bytes that guests were told have arrived and that the host has not taken yet. They are lost if
  // the Nat ends now.
  std::size_t undelivered_bytes() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_NAT_H_
