// Messages of the vhost-user protocol (QEMU, docs/interop/vhost-user).
//
// A message is a header of three numbers, request(4) flags(4) size(4), and a payload whose form the
// request decides; descriptors travel beside it. Numbers are in the byte order of the machine, for
// both ends are on it. Here are the forms; what is in them is not believed yet.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_MESSAGE_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stack/bytes.h"

namespace sluice::vhost_user {

enum class Request : std::uint32_t {
  kGetFeatures = 1,
  kSetFeatures = 2,
  kSetOwner = 3,
  kResetOwner = 4,
  kSetMemTable = 5,
  kSetLogBase = 6,
  kSetLogFd = 7,
  kSetVringNum = 8,
  kSetVringAddr = 9,
  kSetVringBase = 10,
  kGetVringBase = 11,
  kSetVringKick = 12,
  kSetVringCall = 13,
  kSetVringErr = 14,
  kGetProtocolFeatures = 15,
  kSetProtocolFeatures = 16,
  kGetQueueNum = 17,
  kSetVringEnable = 18,
  kSendRarp = 19,
  kNetSetMtu = 20,
  kSetBackendReqFd = 21,
  kGetConfig = 24,
  kSetConfig = 25,
  kGetInflightFd = 31,
  kSetInflightFd = 32,
  kGetMaxMemSlots = 36,
  kAddMemReg = 37,
  kRemMemReg = 38,
};

// "SET_MEM_TABLE" and so on, or the number.
std::string to_string(Request request);

// Feature bits that are the protocol's own, among those of the device.
inline constexpr std::uint64_t kLogAll = std::uint64_t{1} << 26;
inline constexpr std::uint64_t kHasProtocolFeatures = std::uint64_t{1} << 30;

enum class ProtocolFeature : std::uint8_t {
  kMq = 0,
  kLogShmfd = 1,
  kRarp = 2,
  kReplyAck = 3,
  kMtu = 4,
  kBackendReq = 5,
  kConfig = 9,
  kInflightShmfd = 12,
  kConfigureMemSlots = 15,
};
constexpr std::uint64_t bit(ProtocolFeature feature) {
  return std::uint64_t{1} << static_cast<unsigned>(feature);
}

struct Header {
  static constexpr std::size_t kSize = 12;
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::uint32_t kVersionMask = 3;
  static constexpr std::uint32_t kReply = 4;
  static constexpr std::uint32_t kNeedReply = 8;

  Request request;
  std::uint32_t flags;
  std::uint32_t size;  // of the payload

  static Header parse(Bytes bytes);  // of kSize
  void emit(MutableBytes into) const;
};

// No payload that is understood here is longer.
inline constexpr std::size_t kMaxPayload = 1024;
// Nor has a message more descriptors.
inline constexpr std::size_t kMaxDescriptors = 8;

struct VringState {
  std::uint32_t index;
  std::uint32_t number;

  static std::optional<VringState> parse(Bytes payload);
  std::vector<std::uint8_t> emit() const;
};

// Where the parts of a ring lie, in the addresses of the other process.
struct VringAddress {
  std::uint32_t index;
  std::uint64_t descriptors;
  std::uint64_t device;  // the used ring
  std::uint64_t driver;  // the available ring

  static std::optional<VringAddress> parse(Bytes payload);
};

struct MemoryRegion {
  std::uint64_t guest;  // its address in the guest
  std::uint64_t size;
  std::uint64_t user;    // and in the other process
  std::uint64_t offset;  // in the file

  friend bool operator==(const MemoryRegion&, const MemoryRegion&) = default;
  // Whether the ends of it have addresses.
  bool is_possible() const;
  // Of ADD_MEM_REG and REM_MEM_REG.
  static std::optional<MemoryRegion> parse_single(Bytes payload);
};

std::optional<std::vector<MemoryRegion>> parse_memory_table(Bytes payload);

struct DirtyLog {
  std::uint64_t size;
  std::uint64_t offset;

  static std::optional<DirtyLog> parse(Bytes payload);
};

// What is kept of so many queues, and where in a file.
struct InflightArea {
  static constexpr std::size_t kSize = 20;
  // QEMU's, where the numbers are in a struct.
  static constexpr std::size_t kPaddedSize = 24;

  std::uint64_t size;
  std::uint64_t offset;
  std::uint16_t queues;
  std::uint16_t queue_size;

  static std::optional<InflightArea> parse(Bytes payload);
  // Of so many bytes, at least kSize.
  std::vector<std::uint8_t> emit(std::size_t payload_size) const;
};

// Part of the configuration space; its bytes follow.
struct ConfigAccess {
  static constexpr std::size_t kHeader = 12;
  static constexpr std::size_t kMaxSize = 256;

  std::uint32_t offset;
  std::uint32_t size;

  // Of a GET_CONFIG, whose bytes mean nothing.
  static std::optional<ConfigAccess> parse(Bytes payload);
  std::vector<std::uint8_t> emit(Bytes bytes) const;
};

std::optional<std::uint64_t> parse_number(Bytes payload);
std::vector<std::uint8_t> emit_number(std::uint64_t number);

}  // namespace sluice::vhost_user

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_MESSAGE_H_
