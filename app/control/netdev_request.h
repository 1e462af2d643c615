// The netdev that somebody asks a running network for: read by the command line's own parser, but
// without what only who starts a process can say, or wait for.

#ifndef SLUICE_APP_CONTROL_NETDEV_REQUEST_H_
#define SLUICE_APP_CONTROL_NETDEV_REQUEST_H_

#include "app/control/request.h"
#include "app/options/netdev.h"

namespace sluice {

// `arguments` are those of netdev_add, as QEMU has them. Throws Refused or UsageError.
//
// Numbers of descriptors are refused: they are this process's own. So are hosts' names but
// localhost, and a tap's scripts and helpers: everybody would wait until they are resolved, or have
// ended. A tap has no script unless one is named.
Netdev parse_netdev_request(const Json& arguments);

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_NETDEV_REQUEST_H_
