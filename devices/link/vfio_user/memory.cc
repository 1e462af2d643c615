#include "devices/link/vfio_user/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace sluice::vfio_user {

int Memory::map(const DmaMap& map, Descriptor file) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  if (map.size == 0 || map.size > kMax || map.offset > kMax - map.size ||
      map.address > ~std::uint64_t{0} - (map.size - 1)) {
    return EINVAL;
  }
  if (regions_.size() >= kMaxRegions) return ENOSPC;
  // The first that ends behind the beginning of the new one.
  auto next = regions_.upper_bound(map.address);
  if (next != regions_.begin()) {
    const auto& [address, region] = *std::prev(next);
    if (map.address - address < region.size) return EEXIST;
  }
  if (next != regions_.end() && next->first - map.address < map.size) return EEXIST;

  Region region{.size = map.size, .flags = map.flags, .file = {}};
  if (file && MappedFile::can_map(file)) {
    const int protection = ((map.flags & DmaMap::kReadable) != 0 ? PROT_READ : 0) |
                           ((map.flags & DmaMap::kWritable) != 0 ? PROT_WRITE : 0);
    try {
      region.file = MappedFile(file, map.offset, map.size, protection);
    } catch (const std::system_error& error) {
      return error.code().value();
    }
  }
  regions_.emplace_hint(next, map.address, std::move(region));
  ++generation_;
  return 0;
}

int Memory::unmap(std::uint64_t address, std::uint64_t size) {
  const auto found = regions_.find(address);
  if (found == regions_.end() || found->second.size != size) return ENOENT;
  regions_.erase(found);
  ++generation_;
  return 0;
}

Memory::Piece Memory::find(std::uint64_t address, std::size_t size, std::uint32_t flags) {
  auto found = regions_.upper_bound(address);
  if (found == regions_.begin()) return {};
  --found;
  Region& region = found->second;
  const std::uint64_t offset = address - found->first;
  if (offset >= region.size || (region.flags & flags) != flags) return {};
  return {&region, offset,
          static_cast<std::size_t>(std::min<std::uint64_t>(size, region.size - offset))};
}

bool Memory::read(std::uint64_t address, MutableBytes into) {
  while (!into.empty()) {
    const Piece piece = find(address, into.size(), DmaMap::kReadable);
    if (piece.region == nullptr) return false;
    const MutableBytes all = piece.region->file.bytes();
    const MutableBytes part = into.first(piece.size);
    if (!all.empty()) {
      copy_bytes(all.subspan(piece.offset, piece.size), part);
    } else if (!channel_.dma_read(address, part)) {
      return false;
    }
    into = into.subspan(piece.size);
    address += piece.size;
  }
  return true;
}

bool Memory::write(std::uint64_t address, Bytes bytes) {
  while (!bytes.empty()) {
    const Piece piece = find(address, bytes.size(), DmaMap::kWritable);
    if (piece.region == nullptr) return false;
    const MutableBytes all = piece.region->file.bytes();
    const Bytes part = bytes.first(piece.size);
    if (!all.empty()) {
      copy_bytes(part, all.subspan(piece.offset, piece.size));
    } else if (!channel_.dma_write(address, part)) {
      return false;
    }
    bytes = bytes.subspan(piece.size);
    address += piece.size;
  }
  return true;
}

MutableBytes Memory::window(std::uint64_t address, std::size_t size) {
  const Piece piece = find(address, size, DmaMap::kReadable | DmaMap::kWritable);
  if (piece.region == nullptr) return {};
  const MutableBytes bytes = piece.region->file.bytes();
  return bytes.empty() ? MutableBytes{} : bytes.subspan(piece.offset, piece.size);
}

Bytes Memory::view(std::uint64_t address, std::size_t size) {
  const Piece piece = find(address, size, DmaMap::kReadable);
  if (piece.region == nullptr || piece.size < size) return {};
  const MutableBytes bytes = piece.region->file.bytes();
  return bytes.empty() ? Bytes{} : Bytes(bytes.subspan(piece.offset, size));
}

bool Memory::is_lost() const {
  return std::ranges::any_of(regions_, [](const auto& each) { return each.second.file.is_lost(); });
}

}  // namespace sluice::vfio_user
