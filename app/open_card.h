// Opens the cards that the command line names.

#ifndef SLUICE_APP_OPEN_CARD_H_
#define SLUICE_APP_OPEN_CARD_H_

#include <cstdint>
#include <memory>

#include "app/options/device.h"
#include "devices/link/guest_link.h"
#include "devices/link/stream_peer.h"

namespace sluice {

// Listens for the machine that the card is for; `card.mac` is there. The network that the card is
// on has packets of `mtu` bytes; 0: nobody knows. Throws std::system_error.
std::unique_ptr<GuestLink> open_card(const CardOptions& card, std::uint16_t mtu,
                                     const StreamPeer::Tell& tell);

}  // namespace sluice

#endif  // SLUICE_APP_OPEN_CARD_H_
