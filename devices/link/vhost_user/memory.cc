#include "devices/link/vhost_user/memory.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

namespace sluice::vhost_user {
namespace {

bool overlap(std::uint64_t a, std::uint64_t a_size, std::uint64_t b, std::uint64_t b_size) {
  return a < b + b_size && b < a + a_size;
}

}  // namespace

void Memory::add(const MemoryRegion& region, const Descriptor& file) {
  // QEMU 7.2 tells of each once for every pair of queues.
  const auto known = [&region](const Region& each) { return each.place == region; };
  if (std::ranges::any_of(regions_, known)) return;
  if (regions_.size() >= kMaxRegions) {
    throw std::runtime_error("more than " + std::to_string(kMaxRegions) + " regions of memory");
  }
  if (!region.is_possible()) throw std::runtime_error("a region of memory without an end");
  for (const Region& each : regions_) {
    if (overlap(each.place.guest, each.place.size, region.guest, region.size) ||
        overlap(each.place.user, each.place.size, region.user, region.size)) {
      throw std::runtime_error("regions of memory that overlap");
    }
  }
  regions_.push_back({region, MappedFile(file, region.offset, region.size)});
}

void Memory::remove(const MemoryRegion& region) {
  std::erase_if(regions_, [&region](const Region& each) {
    return each.place.guest == region.guest && each.place.user == region.user &&
           each.place.size == region.size;
  });
  last_ = 0;
}

void Memory::remove_all() {
  regions_.clear();
  last_ = 0;
}

void Memory::clear() {
  remove_all();
  log_ = {};
  watched_ = false;
}

MutableBytes Memory::view_user(std::uint64_t address, std::size_t size) const {
  for (const Region& region : regions_) {
    const std::uint64_t offset = address - region.place.user;
    if (offset < region.place.size && size <= region.place.size - offset) {
      return region.file.bytes().subspan(offset, size);
    }
  }
  return {};
}

bool Memory::is_lost() const {
  return log_.is_lost() ||
         std::ranges::any_of(regions_, [](const Region& region) { return region.file.is_lost(); });
}

MutableBytes Memory::prefix(std::uint64_t address, std::size_t size) {
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    // Most addresses are where the last one was.
    const std::size_t at = last_ + i < regions_.size() ? last_ + i : last_ + i - regions_.size();
    const Region& region = regions_[at];
    const std::uint64_t offset = address - region.place.guest;
    if (offset >= region.place.size) continue;
    last_ = at;
    return region.file.bytes().subspan(offset,
                                       std::min<std::uint64_t>(size, region.place.size - offset));
  }
  return {};
}

MutableBytes Memory::view(std::uint64_t address, std::size_t size) {
  const MutableBytes bytes = prefix(address, size);
  return bytes.size() == size ? bytes : MutableBytes{};
}

void Memory::set_log(const DirtyLog& log, const Descriptor& file) {
  log_ = MappedFile(file, log.offset, log.size);
}

void Memory::on_written(Bytes bytes) {
  constexpr std::uint64_t kPage = 4096;
  constexpr std::uint64_t kPagesPerByte = 8;
  if (bytes.empty()) return;
  for (const Region& region : regions_) {
    const Bytes all = region.file.bytes();
    if (bytes.data() < all.data() || bytes.data() >= all.data() + all.size()) continue;
    const std::uint64_t first =
        region.place.guest + static_cast<std::uint64_t>(bytes.data() - all.data());
    for (std::uint64_t page = first / kPage; page <= (first + bytes.size() - 1) / kPage; ++page) {
      if (page / kPagesPerByte >= log_.bytes().size()) return;
      shared_word<std::uint8_t>(log_.bytes(), page / kPagesPerByte)
          .fetch_or(static_cast<std::uint8_t>(1U << page % kPagesPerByte));
    }
    return;
  }
}

}  // namespace sluice::vhost_user
