// What a guest that has moved would say if it knew, so that switches learn where it is now.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_ANNOUNCEMENT_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_ANNOUNCEMENT_H_

#include <array>
#include <cstdint>

#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"

namespace sluice::vhost_user {

using Announcement = std::array<std::uint8_t, EthernetHeader::kMinFrame>;

// A broadcast frame from `guest`: a request of reverse ARP (RFC 903), which nobody answers and
// which leaves everybody's tables of addresses as they are.
inline Announcement announcement_of(const MacAddress& guest) {
  constexpr auto kReverseArp = static_cast<EtherType>(0x8035);
  constexpr auto kReverseRequest = static_cast<ArpMessage::Operation>(3);
  Announcement frame{};
  EthernetHeader{.destination = MacAddress::broadcast(), .source = guest, .type = kReverseArp}.emit(
      frame);
  ArpMessage{.operation = kReverseRequest,
             .sender_mac = guest,
             .sender = IpAddress::v4(0, 0, 0, 0),
             .target_mac = guest,
             .target = IpAddress::v4(0, 0, 0, 0)}
      .emit(MutableBytes(frame).subspan(EthernetHeader::kSize));
  return frame;
}

}  // namespace sluice::vhost_user

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_ANNOUNCEMENT_H_
