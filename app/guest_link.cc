#include "app/guest_link.h"

#include <utility>

#include "devices/link/packet_link.h"
#include "devices/link/tap.h"

namespace sluice {

std::unique_ptr<GuestLink> guest_link(Descriptor descriptor, const NetworkInvocation& invocation) {
  if (!has_vnet_headers(descriptor)) return std::make_unique<PacketLink>(std::move(descriptor));
  // What is impaired must be frames as on a wire.
  const auto offloads = invocation.impairment ? Tap::Offloads::kNone : Tap::Offloads::kAll;
  return std::make_unique<Tap>(std::move(descriptor), offloads);
}

}  // namespace sluice
