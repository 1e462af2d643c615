// A pseudowire of L2TPv3 (RFC 3931): Ethernet frames to one other end, over UDP or over packets of
// IP's protocol 115.
//
// Both ends are told everything, and neither says a word but for the frames: there is no control
// connection. The socket hears the other address only; session and cookie must be as agreed. A
// message that comes out of order is taken: what it carries can deal with that.

#ifndef SLUICE_DEVICES_LINK_L2TPV3_LINK_H_
#define SLUICE_DEVICES_LINK_L2TPV3_LINK_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "devices/link/guest_link.h"
#include "stack/address.h"
#include "stack/wire/l2tpv3.h"

namespace sluice {

struct L2tpv3Options {
  // Of one family; the ports are 0 where messages lie in packets of IP.
  Endpoint local;
  Endpoint remote;
  L2tpv3Format format;
  // What we send, and what we take.
  std::uint32_t send_session = 0;
  std::uint32_t receive_session = 0;
  std::uint64_t send_cookie = 0;
  std::uint64_t receive_cookie = 0;
  bool numbered = false;  // in the sublayer, if there is one
};

// Throws std::system_error.
std::unique_ptr<GuestLink> open_l2tpv3(const L2tpv3Options& options);

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_L2TPV3_LINK_H_
