#include "app/open_card.h"

#include <gsl/assert>

#include "devices/link/vfio_user_link.h"
#include "devices/link/vhost_user_link.h"
#include "devices/nic/e1000.h"
#include "devices/nic/i82559c.h"
#include "devices/nic/rtl8139.h"
#include "nat/host/clock.h"

namespace sluice {
namespace {

std::unique_ptr<Nic> make_nic(CardModel model, const MacAddress& mac, PciSlot& slot) {
  switch (model) {
    case CardModel::kE1000:
      return std::make_unique<E1000>(slot, mac);
    case CardModel::kRtl8139:
      return std::make_unique<Rtl8139>(slot, Rtl8139::Options{.address = mac});
    case CardModel::kI82559c:
      return std::make_unique<I82559c>(slot, mac);
    case CardModel::kVirtioNet:
      break;
  }
  Expects(false);
  return nullptr;
}

}  // namespace

std::unique_ptr<GuestLink> open_card(const CardOptions& card, std::uint16_t mtu,
                                     const StreamPeer::Tell& tell) {
  Expects(card.mac.has_value());
  if (card.socket == CardSocket::kVhostUser) {
    const VirtioNetOptions options{.mac = card.mac, .mtu = mtu};
    return std::make_unique<VhostUserLink>(card.path, options, tell);
  }
  const auto make = [card](PciSlot& slot) { return make_nic(card.model, *card.mac, slot); };
  return std::make_unique<VfioUserLink>(card.path, make, &monotonic_now, tell);
}

}  // namespace sluice
