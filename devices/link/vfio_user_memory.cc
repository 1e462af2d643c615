#include "devices/link/vfio_user_memory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace sluice::vfio_user {
namespace {

enum class FileKind : std::uint8_t { kSealed, kInMemory, kOther };

FileKind kind_of(const Descriptor& file) {
  struct statfs system {};
  struct stat status {};
  if (!file || ::fstatfs(file.get(), &system) < 0 || ::fstat(file.get(), &status) < 0 ||
      !S_ISREG(status.st_mode) || system.f_type != TMPFS_MAGIC) {
    return FileKind::kOther;
  }
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 ? FileKind::kSealed : FileKind::kInMemory;
}

bool holds(const Descriptor& file, std::uint64_t offset, std::uint64_t size) {
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) return false;
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  return offset <= file_size && size <= file_size - offset;
}

// Moves all of it by calls that each move as much as they can.
template <typename Span, typename Call>
bool move_all(Span bytes, std::uint64_t offset, Call call) {
  while (!bytes.empty()) {
    const ssize_t moved = call(bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(moved));
    offset += static_cast<std::uint64_t>(moved);
  }
  return true;
}

}  // namespace

Memory::Mapping::Mapping(Mapping&& other) noexcept
    : pages_(std::exchange(other.pages_, {})), bytes_(std::exchange(other.bytes_, {})) {}

Memory::Mapping& Memory::Mapping::operator=(Mapping&& other) noexcept {
  std::swap(pages_, other.pages_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Memory::Mapping::~Mapping() {
  if (!pages_.empty()) ::munmap(pages_.data(), pages_.size());
}

int Memory::Mapping::map(int file, std::uint64_t offset, std::uint64_t size, int protection) {
  const std::uint64_t before = offset % static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t mapped = size + before;
  void* const pages = ::mmap(nullptr, mapped, protection, MAP_SHARED | MAP_NORESERVE, file,
                             static_cast<off_t>(offset - before));
  if (pages == MAP_FAILED) return errno;
  pages_ = {static_cast<std::uint8_t*>(pages), mapped};
  bytes_ = pages_.subspan(before);
  return 0;
}

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

  Region region{
      .size = map.size, .flags = map.flags, .offset = map.offset, .file = {}, .mapping = {}};
  const FileKind kind = kind_of(file);
  if (kind != FileKind::kOther && !holds(file, map.offset, map.size)) return EINVAL;
  switch (kind) {
    case FileKind::kSealed: {
      const int protection = ((map.flags & DmaMap::kReadable) != 0 ? PROT_READ : 0) |
                             ((map.flags & DmaMap::kWritable) != 0 ? PROT_WRITE : 0);
      if (const int error = region.mapping.map(file.get(), map.offset, map.size, protection)) {
        return error;
      }
      break;
    }
    case FileKind::kInMemory:
      region.file = std::move(file);
      break;
    case FileKind::kOther:
      break;
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
    const Region& region = *piece.region;
    const MutableBytes part = into.first(piece.size);
    if (!region.mapping.bytes().empty()) {
      copy_bytes(region.mapping.bytes().subspan(piece.offset, piece.size), part);
    } else if (region.file) {
      const auto call = [&](std::uint8_t* data, std::size_t size, off_t offset) {
        return ::pread(region.file.get(), data, size, offset);
      };
      if (!move_all(part, region.offset + piece.offset, call)) return false;
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
    const Region& region = *piece.region;
    const Bytes part = bytes.first(piece.size);
    if (!region.mapping.bytes().empty()) {
      copy_bytes(part, region.mapping.bytes().subspan(piece.offset, piece.size));
    } else if (region.file) {
      const auto call = [&](const std::uint8_t* data, std::size_t size, off_t offset) {
        return ::pwrite(region.file.get(), data, size, offset);
      };
      if (!move_all(part, region.offset + piece.offset, call)) return false;
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
  const MutableBytes bytes = piece.region->mapping.bytes();
  return bytes.empty() ? MutableBytes{} : bytes.subspan(piece.offset, piece.size);
}

Bytes Memory::view(std::uint64_t address, std::size_t size) {
  const Piece piece = find(address, size, DmaMap::kReadable);
  if (piece.region == nullptr || piece.size < size) return {};
  const MutableBytes bytes = piece.region->mapping.bytes();
  return bytes.empty() ? Bytes{} : Bytes(bytes.subspan(piece.offset, size));
}

}  // namespace sluice::vfio_user
