#include "devices/nic/i82559c/statistics.h"

namespace sluice::i82559c {
namespace {

std::size_t dumped_size(const Configuration& configuration) {
  if (configuration.standard_statistics()) return StatisticalCounters::kStandardSize;
  return configuration.tco_statistics() ? StatisticalCounters::kTcoSize
                                        : StatisticalCounters::kExtendedSize;
}

}  // namespace

void dump(const StatisticalCounters& counters, const Configuration& configuration, BusMaster& bus,
          std::uint32_t address, std::uint32_t marker) {
  const auto bytes =
      std::bit_cast<std::array<std::uint8_t, StatisticalCounters::kTcoSize>>(counters);
  const std::size_t size = dumped_size(configuration);
  bus.write(address, Bytes(bytes).first(size));
  bus.store(address + static_cast<std::uint32_t>(size), Little32(marker));
}

}  // namespace sluice::i82559c
