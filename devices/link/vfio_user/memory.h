// The memory of a machine at the other end of vfio-user: what it has told that devices may use.
//
// Files of this machine's own file systems are mapped (mapped_file.h says which, and what happens
// when one becomes shorter). Where there is no descriptor, or one that might let us wait (a pipe, a
// file system in user space), the machine itself is asked.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_MEMORY_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_MEMORY_H_

#include <cstdint>
#include <map>

#include "devices/link/mapped_file.h"
#include "devices/link/vfio_user/message.h"
#include "devices/nic/guest_memory.h"
#include "posix/descriptor.h"

namespace sluice::vfio_user {

// Asks the machine, and waits for the answer.
class DmaChannel {
 public:
  virtual ~DmaChannel() = default;

  // As GuestMemory's.
  virtual bool dma_read(std::uint64_t address, MutableBytes into) = 0;
  virtual bool dma_write(std::uint64_t address, Bytes bytes) = 0;
};

class Memory final : public GuestMemory {
 public:
  static constexpr std::size_t kMaxRegions = 1024;

  // `channel` outlives it.
  explicit Memory(DmaChannel& channel) : channel_(channel) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // An errno, or 0. `file` may be none.
  int map(const DmaMap& map, Descriptor file);
  int unmap(std::uint64_t address, std::uint64_t size);
  void clear() {
    regions_.clear();
    ++generation_;
  }
  // A file has become shorter, and what is read here has no meaning any more.
  bool is_lost() const;

  bool read(std::uint64_t address, MutableBytes into) override;
  bool write(std::uint64_t address, Bytes bytes) override;
  Bytes view(std::uint64_t address, std::size_t size) override;
  MutableBytes window(std::uint64_t address, std::size_t size) override;
  std::uint64_t generation() const override { return generation_; }

 private:
  struct Region {
    std::uint64_t size = 0;
    std::uint32_t flags = 0;
    MappedFile file;  // none: the machine is asked
  };

  // Part of a region: the first bytes of an access.
  struct Piece {
    Region* region;
    std::uint64_t offset;
    std::size_t size;
  };

  // For an access that needs all of these flags.
  Piece find(std::uint64_t address, std::size_t size, std::uint32_t flags);

  DmaChannel& channel_;
  std::map<std::uint64_t, Region> regions_;  // by their addresses; no two overlap
  std::uint64_t generation_ = 0;             // of all that is mapped
};

}  // namespace sluice::vfio_user

#endif  // SLUICE_DEVICES_LINK_VFIO_USER_MEMORY_H_
