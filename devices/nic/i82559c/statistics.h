// Statistical counters (Software Developer Manual, section 6.3.2.4). They wrap around, and leave
// the card only as a whole: a command writes them to where another one has said.

#ifndef SLUICE_DEVICES_NIC_I82559C_STATISTICS_H_
#define SLUICE_DEVICES_NIC_I82559C_STATISTICS_H_

#include <cstdint>

#include "devices/nic/bus_master.h"
#include "devices/nic/i82559c/configuration.h"
#include "devices/nic/little_endian.h"

namespace sluice::i82559c {

// Table 17. Of a wire without collisions and errors, most stay zero.
struct StatisticalCounters {
  Little32 transmit_good;
  Little32 transmit_maximum_collisions;
  Little32 transmit_late_collisions;
  Little32 transmit_underruns;
  Little32 transmit_lost_carrier_sense;
  Little32 transmit_deferred;
  Little32 transmit_single_collisions;
  Little32 transmit_multiple_collisions;
  Little32 transmit_total_collisions;
  Little32 receive_good;
  Little32 receive_crc_errors;
  Little32 receive_alignment_errors;
  Little32 receive_resource_errors;
  Little32 receive_overrun_errors;
  Little32 receive_collision_detect;
  Little32 receive_short_frames;
  // Of the 82558 and later, unless configured otherwise.
  Little32 flow_control_transmit_pause;
  Little32 flow_control_receive_pause;
  Little32 flow_control_receive_unsupported;
  // Of the 82559, if configured.
  Little16 transmit_tco;
  Little16 receive_tco;

  static constexpr std::size_t kStandardSize = 64;
  static constexpr std::size_t kExtendedSize = 76;
  static constexpr std::size_t kTcoSize = 80;
};
static_assert(sizeof(StatisticalCounters) == StatisticalCounters::kTcoSize);

// What is written behind the counters, when they are there.
inline constexpr std::uint32_t kDumped = 0xa005;
inline constexpr std::uint32_t kDumpedAndReset = 0xa007;

// One more of it.
inline void count(Little32& counter) {
  counter = static_cast<std::uint32_t>(counter) + 1;
}

// Writes as many as are configured to `address`, and `marker`.
void dump(const StatisticalCounters& counters, const Configuration& configuration, BusMaster& bus,
          std::uint32_t address, std::uint32_t marker);

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_STATISTICS_H_
