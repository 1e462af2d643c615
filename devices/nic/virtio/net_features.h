// Features of virtio devices, and of the network device (virtio 1.2, sections 5.1.3 and 6).

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_FEATURES_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_FEATURES_H_

#include <cstdint>

namespace sluice::virtio {

constexpr std::uint64_t bit(unsigned number) {
  return std::uint64_t{1} << number;
}

inline constexpr std::uint64_t kCsum = bit(0);       // the device completes checksums
inline constexpr std::uint64_t kGuestCsum = bit(1);  // the driver does
inline constexpr std::uint64_t kMtu = bit(3);
inline constexpr std::uint64_t kMac = bit(5);
inline constexpr std::uint64_t kGuestTso4 = bit(7);
inline constexpr std::uint64_t kGuestTso6 = bit(8);
inline constexpr std::uint64_t kGuestEcn = bit(9);
inline constexpr std::uint64_t kHostTso4 = bit(11);
inline constexpr std::uint64_t kHostTso6 = bit(12);
inline constexpr std::uint64_t kHostEcn = bit(13);
inline constexpr std::uint64_t kMrgRxbuf = bit(15);
inline constexpr std::uint64_t kStatus = bit(16);
inline constexpr std::uint64_t kCtrlVq = bit(17);
inline constexpr std::uint64_t kCtrlRx = bit(18);
inline constexpr std::uint64_t kCtrlVlan = bit(19);
inline constexpr std::uint64_t kCtrlRxExtra = bit(20);
inline constexpr std::uint64_t kMq = bit(22);
inline constexpr std::uint64_t kCtrlMacAddr = bit(23);
inline constexpr std::uint64_t kIndirectDesc = bit(28);
inline constexpr std::uint64_t kEventIdx = bit(29);
inline constexpr std::uint64_t kVersion1 = bit(32);
inline constexpr std::uint64_t kRingPacked = bit(34);
inline constexpr std::uint64_t kGuestUso4 = bit(54);
inline constexpr std::uint64_t kGuestUso6 = bit(55);
inline constexpr std::uint64_t kHostUso = bit(56);

}  // namespace sluice::virtio

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_FEATURES_H_
