// Messages of vfio-user, by which a machine reaches a device that another process has (QEMU's
// documentation, "vfio-user Protocol Specification"). Behind a header of 16 bytes stands what the
// command asks for; descriptors come beside the first byte. Numbers are in the order of the host,
// since both ends are on one.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_MESSAGE_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_MESSAGE_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include "stack/bytes.h"

namespace sluice::vfio_user {

enum class Command : std::uint16_t {
  kVersion = 1,
  kDmaMap = 2,
  kDmaUnmap = 3,
  kDeviceGetInfo = 4,
  kDeviceGetRegionInfo = 5,
  kDeviceGetRegionIoFds = 6,
  kDeviceGetIrqInfo = 7,
  kDeviceSetIrqs = 8,
  kRegionRead = 9,
  kRegionWrite = 10,
  kDmaRead = 11,
  kDmaWrite = 12,
  kDeviceReset = 13,
  kRegionWriteMulti = 15,
};

struct Header {
  static constexpr std::uint32_t kType = 0xf;
  static constexpr std::uint32_t kReply = 1;
  static constexpr std::uint32_t kNoReply = 1U << 4;
  static constexpr std::uint32_t kError = 1U << 5;

  bool is_reply() const { return (flags & kType) == kReply; }
  bool is_request() const { return (flags & kType) == 0; }
  bool wants_reply() const { return (flags & kNoReply) == 0; }

  std::uint16_t id;
  Command command;
  std::uint32_t size;  // of the message with this header
  std::uint32_t flags;
  std::uint32_t error;  // an errno, in replies that say kError
};
static_assert(sizeof(Header) == 16);

struct Version {
  std::uint16_t major;
  std::uint16_t minor;
};
static_assert(sizeof(Version) == 4);

struct DmaMap {
  static constexpr std::uint32_t kReadable = 1;
  static constexpr std::uint32_t kWritable = 2;

  std::uint32_t argsz;
  std::uint32_t flags;
  std::uint64_t offset;
  std::uint64_t address;
  std::uint64_t size;
};
static_assert(sizeof(DmaMap) == 32);

struct DmaUnmap {
  static constexpr std::uint32_t kAll = 2;  // as of <linux/vfio.h>; address and size are 0

  std::uint32_t argsz;
  std::uint32_t flags;
  std::uint64_t address;
  std::uint64_t size;
};
static_assert(sizeof(DmaUnmap) == 24);

struct DeviceInfo {
  static constexpr std::uint32_t kReset = 1;
  static constexpr std::uint32_t kPci = 2;

  std::uint32_t argsz;
  std::uint32_t flags;
  std::uint32_t regions;
  std::uint32_t irqs;
};
static_assert(sizeof(DeviceInfo) == 16);

// Which regions a PCI function has: its base addresses first, and number 6 is a ROM.
constexpr std::uint32_t kConfigRegion = 7;
constexpr std::uint32_t kRegions = 9;  // the last is that of VGA

struct RegionInfo {
  static constexpr std::uint32_t kRead = 1;
  static constexpr std::uint32_t kWrite = 2;

  std::uint32_t argsz;
  std::uint32_t flags;
  std::uint32_t index;
  std::uint32_t capabilities;
  std::uint64_t size;
  std::uint64_t offset;
};
static_assert(sizeof(RegionInfo) == 32);

struct RegionIoFds {
  std::uint32_t argsz;
  std::uint32_t flags;
  std::uint32_t index;
  std::uint32_t count;
};
static_assert(sizeof(RegionIoFds) == 16);

struct IrqInfo {
  static constexpr std::uint32_t kEventFd = 1;
  static constexpr std::uint32_t kMaskable = 2;
  static constexpr std::uint32_t kAutoMasked = 4;
  static constexpr std::uint32_t kNoResize = 8;

  std::uint32_t argsz;
  std::uint32_t flags;
  std::uint32_t index;
  std::uint32_t count;
};
static_assert(sizeof(IrqInfo) == 16);

struct IrqSet {
  static constexpr std::uint32_t kDataNone = 1;
  static constexpr std::uint32_t kDataBool = 2;
  static constexpr std::uint32_t kDataEventFd = 4;
  static constexpr std::uint32_t kData = 7;
  static constexpr std::uint32_t kMask = 8;
  static constexpr std::uint32_t kUnmask = 16;
  static constexpr std::uint32_t kTrigger = 32;
  static constexpr std::uint32_t kAction = 56;

  std::uint32_t argsz;
  std::uint32_t flags;
  std::uint32_t index;
  std::uint32_t start;
  std::uint32_t count;
};
static_assert(sizeof(IrqSet) == 20);

struct RegionAccess {
  std::uint64_t offset;
  std::uint32_t region;
  std::uint32_t count;
};
static_assert(sizeof(RegionAccess) == 16);

// One of kRegionWriteMulti.
struct RegionWrite {
  RegionAccess access;  // of at most 8 bytes
  std::array<std::uint8_t, 8> data;
};
static_assert(sizeof(RegionWrite) == 24);

struct DmaAccess {
  std::uint64_t address;
  std::uint64_t count;
};
static_assert(sizeof(DmaAccess) == 16);

// The most that one access to a region or to memory carries, here; and what a message then has.
constexpr std::size_t kMaxData = std::size_t{64} << 10;
constexpr std::size_t kMaxMessage = sizeof(Header) + sizeof(RegionAccess) + kMaxData;
// The most descriptors that one message has.
constexpr std::size_t kMaxDescriptors = 16;

// What stands at the beginning of `bytes`; nullopt if there is less.
template <typename T>
requires std::is_trivially_copyable_v<T> std::optional<T> read_struct(Bytes bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// The bytes of a value, which keeps owning them.
template <typename T>
requires std::is_trivially_copyable_v<T> Bytes bytes_of(const T& value) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the object's own bytes.
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof(T)};
}

}  // namespace sluice::vfio_user

#endif  // SLUICE_DEVICES_LINK_VFIO_USER_MESSAGE_H_
