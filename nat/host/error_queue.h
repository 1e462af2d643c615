// The queue of ICMP errors that a datagram socket keeps (ip(7), IP_RECVERR).

#ifndef SLUICE_NAT_HOST_ERROR_QUEUE_H_
#define SLUICE_NAT_HOST_ERROR_QUEUE_H_

#include <optional>

#include "nat/host.h"
#include "nat/host/datagram_socket.h"

namespace sluice {

// Takes the oldest error. nullopt when there is none.
std::optional<DatagramError> take_queued_error(const DatagramSocket& socket);

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_ERROR_QUEUE_H_
