// A guest's memory that holds anything, and changes while a device reads it: between two reads of
// one call, what has been read once may be something else. It knows how much is done with it.
//
// Bytes repeat behind the last one, up to an end behind which there is none, so that whatever
// address a driver tells there may be something. The first half of them can be seen where they lie.

#ifndef SLUICE_FUZZ_RESTLESS_MEMORY_H_
#define SLUICE_FUZZ_RESTLESS_MEMORY_H_

#include <algorithm>
#include <limits>
#include <vector>

#include "devices/nic/guest_memory.h"
#include "fuzz/program.h"

namespace sluice {

class RestlessMemory final : public GuestMemory {
 public:
  struct Shape {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::size_t size = 0;  // of what repeats
    // What one call may do.
    std::size_t max_accesses = std::numeric_limits<std::size_t>::max();
    std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
  };

  explicit RestlessMemory(const Shape& shape) : shape_(shape), bytes_(shape.size) {}

  bool read(std::uint64_t address, MutableBytes into) override {
    bytes_read_ += into.size();
    count(into.size());
    if (!exists(address, into.size())) return false;
    for (std::size_t done = 0; done < into.size();) {
      const MutableBytes piece = piece_at(address + done, into.size() - done);
      copy_bytes(piece, into.subspan(done));
      done += piece.size();
    }
    if (!into.empty()) change(address, into.size());
    return true;
  }
  bool write(std::uint64_t address, Bytes bytes) override {
    count(bytes.size());
    if (!exists(address, bytes.size())) return false;
    while (!bytes.empty()) {
      const MutableBytes piece = piece_at(address, bytes.size());
      copy_bytes(bytes.first(piece.size()), piece);
      address += piece.size();
      bytes = bytes.subspan(piece.size());
    }
    return true;
  }
  Bytes view(std::uint64_t address, std::size_t size) override {
    if (!exists(address, size)) return {};
    const std::size_t at = (address - shape_.begin) % bytes_.size();
    if (at + size > bytes_.size() / 2) return {};
    return Bytes(bytes_).subspan(at, size);
  }

  // After how many reads it changes, always a byte of what has been read; 0: it does not.
  void set_period(unsigned period) { period_ = period; }
  unsigned period() const { return period_; }

  // A call begins.
  void begin() { accesses_ = bytes_moved_ = bytes_read_ = 0; }
  // Since then.
  std::size_t bytes_read() const { return bytes_read_; }

 private:
  // Of what is read, the part that says what it is.
  static constexpr std::size_t kHead = 64;

  bool exists(std::uint64_t address, std::size_t size) const {
    return address >= shape_.begin && address <= shape_.end && size <= shape_.end - address;
  }
  MutableBytes piece_at(std::uint64_t address, std::size_t size) {
    const std::size_t at = (address - shape_.begin) % bytes_.size();
    return MutableBytes(bytes_).subspan(at, std::min(size, bytes_.size() - at));
  }
  void count(std::size_t size) {
    bytes_moved_ += size;
    require(++accesses_ <= shape_.max_accesses && bytes_moved_ <= shape_.max_bytes);
  }
  void change(std::uint64_t address, std::size_t size) {
    if (period_ == 0 || ++reads_ % period_ != 0) return;
    const std::size_t at = std::size_t{reads_ / period_} * 5 % std::min(size, kHead);
    piece_at(address + at, 1)[0] += static_cast<std::uint8_t>(0x41 + reads_);
  }

  const Shape shape_;
  std::vector<std::uint8_t> bytes_;
  unsigned period_ = 0;
  unsigned reads_ = 0;
  std::size_t accesses_ = 0;
  std::size_t bytes_moved_ = 0;
  std::size_t bytes_read_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_FUZZ_RESTLESS_MEMORY_H_
