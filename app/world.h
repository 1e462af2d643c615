// A Nat among the things of this machine: a guest's link, the host's sockets, clocks and files.
//
// Everything it is told comes from one loop. What has come from the guest and what has come from
// the host is taken in turns, a batch of each, so neither side waits while the other is busy; after
// some turns the loop looks whether a signal has come. Descriptors are watched only while there is
// nothing to take from them.

#ifndef SLUICE_APP_WORLD_H_
#define SLUICE_APP_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "app/cli/invocation.h"
#include "app/loop.h"
#include "app/network_report.h"
#include "devices/link/guest_link.h"
#include "nat/config.h"

namespace sluice {

class World {
 public:
  // Takes the link, opens the forwarded ports and the capture, starts the services. Nothing is
  // taken from the guest before the loop runs. The loop outlives it. Throws std::system_error for
  // what can't be opened, std::invalid_argument for what makes no sense.
  World(const NetworkInvocation& invocation, std::unique_ptr<GuestLink> guest, Loop& loop);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // As in Nat, while the loop runs: from a callback of a watch, or from a turn of the loop's that
  // is not this one's own.
  std::uint16_t add_host_forward(const HostForward& forward);
  bool remove_host_forward(const ListenAddress& listen);
  bool has_host_forward(const ListenAddress& listen);

  NetworkReport report() const;
  // The link may have frames though its descriptor does not say so; also one that was closed and is
  // so no more. From where forwards are added, too.
  void look_at_link();

  // Takes what waits in the link's queue: what a guest that has just ended sent before.
  void catch_up();
  // Bytes that the guest was told have arrived and that the host's sockets have not taken yet.
  std::size_t undelivered_bytes() const;

  // Called once when the guest's end of the link is gone.
  void on_closed(std::function<void()> on_closed);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace sluice

#endif  // SLUICE_APP_WORLD_H_
