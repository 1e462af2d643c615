// What is kept of connections when a guest is saved: those with services as they can go on
// elsewhere, of all others where they stood.

#ifndef SLUICE_NAT_STREAM_STATE_H_
#define SLUICE_NAT_STREAM_STATE_H_

#include <cstdint>
#include <vector>

#include "nat/host.h"
#include "stack/address.h"
#include "stack/tcp/connection.h"

namespace sluice {

struct StreamState {
  Endpoint guest;
  Endpoint server;
  tcp::Snapshot connection;
  bool stream_finished = false;        // the service has said everything
  bool guest_finished = false;         // the service knows that the guest has
  std::vector<std::uint8_t> to_guest;  // not acknowledged yet
  std::vector<std::uint8_t> to_host;   // acknowledged, and not taken by the service yet

  // Nobody would export another.
  bool is_sound() const {
    return connection.is_sound() && connection.queued() == to_guest.size() && guest.port != 0 &&
           guest.address.is_v4() == server.address.is_v4() &&
           (!stream_finished || connection.fin_queued) &&
           (!guest_finished || (connection.peer_finished && to_host.empty()));
  }
};

// An open connection, which can go on with a guest that is loaded only where it still stands there.
struct FlowPosition {
  Endpoint guest;
  Endpoint remote;
  tcp::Position position;

  // Nobody would tell of another.
  bool is_sound() const {
    return guest.port != 0 && guest.address.is_v4() == remote.address.is_v4();
  }
};

// One that was exported: the service knows it by its stream.
struct ExportedStream {
  StreamState state;
  SocketId stream = SocketId::kNone;
};

}  // namespace sluice

#endif  // SLUICE_NAT_STREAM_STATE_H_
