#include "devices/link/vhost_user/inflight.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "devices/nic/virtio/inflight.h"
#include "devices/nic/virtio/net.h"
#include "devices/nic/virtio/split_queue.h"

namespace sluice::vhost_user {
namespace {

std::size_t region_size(std::uint16_t queue_size, bool packed) {
  return packed ? PackedInflight::region_size(queue_size) : SplitInflight::region_size(queue_size);
}

std::size_t distance(std::uint16_t queue_size, bool packed) {
  constexpr std::size_t kLine = 64;
  return (region_size(queue_size, packed) + kLine - 1) / kLine * kLine;
}

std::size_t total(const InflightArea& area, bool packed) {
  return area.queues * distance(area.queue_size, packed);
}

void check_queues(const InflightArea& area) {
  if (area.queues != 0 && area.queues <= VirtioNet::kMaxQueues && area.queue_size != 0 &&
      area.queue_size <= SplitVirtioQueue::kMaxSize) {
    return;
  }
  throw std::runtime_error("can't keep what is in flight in " + std::to_string(area.queues) +
                           " queues of " + std::to_string(area.queue_size) + " places");
}

[[noreturn]] void refuse_size(std::uint64_t size, std::uint64_t needed) {
  throw std::runtime_error("can't keep what is in flight in " + std::to_string(size) +
                           " bytes; expected " + std::to_string(needed));
}

}  // namespace

Descriptor Inflight::make(InflightArea& area, bool packed) {
  check_queues(area);
  area.size = total(area, packed);
  area.offset = 0;
  Descriptor file(::memfd_create("sluice-inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || ::ftruncate(file.get(), static_cast<off_t>(area.size)) < 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    throw std::system_error(errno, std::generic_category(), "can't make a file in memory");
  }
  return file;
}

void Inflight::set(const InflightArea& area, const Descriptor& file, bool packed) {
  check_queues(area);
  if (area.size < total(area, packed)) refuse_size(area.size, total(area, packed));
  if (area.offset % sizeof(std::uint64_t) != 0) {
    throw std::runtime_error("can't keep what is in flight at " + std::to_string(area.offset) +
                             " of a file; expected a multiple of 8");
  }
  // More is not looked at, whatever kind of queues there will be.
  const std::uint64_t size = std::min<std::uint64_t>(area.size, total(area, true));
  file_ = MappedFile(file, area.offset, size);
  queues_ = area.queues;
  queue_size_ = area.queue_size;
}

MutableBytes Inflight::region_of(unsigned queue, bool packed) const {
  if (queue >= queues_) return {};
  const std::size_t begin = queue * distance(queue_size_, packed);
  const std::size_t size = region_size(queue_size_, packed);
  if (file_.bytes().size() < begin + size) refuse_size(file_.bytes().size(), begin + size);
  return file_.bytes().subspan(begin, size);
}

}  // namespace sluice::vhost_user
