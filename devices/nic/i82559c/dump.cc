#include "devices/nic/i82559c/dump.h"

namespace sluice::i82559c {
namespace {

constexpr std::size_t kConfigurationOffset = 0;
constexpr std::size_t kIndividualOffset = 24;
constexpr std::size_t kHashOffset = 32;
constexpr std::size_t kScbOffset = 40;
constexpr std::size_t kStatisticsOffset = 44;

}  // namespace

bool write_dump(BusMaster& bus, const State& state, std::uint8_t status, std::uint32_t address) {
  std::array<std::uint8_t, kDumpSize> area{};
  const MutableBytes bytes(area);
  copy_bytes(state.configuration.bytes(), bytes.subspan(kConfigurationOffset));
  copy_bytes(state.addresses.individual().octets(), bytes.subspan(kIndividualOffset));
  store_little(bytes, kHashOffset, state.addresses.hash_table());
  bytes[kScbOffset] = status;
  bytes[kScbOffset + 1] = state.interrupts.pending();
  bytes[kScbOffset + 2] = state.interrupts.control();
  copy_bytes(std::bit_cast<std::array<std::uint8_t, sizeof state.statistics>>(state.statistics),
             bytes.subspan(kStatisticsOffset));
  return bus.write(address, area);
}

}  // namespace sluice::i82559c
