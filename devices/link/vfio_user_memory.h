// The memory of a machine at the other end of vfio-user: what it has told that devices may use.
//
// There are three ways to it, and the kind of descriptor decides which one is taken:
//
// * A memfd that is sealed against shrinking (fcntl(2), F_SEAL_SHRINK) is mapped. Whoever truncated
//   a file that is mapped here would end this process by SIGBUS; of such a file nobody can.
// * Any other file in memory (tmpfs) is read and written by system calls, for which a file that has
//   become too short is no reason to end anybody.
// * Where there is no descriptor, or one of a file that might let us wait (a pipe, a file system in
//   user space) or has no memory to give (huge pages), the machine itself is asked.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_MEMORY_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_MEMORY_H_

#include <cstdint>
#include <map>

#include "devices/link/vfio_user_message.h"
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

  bool read(std::uint64_t address, MutableBytes into) override;
  bool write(std::uint64_t address, Bytes bytes) override;
  Bytes view(std::uint64_t address, std::size_t size) override;
  MutableBytes window(std::uint64_t address, std::size_t size) override;
  std::uint64_t generation() const override { return generation_; }

 private:
  // Pages that are unmapped at the end.
  class Mapping {
   public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();
    // An errno, or 0.
    int map(int file, std::uint64_t offset, std::uint64_t size, int protection);
    MutableBytes bytes() const { return bytes_; }

   private:
    MutableBytes pages_;  // all of them; of `bytes_` the first may be used from somewhere on
    MutableBytes bytes_;
  };

  struct Region {
    std::uint64_t size = 0;
    std::uint32_t flags = 0;
    std::uint64_t offset = 0;  // in the file
    Descriptor file;           // to be read and written
    Mapping mapping;
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
