// The 82540EM's statistics registers (section 13.7).
//
// Reading one makes it zero; a full one stays full. Octets are counted in pairs of registers, of
// which reading the upper one makes both zero. Sizes include the frame check sequence.

#ifndef SLUICE_DEVICES_NIC_E1000_STATISTICS_H_
#define SLUICE_DEVICES_NIC_E1000_STATISTICS_H_

#include <array>
#include <cstdint>

#include "devices/nic/e1000/registers.h"
#include "stack/bytes.h"

namespace sluice::e1000 {

inline constexpr std::size_t kFcsSize = 4;

class Statistics {
 public:
  static bool has(std::uint32_t offset) { return offset >= kStatistics && offset < kStatisticsEnd; }

  void reset() { values_.fill(0); }
  std::uint32_t read(std::uint32_t offset);
  void count(std::uint32_t offset, std::uint32_t times = 1);

  // Frames that begin with `header` and have `size` bytes each, less the frame check sequence.
  void on_sent(Bytes header, std::size_t size, std::uint32_t times = 1);
  void on_received(Bytes header, std::size_t size);
  // A frame came, whether it was for us or not.
  void on_seen(std::size_t size);

 private:
  // Adds to the pair of registers whose lower one is at `offset`.
  void count_octets(std::uint32_t offset, std::uint64_t octets);
  void count_size(std::uint32_t first, std::size_t size, std::uint32_t times);
  std::uint32_t& at(std::uint32_t offset) { return values_.at((offset - kStatistics) / 4); }

  std::array<std::uint32_t, (kStatisticsEnd - kStatistics) / 4> values_{};
};

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_STATISTICS_H_
