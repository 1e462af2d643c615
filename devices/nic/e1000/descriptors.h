// The 82540EM's descriptors as they lie in the guest's memory (sections 3.2.3 and 3.3).
//
// All have 16 bytes. What a transmit descriptor is, its command byte says together with the type
// in front of it: without DEXT a legacy descriptor, with it a context, which describes what the
// data descriptors that follow refer to.

#ifndef SLUICE_DEVICES_NIC_E1000_DESCRIPTORS_H_
#define SLUICE_DEVICES_NIC_E1000_DESCRIPTORS_H_

#include "devices/nic/little_endian.h"

namespace sluice::e1000 {

inline constexpr std::size_t kDescriptorSize = 16;
// As they are read and written.
using Raw = std::array<std::uint8_t, kDescriptorSize>;

// Section 3.2.3. Only what lies behind the address is written back.
struct ReceiveDescriptor {
  Little64 address;
  struct WriteBack {
    Little16 length;
    Little16 checksum;
    std::uint8_t status = 0;
    std::uint8_t errors = 0;
    Little16 special;
  } write_back;
};
static_assert(sizeof(ReceiveDescriptor) == kDescriptorSize);
static_assert(sizeof(ReceiveDescriptor::WriteBack) == 8);

// RDESC.STATUS
inline constexpr std::uint8_t kRxDd = 1U << 0;
inline constexpr std::uint8_t kRxEop = 1U << 1;
inline constexpr std::uint8_t kRxIxsm = 1U << 2;
inline constexpr std::uint8_t kRxVp = 1U << 3;
inline constexpr std::uint8_t kRxTcpcs = 1U << 5;
inline constexpr std::uint8_t kRxIpcs = 1U << 6;
inline constexpr std::uint8_t kRxPif = 1U << 7;
// RDESC.ERRORS
inline constexpr std::uint8_t kRxTcpe = 1U << 5;
inline constexpr std::uint8_t kRxIpe = 1U << 6;
inline constexpr std::uint8_t kRxRxe = 1U << 7;

// Section 3.3.3.
struct LegacyDescriptor {
  Little64 address;
  Little16 length;
  std::uint8_t cso = 0;
  std::uint8_t command = 0;
  std::uint8_t status = 0;
  std::uint8_t css = 0;
  Little16 special;
};
static_assert(sizeof(LegacyDescriptor) == kDescriptorSize);

// Section 3.3.6.
struct ContextDescriptor {
  std::uint8_t ipcss = 0;
  std::uint8_t ipcso = 0;
  Little16 ipcse;
  std::uint8_t tucss = 0;
  std::uint8_t tucso = 0;
  Little16 tucse;
  Little32 paylen_dtyp_tucmd;
  std::uint8_t status = 0;
  std::uint8_t hdrlen = 0;
  Little16 mss;
};
static_assert(sizeof(ContextDescriptor) == kDescriptorSize);

// Section 3.3.7.
struct DataDescriptor {
  Little64 address;
  Little32 dtalen_dtyp_dcmd;
  std::uint8_t status = 0;
  std::uint8_t popts = 0;
  Little16 special;
};
static_assert(sizeof(DataDescriptor) == kDescriptorSize);

inline constexpr std::size_t kTxCommandOffset = 11;  // in all three
inline constexpr std::size_t kTxStatusOffset = 12;
// In the double word in front of that.
inline constexpr std::uint32_t kTxDtalen = 0x000fffff;
inline constexpr unsigned kTxDtypShift = 20;
inline constexpr std::uint32_t kTxDtyp = 15;
inline constexpr std::uint32_t kTxDtypContext = 0;
inline constexpr std::uint32_t kTxDtypData = 1;

// TDESC.CMD, TUCMD and DCMD, which agree where they have the same.
inline constexpr std::uint8_t kTxEop = 1U << 0;
inline constexpr std::uint8_t kTxIc = 1U << 2;   // legacy
inline constexpr std::uint8_t kTxTse = 1U << 2;  // context and data
inline constexpr std::uint8_t kTxRs = 1U << 3;
inline constexpr std::uint8_t kTxDext = 1U << 5;
inline constexpr std::uint8_t kTxVle = 1U << 6;
inline constexpr std::uint8_t kTxIde = 1U << 7;
inline constexpr std::uint8_t kTucmdTcp = 1U << 0;
inline constexpr std::uint8_t kTucmdIp = 1U << 1;
// POPTS
inline constexpr std::uint8_t kPoptsIxsm = 1U << 0;
inline constexpr std::uint8_t kPoptsTxsm = 1U << 1;
// TDESC.STA
inline constexpr std::uint8_t kTxDd = 1U << 0;

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_DESCRIPTORS_H_
