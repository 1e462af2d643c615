#include "devices/nic/virtio/indirect.h"

#include <array>

#include "devices/nic/little_endian.h"

namespace sluice {
namespace {

constexpr std::size_t kLength = 8;
constexpr std::size_t kFlags = 12;
constexpr std::size_t kNext = 14;
constexpr std::size_t kRowFlags = 14;

// Copies the table; empty if it is none.
MutableBytes copy_table(SharedMemory& memory, const VirtioDescriptor& table, MutableBytes room) {
  if (table.length % VirtioDescriptor::kSize != 0 || table.length > room.size()) return {};
  const MutableBytes copy = room.first(table.length);
  std::size_t done = 0;
  while (done < copy.size()) {
    const Bytes piece = memory.prefix(table.address + done, copy.size() - done);
    if (piece.empty()) return {};
    snapshot(piece, copy.subspan(done));
    done += piece.size();
  }
  return copy;
}

}  // namespace

void add_table(VirtioChain& chain, SharedMemory& memory, const VirtioDescriptor& table,
               TableForm form) {
  std::array<std::uint8_t, VirtioDescriptor::kSize * VirtioChain::kMaxPieces> room;
  const Bytes copy = copy_table(memory, table, room);
  const std::size_t count = copy.size() / VirtioDescriptor::kSize;
  std::size_t index = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes entry = copy.subspan(VirtioDescriptor::kSize * index, VirtioDescriptor::kSize);
    const VirtioDescriptor descriptor{
        .address = load_little<std::uint64_t>(entry, 0),
        .length = load_little<std::uint32_t>(entry, kLength),
        .flags = load_little<std::uint16_t>(entry, form == TableForm::kRow ? kRowFlags : kFlags),
    };
    // A table does not name another.
    if ((descriptor.flags & VirtioDescriptor::kIndirect) != 0) break;
    if (!chain.add(memory, descriptor)) return;
    if (form == TableForm::kRow) {
      if (++index == count) return;
      continue;
    }
    if ((descriptor.flags & VirtioDescriptor::kNext) == 0) return;
    index = load_little<std::uint16_t>(entry, kNext);
    if (index >= count) break;
  }
  chain.set_broken();
}

}  // namespace sluice
