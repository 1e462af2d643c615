#include "devices/link/vfio_user/device.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "devices/nic/little_endian.h"

namespace sluice::vfio_user {
namespace {

using Json = nlohmann::json;

constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 1;
constexpr std::size_t kPageSize = 4096;

template <typename T>
void append(Device::Payload& to, const T& value) {
  const Bytes bytes = bytes_of(value);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

// How much of an access that has `rest` bytes left goes to the device at once: as a processor would
// do it, aligned. Registers have up to `widest` bytes.
unsigned unit(std::uint64_t offset, std::size_t rest, unsigned widest) {
  unsigned size = widest;
  while (size > 1 && (size > rest || offset % size != 0)) size /= 2;
  return size;
}

// How many messages configuration space tells of (PCI Local Bus Specification 3.0, section 6.8).
std::pair<std::uint32_t, std::uint32_t> messages_of(Nic& nic) {
  constexpr std::uint32_t kCapabilityList = 1U << 4;
  constexpr std::size_t kStatus = 0x06;
  constexpr std::size_t kPointer = 0x34;
  constexpr std::uint32_t kMsi = 5;
  constexpr std::uint32_t kMsiX = 17;
  std::pair<std::uint32_t, std::uint32_t> messages{0, 0};
  if ((nic.read_config(kStatus, 2) & kCapabilityList) == 0) return messages;
  std::size_t at = nic.read_config(kPointer, 1) & 0xfc;
  for (int i = 0; i < 48 && at != 0; ++i) {
    const std::uint32_t control = nic.read_config(at + 2, 2);
    const std::uint32_t id = nic.read_config(at, 1);
    if (id == kMsi) messages.first = 1U << (control >> 1 & 7);
    if (id == kMsiX) messages.second = (control & 0x7ff) + 1;
    at = nic.read_config(at + 1, 1) & 0xfc;
  }
  return messages;
}

}  // namespace

Device::Device(Nic& nic, Memory& memory, Interrupts& interrupts)
    : nic_(nic), memory_(memory), interrupts_(interrupts) {
  const auto [msi, msi_x] = messages_of(nic);
  interrupts_.set_messages(msi, msi_x);
}

void Device::begin() {
  memory_.clear();
  interrupts_.reset();
  agreed_ = false;
  max_data_ = kMaxData;
  refused_.clear();
}

int Device::handle(Time now, Message& request, Payload& answer) {
  const Bytes payload = request.payload;
  if (request.header.command == Command::kVersion) return on_version(payload, answer);
  if (!agreed_) {
    refused_ = "it does not begin with the version of the protocol";
    return EPROTO;
  }
  switch (request.header.command) {
    case Command::kDmaMap:
      return on_dma_map(request);
    case Command::kDmaUnmap:
      return on_dma_unmap(payload, answer);
    case Command::kDeviceGetInfo:
      append(answer, DeviceInfo{.argsz = sizeof(DeviceInfo),
                                .flags = DeviceInfo::kReset | DeviceInfo::kPci,
                                .regions = kRegions,
                                .irqs = Interrupts::kCount});
      return 0;
    case Command::kDeviceGetRegionInfo:
      return on_region_info(payload, answer);
    case Command::kDeviceGetRegionIoFds: {
      // Registers do too much when they are accessed for a signal to stand for it.
      const auto asked = read_struct<RegionIoFds>(payload);
      if (!asked || asked->index >= kRegions) return EINVAL;
      append(
          answer,
          RegionIoFds{.argsz = sizeof(RegionIoFds), .flags = 0, .index = asked->index, .count = 0});
      return 0;
    }
    case Command::kDeviceGetIrqInfo:
      return on_irq_info(payload, answer);
    case Command::kDeviceSetIrqs:
      return on_set_irqs(request);
    case Command::kRegionRead:
      return on_region_read(now, payload, answer);
    case Command::kRegionWrite:
      return on_region_write(now, payload, answer);
    case Command::kRegionWriteMulti:
      return on_region_write_multi(now, payload, answer);
    case Command::kDeviceReset:
      nic_.reset(now);
      return 0;
    default:
      return ENOTSUP;
  }
}

int Device::on_version(Bytes payload, Payload& answer) {
  const auto proposed = read_struct<Version>(payload);
  if (!proposed) return EINVAL;
  if (proposed->major != kMajor) {
    refused_ = "it speaks version " + std::to_string(proposed->major) +
               " of the protocol; expected version " + std::to_string(kMajor);
    return ENOTSUP;
  }
  const std::string_view text = as_text(payload.subspan(sizeof(Version)));
  const Json told = Json::parse(text.substr(0, text.find('\0')), nullptr, false);
  if (told.is_object() && told.contains("capabilities") && told["capabilities"].is_object()) {
    const Json& capabilities = told["capabilities"];
    const auto size = capabilities.find("max_data_xfer_size");
    if (size != capabilities.end() && size->is_number_unsigned()) {
      const auto most = size->get<std::uint64_t>();
      // Else a frame would be asked for in hundreds of pieces, and each waited for.
      if (most < kPageSize) {
        refused_ = "it takes " + std::to_string(most) + " bytes in a message; expected at least " +
                   std::to_string(kPageSize);
        return EINVAL;
      }
      max_data_ = static_cast<std::size_t>(std::min<std::uint64_t>(most, kMaxData));
    }
  }
  const Json ours = {{"capabilities",
                      {{"max_msg_fds", kMaxDescriptors},
                       {"max_data_xfer_size", kMaxData},
                       {"max_dma_maps", Memory::kMaxRegions},
                       {"pgsizes", kPageSize},
                       {"write_multiple", true}}}};
  append(answer, Version{.major = kMajor, .minor = std::min(proposed->minor, kMinor)});
  const std::string said = ours.dump();
  answer.insert(answer.end(), said.begin(), said.end());
  answer.push_back(0);
  agreed_ = true;
  return 0;
}

int Device::on_dma_map(Message& request) {
  const auto map = read_struct<DmaMap>(request.payload);
  if (!map || request.descriptors.size() > 1) return EINVAL;
  return memory_.map(
      *map, request.descriptors.empty() ? Descriptor() : std::move(request.descriptors.front()));
}

int Device::on_dma_unmap(Bytes payload, Payload& answer) {
  const auto unmap = read_struct<DmaUnmap>(payload);
  if (!unmap) return EINVAL;
  if ((unmap->flags & DmaUnmap::kAll) != 0) {
    if (unmap->address != 0 || unmap->size != 0) return EINVAL;
    memory_.clear();
  } else if (const int error = memory_.unmap(unmap->address, unmap->size)) {
    return error;
  }
  append(answer, *unmap);
  return 0;
}

std::uint64_t Device::region_size(std::uint32_t region) const {
  if (region == kConfigRegion) return PciConfig::kSize;
  if (region >= nic_.bars().size()) return 0;
  const PciBar& bar = nic_.bars().at(region);
  return bar.kind == PciBar::Kind::kNone ? 0 : bar.size;
}

int Device::on_region_info(Bytes payload, Payload& answer) const {
  const auto asked = read_struct<RegionInfo>(payload);
  if (!asked || asked->index >= kRegions) return EINVAL;
  const std::uint64_t size = region_size(asked->index);
  append(answer, RegionInfo{.argsz = sizeof(RegionInfo),
                            .flags = size > 0 ? RegionInfo::kRead | RegionInfo::kWrite : 0,
                            .index = asked->index,
                            .capabilities = 0,
                            .size = size,
                            .offset = 0});
  return 0;
}

int Device::on_irq_info(Bytes payload, Payload& answer) const {
  const auto asked = read_struct<IrqInfo>(payload);
  if (!asked || asked->index >= Interrupts::kCount) return EINVAL;
  const std::uint32_t flags = asked->index == Interrupts::kLine
                                  ? IrqInfo::kEventFd | IrqInfo::kMaskable | IrqInfo::kAutoMasked
                                  : IrqInfo::kEventFd | IrqInfo::kNoResize;
  append(answer, IrqInfo{.argsz = sizeof(IrqInfo),
                         .flags = flags,
                         .index = asked->index,
                         .count = interrupts_.count(asked->index)});
  return 0;
}

int Device::on_set_irqs(Message& request) {
  const auto what = read_struct<IrqSet>(request.payload);
  if (!what) return EINVAL;
  return interrupts_.set(*what, request.payload.subspan(sizeof(IrqSet)), request.descriptors);
}

bool Device::holds(const RegionAccess& access) const {
  const std::uint64_t size = region_size(access.region);
  return access.count <= kMaxData && access.offset <= size && access.count <= size - access.offset;
}

std::uint64_t Device::read(Time now, std::uint32_t region, std::uint64_t offset, unsigned size) {
  if (region == kConfigRegion) return nic_.read_config(offset, size);
  return nic_.read_bar(now, region, offset, size);
}

int Device::on_region_read(Time now, Bytes payload, Payload& answer) {
  const auto access = read_struct<RegionAccess>(payload);
  if (!access || !holds(*access)) return EINVAL;
  append(answer, *access);
  const std::size_t begin = answer.size();
  answer.resize(begin + access->count);
  const MutableBytes data = MutableBytes(answer).subspan(begin);
  // One of 8 bytes is the guest's own; longer ones are no access of a processor's.
  const unsigned widest = access->count == 8 && access->region != kConfigRegion ? 8 : 4;
  for (std::size_t done = 0; done < data.size();) {
    const std::uint64_t offset = access->offset + done;
    const unsigned size = unit(offset, data.size() - done, widest);
    const std::uint64_t value = read(now, access->region, offset, size);
    copy_bytes(bytes_of(value).first(size), data.subspan(done));
    done += size;
  }
  return 0;
}

void Device::write(Time now, const RegionAccess& access, Bytes data) {
  const unsigned widest = data.size() == 8 && access.region != kConfigRegion ? 8 : 4;
  for (std::size_t done = 0; done < data.size();) {
    const std::uint64_t offset = access.offset + done;
    const unsigned size = unit(offset, data.size() - done, widest);
    std::array<std::uint8_t, 8> padded{};
    copy_bytes(data.subspan(done, size), padded);
    const auto value = load_little<std::uint64_t>(padded, 0);
    if (access.region == kConfigRegion) {
      nic_.write_config(now, offset, size, static_cast<std::uint32_t>(value));
    } else {
      nic_.write_bar(now, access.region, offset, size, value);
    }
    done += size;
  }
}

int Device::on_region_write(Time now, Bytes payload, Payload& answer) {
  const auto access = read_struct<RegionAccess>(payload);
  if (!access || !holds(*access)) return EINVAL;
  const Bytes data = payload.subspan(sizeof(RegionAccess));
  if (data.size() < access->count) return EINVAL;
  write(now, *access, data.first(access->count));
  append(answer, *access);
  return 0;
}

int Device::on_region_write_multi(Time now, Bytes payload, Payload& answer) {
  const auto count = read_struct<std::uint64_t>(payload);
  if (!count) return EINVAL;
  Bytes rest = payload.subspan(sizeof(std::uint64_t));
  if (*count > rest.size() / sizeof(RegionWrite)) return EINVAL;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto one = read_struct<RegionWrite>(rest);
    if (!one || one->access.count > one->data.size() || !holds(one->access)) return EINVAL;
    write(now, one->access, Bytes(one->data).first(one->access.count));
    rest = rest.subspan(sizeof(RegionWrite));
  }
  append(answer, *count);
  return 0;
}

}  // namespace sluice::vfio_user
