#include "devices/nic/virtio/chain.h"

namespace sluice {

void VirtioChain::clear() {
  count_ = 0;
  readable_ = 0;
  readable_size_ = 0;
  writable_size_ = 0;
  broken_ = false;
}

void VirtioChain::set_broken() {
  clear();
  broken_ = true;
}

bool VirtioChain::add(SharedMemory& memory, const VirtioDescriptor& descriptor) {
  const bool writable = (descriptor.flags & VirtioDescriptor::kWrite) != 0;
  std::uint64_t address = descriptor.address;
  std::size_t left = descriptor.length;
  // What can be written comes last (section 2.6.4.2).
  bool good = writable || readable_ == count_;
  // Where one piece of memory ends another may begin.
  while (good && left != 0) {
    const MutableBytes piece = memory.prefix(address, left);
    good = !piece.empty() && count_ < kMaxPieces;
    if (!good) break;
    pieces_.at(count_++) = piece;
    if (!writable) readable_ = count_;
    (writable ? writable_size_ : readable_size_) += piece.size();
    address += piece.size();
    left -= piece.size();
  }
  if (!good) set_broken();
  return good;
}

}  // namespace sluice
