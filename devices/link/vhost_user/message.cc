#include "devices/link/vhost_user/message.h"

#include <array>
#include <utility>

namespace sluice::vhost_user {
namespace {

template <typename T>
T load(Bytes from, std::size_t offset) {
  T value{};
  const Bytes field = from.subspan(offset, sizeof value);
  std::memcpy(&value, field.data(), sizeof value);
  return value;
}

template <typename T>
void store(MutableBytes to, std::size_t offset, T value) {
  const MutableBytes field = to.subspan(offset, sizeof value);
  std::memcpy(field.data(), &value, sizeof value);
}

constexpr std::size_t kRegion = 32;
constexpr std::size_t kTableHeader = 8;

MemoryRegion region_at(Bytes payload, std::size_t offset) {
  return {.guest = load<std::uint64_t>(payload, offset),
          .size = load<std::uint64_t>(payload, offset + 8),
          .user = load<std::uint64_t>(payload, offset + 16),
          .offset = load<std::uint64_t>(payload, offset + 24)};
}

constexpr auto kNames = std::to_array<std::pair<Request, const char*>>({
    {Request::kGetFeatures, "GET_FEATURES"},
    {Request::kSetFeatures, "SET_FEATURES"},
    {Request::kSetOwner, "SET_OWNER"},
    {Request::kResetOwner, "RESET_OWNER"},
    {Request::kSetMemTable, "SET_MEM_TABLE"},
    {Request::kSetLogBase, "SET_LOG_BASE"},
    {Request::kSetLogFd, "SET_LOG_FD"},
    {Request::kSetVringNum, "SET_VRING_NUM"},
    {Request::kSetVringAddr, "SET_VRING_ADDR"},
    {Request::kSetVringBase, "SET_VRING_BASE"},
    {Request::kGetVringBase, "GET_VRING_BASE"},
    {Request::kSetVringKick, "SET_VRING_KICK"},
    {Request::kSetVringCall, "SET_VRING_CALL"},
    {Request::kSetVringErr, "SET_VRING_ERR"},
    {Request::kGetProtocolFeatures, "GET_PROTOCOL_FEATURES"},
    {Request::kSetProtocolFeatures, "SET_PROTOCOL_FEATURES"},
    {Request::kGetQueueNum, "GET_QUEUE_NUM"},
    {Request::kSetVringEnable, "SET_VRING_ENABLE"},
    {Request::kSendRarp, "SEND_RARP"},
    {Request::kNetSetMtu, "NET_SET_MTU"},
    {Request::kSetBackendReqFd, "SET_BACKEND_REQ_FD"},
    {Request::kGetConfig, "GET_CONFIG"},
    {Request::kSetConfig, "SET_CONFIG"},
    {Request::kGetInflightFd, "GET_INFLIGHT_FD"},
    {Request::kSetInflightFd, "SET_INFLIGHT_FD"},
    {Request::kGetMaxMemSlots, "GET_MAX_MEM_SLOTS"},
    {Request::kAddMemReg, "ADD_MEM_REG"},
    {Request::kRemMemReg, "REM_MEM_REG"},
});

}  // namespace

std::string to_string(Request request) {
  for (const auto& [each, name] : kNames) {
    if (each == request) return name;
  }
  return "request " + std::to_string(static_cast<std::uint32_t>(request));
}

Header Header::parse(Bytes bytes) {
  return {.request = static_cast<Request>(load<std::uint32_t>(bytes, 0)),
          .flags = load<std::uint32_t>(bytes, 4),
          .size = load<std::uint32_t>(bytes, 8)};
}

void Header::emit(MutableBytes into) const {
  store(into, 0, static_cast<std::uint32_t>(request));
  store(into, 4, flags);
  store(into, 8, size);
}

std::optional<VringState> VringState::parse(Bytes payload) {
  if (payload.size() != 8) return std::nullopt;
  return VringState{.index = load<std::uint32_t>(payload, 0),
                    .number = load<std::uint32_t>(payload, 4)};
}

std::vector<std::uint8_t> VringState::emit() const {
  std::vector<std::uint8_t> payload(8);
  store(MutableBytes(payload), 0, index);
  store(MutableBytes(payload), 4, number);
  return payload;
}

std::optional<VringAddress> VringAddress::parse(Bytes payload) {
  if (payload.size() != 40) return std::nullopt;
  return VringAddress{.index = load<std::uint32_t>(payload, 0),
                      .descriptors = load<std::uint64_t>(payload, 8),
                      .device = load<std::uint64_t>(payload, 16),
                      .driver = load<std::uint64_t>(payload, 24)};
}

bool MemoryRegion::is_possible() const {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  return size != 0 && guest <= kMost - size && user <= kMost - size && offset <= kMost - size;
}

std::optional<MemoryRegion> MemoryRegion::parse_single(Bytes payload) {
  if (payload.size() != kTableHeader + kRegion) return std::nullopt;
  return region_at(payload, kTableHeader);
}

std::optional<std::vector<MemoryRegion>> parse_memory_table(Bytes payload) {
  if (payload.size() < kTableHeader) return std::nullopt;
  const auto count = load<std::uint32_t>(payload, 0);
  // Front ends send the whole table, however many of its places are in use.
  if (count > kMaxDescriptors || payload.size() < kTableHeader + count * kRegion) {
    return std::nullopt;
  }
  std::vector<MemoryRegion> regions;
  for (std::size_t i = 0; i < count; ++i) {
    regions.push_back(region_at(payload, kTableHeader + i * kRegion));
  }
  return regions;
}

std::optional<DirtyLog> DirtyLog::parse(Bytes payload) {
  if (payload.size() != 16) return std::nullopt;
  return DirtyLog{.size = load<std::uint64_t>(payload, 0),
                  .offset = load<std::uint64_t>(payload, 8)};
}

std::optional<InflightArea> InflightArea::parse(Bytes payload) {
  if (payload.size() != kSize && payload.size() != kPaddedSize) return std::nullopt;
  return InflightArea{.size = load<std::uint64_t>(payload, 0),
                      .offset = load<std::uint64_t>(payload, 8),
                      .queues = load<std::uint16_t>(payload, 16),
                      .queue_size = load<std::uint16_t>(payload, 18)};
}

std::vector<std::uint8_t> InflightArea::emit(std::size_t payload_size) const {
  std::vector<std::uint8_t> payload(payload_size);
  store(MutableBytes(payload), 0, size);
  store(MutableBytes(payload), 8, offset);
  store(MutableBytes(payload), 16, queues);
  store(MutableBytes(payload), 18, queue_size);
  return payload;
}

std::optional<ConfigAccess> ConfigAccess::parse(Bytes payload) {
  if (payload.size() < kHeader) return std::nullopt;
  const ConfigAccess access{.offset = load<std::uint32_t>(payload, 0),
                            .size = load<std::uint32_t>(payload, 4)};
  if (access.size > kMaxSize || access.offset > kMaxSize) return std::nullopt;
  return access;
}

std::vector<std::uint8_t> ConfigAccess::emit(Bytes bytes) const {
  std::vector<std::uint8_t> payload(kHeader + bytes.size());
  store(MutableBytes(payload), 0, offset);
  store(MutableBytes(payload), 4, static_cast<std::uint32_t>(bytes.size()));
  copy_bytes(bytes, MutableBytes(payload).subspan(kHeader));
  return payload;
}

std::optional<std::uint64_t> parse_number(Bytes payload) {
  if (payload.size() != 8) return std::nullopt;
  return load<std::uint64_t>(payload, 0);
}

std::vector<std::uint8_t> emit_number(std::uint64_t number) {
  std::vector<std::uint8_t> payload(8);
  store(MutableBytes(payload), 0, number);
  return payload;
}

}  // namespace sluice::vhost_user
