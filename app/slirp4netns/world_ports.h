// A world's ports, as those who use the API open and close them.

#ifndef SLUICE_APP_SLIRP4NETNS_WORLD_PORTS_H_
#define SLUICE_APP_SLIRP4NETNS_WORLD_PORTS_H_

#include "app/slirp4netns/api_forwards.h"
#include "app/world.h"

namespace sluice {

// The world outlives what is returned.
inline ApiForwards::Ports ports_of(World& world) {
  return {
      .open = [&world](const HostForward& forward) { world.add_host_forward(forward); },
      .close = [&world](const ListenAddress& listen) { world.remove_host_forward(listen); },
      .is_open = [&world](const ListenAddress& listen) { return world.has_host_forward(listen); }};
}

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_WORLD_PORTS_H_
