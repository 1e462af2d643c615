#include "app/guest_link.h"

#include <utility>

#include "devices/link/packet_link.h"
#include "devices/link/tap.h"

namespace sluice {

std::unique_ptr<GuestLink> guest_link(Descriptor descriptor) {
  if (!has_vnet_headers(descriptor)) return std::make_unique<PacketLink>(std::move(descriptor));
  return std::make_unique<Tap>(std::move(descriptor));
}

}  // namespace sluice
