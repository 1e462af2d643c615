#include "nat/flow_table.h"

namespace sluice {

std::uint64_t FlowKey::hash(const Seed& seed) const {
  constexpr std::size_t kAddress = 16;
  std::array<std::uint8_t, 2 * kAddress + 4> bytes;
  const MutableBytes all = bytes;
  copy_bytes(guest.address.octets(), all);
  copy_bytes(remote.address.octets(), all.subspan(kAddress));
  store_big(all, 2 * kAddress, guest.port);
  store_big(all, 2 * kAddress + 2, remote.port);
  return siphash(seed, all);
}

}  // namespace sluice
