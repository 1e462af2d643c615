// The guest's memory, as the other end of vhost-user has told where it lies: files that are mapped
// here, each with an address that the guest knows it by and one that the other process does.
//
// While a machine is being moved, each page that is written is marked in a log that it shares.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_MEMORY_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_MEMORY_H_

#include <cstdint>
#include <vector>

#include "devices/link/mapped_file.h"
#include "devices/link/vhost_user/message.h"
#include "devices/nic/virtio/shared_memory.h"

namespace sluice::vhost_user {

class Memory final : public SharedMemory {
 public:
  static constexpr std::size_t kMaxRegions = 32;

  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // One that is there already stays. Throws std::system_error, or std::runtime_error for a region
  // that can't be.
  void add(const MemoryRegion& region, const Descriptor& file);
  // If there is one like it.
  void remove(const MemoryRegion& region);
  void remove_all();
  // And the log.
  void clear();

  // `size` bytes at an address of the other process; empty if they are not all in one region.
  MutableBytes view_user(std::uint64_t address, std::size_t size) const;
  // A file has become shorter: nothing that has been read or written means anything.
  bool is_lost() const;

  // Throws as add().
  void set_log(const DirtyLog& log, const Descriptor& file);
  void watch(bool on) { watched_ = on; }

  MutableBytes view(std::uint64_t address, std::size_t size) override;
  MutableBytes prefix(std::uint64_t address, std::size_t size) override;
  void on_written(Bytes bytes) override;
  bool is_watched() const override { return watched_; }

 private:
  struct Region {
    MemoryRegion place;
    MappedFile file;
  };

  std::vector<Region> regions_;
  std::size_t last_ = 0;  // where an address was found last
  MappedFile log_;
  bool watched_ = false;
};

}  // namespace sluice::vhost_user

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_MEMORY_H_
