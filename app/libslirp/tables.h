// What slirp_connection_info() and slirp_neighbor_info() show: the layout of libslirp, which
// people read and scripts parse.

#ifndef SLUICE_APP_LIBSLIRP_TABLES_H_
#define SLUICE_APP_LIBSLIRP_TABLES_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nat/flow_info.h"
#include "stack/neighbors.h"

namespace sluice {

// The host's own address of a socket; nullopt if it has none.
using LocalName = std::function<std::optional<Endpoint>(SocketId)>;

// A line for every flow and every forwarded port, the latest forward first. A connection that came
// by a forwarded port is shown from the port to the guest.
std::string connection_table(const std::vector<FlowInfo>& flows,
                             const std::vector<HostForwardInfo>& forwards,
                             const LocalName& local_name);
std::string neighbor_table(const Neighbors& neighbors);

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_TABLES_H_
