#include "devices/nic/virtio/net_control.h"

#include <algorithm>
#include <array>

#include "devices/nic/little_endian.h"

namespace sluice {
namespace {

constexpr std::uint8_t kReceiveModes = 0;
constexpr std::uint8_t kAddresses = 1;
constexpr std::uint8_t kPairs = 4;
constexpr std::uint8_t kSetPairs = 0;

constexpr std::uint8_t kDone = 0;
constexpr std::uint8_t kRefused = 1;

}  // namespace

bool VirtioNetControl::answer(VirtioQueue& queue) {
  for (unsigned i = 0; i < kMost; ++i) {
    if (!queue.next(chain_)) return false;
    if (chain_.writable().empty()) {
      queue.complete(chain_.name, 0);
      continue;
    }
    // Of long commands, lists of addresses, nothing but the beginning matters.
    std::array<std::uint8_t, 4> command{};
    MutableBytes room(command);
    for (const Bytes piece : chain_.readable()) {
      const Bytes part = piece.first(std::min(piece.size(), room.size()));
      snapshot(part, room);
      room = room.subspan(part.size());
    }
    const Bytes whole = Bytes(command).first(command.size() - room.size());
    const MutableBytes verdict = chain_.writable().front().first(1);
    shared_word<std::uint8_t>(verdict, 0)
        .store(obey(whole) ? kDone : kRefused, std::memory_order_relaxed);
    if (memory_.is_watched()) memory_.on_written(verdict);
    queue.complete(chain_.name, 1);
  }
  return true;
}

bool VirtioNetControl::obey(Bytes command) const {
  if (command.size() < 3) return false;
  switch (command[0]) {
    case kReceiveModes:
    case kAddresses:
      return true;
    case kPairs: {
      if (command[1] != kSetPairs || command.size() < 4) return false;
      const auto pairs = load_little<std::uint16_t>(command, 2);
      return pairs >= 1 && pairs <= pairs_;
    }
    default:
      return false;
  }
}

}  // namespace sluice
