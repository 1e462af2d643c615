#include "app/open_card.h"

#include <gsl/assert>

#include "devices/link/vfio_user/link.h"
#include "devices/link/vhost_user/link.h"
#include "devices/nic/e1000/e1000.h"
#include "devices/nic/i82559c/i82559c.h"
#include "devices/nic/rtl8139/rtl8139.h"
#include "devices/nic/virtio/net_card.h"
#include "nat/host/clock.h"

namespace sluice {
namespace {

VirtioNetOptions virtio_options(const CardOptions& card, std::uint16_t mtu) {
  static_assert(CardOptions::kMaxQueues <= VirtioNet::kMaxPairs);
  return {.mac = card.mac, .mtu = mtu, .pairs = card.queues, .commands = false};
}

std::unique_ptr<Nic> make_nic(const CardOptions& card, std::uint16_t mtu, PciSlot& slot) {
  constexpr std::uint8_t kRevisionOf8139C = 0x10;
  Expects(card.mac.has_value());
  const MacAddress& mac = *card.mac;
  switch (card.model) {
    case CardModel::kE1000:
      return std::make_unique<E1000>(slot, mac);
    case CardModel::kRtl8139: {
      Rtl8139::Options options{.address = mac};
      if (!card.plus) options.revision = kRevisionOf8139C;
      return std::make_unique<Rtl8139>(slot, options);
    }
    case CardModel::kI82559c:
      return std::make_unique<I82559c>(slot, mac);
    case CardModel::kVirtioNet:
      return std::make_unique<VirtioNetCard>(slot, virtio_options(card, mtu));
  }
  Expects(false);
  return nullptr;
}

}  // namespace

std::unique_ptr<GuestLink> open_card(const CardOptions& card, std::uint16_t mtu,
                                     const StreamPeer::Tell& tell) {
  if (card.socket == CardSocket::kVhostUser) {
    return std::make_unique<VhostUserLink>(card.path, virtio_options(card, mtu), tell);
  }
  const auto make = [card, mtu](PciSlot& slot) { return make_nic(card, mtu, slot); };
  return std::make_unique<VfioUserLink>(card.path, make, &monotonic_now, tell);
}

}  // namespace sluice
