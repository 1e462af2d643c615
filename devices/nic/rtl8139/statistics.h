// What the RTL8139C+ counts: MPC, the packets that it missed for want of room (data sheet, register
// list of chapter 6), and the tally counters that DTCCR has it write to memory in C+ mode.

#ifndef SLUICE_DEVICES_NIC_RTL8139_STATISTICS_H_
#define SLUICE_DEVICES_NIC_RTL8139_STATISTICS_H_

#include <cstdint>

#include "devices/nic/little_endian.h"

namespace sluice::rtl8139 {

// The tally counters as DTCCR dumps them.
struct Tally {
  Little64 tx_ok;
  Little64 rx_ok;
  Little64 tx_errors;
  Little32 rx_errors;
  Little16 missed;
  Little16 alignment_errors;
  Little32 tx_one_collision;
  Little32 tx_more_collisions;
  Little64 rx_ok_physical;
  Little64 rx_ok_broadcast;
  Little32 rx_ok_multicast;
  Little16 tx_aborted;
  Little16 tx_underruns;
};
static_assert(sizeof(Tally) == 64);

struct Statistics {
  std::uint64_t tx_ok = 0;
  std::uint64_t tx_errors = 0;
  std::uint64_t rx_ok = 0;
  std::uint64_t rx_ok_physical = 0;
  std::uint64_t rx_ok_broadcast = 0;
  std::uint64_t rx_ok_multicast = 0;
  std::uint64_t missed = 0;          // all of them
  std::uint32_t missed_packets = 0;  // MPC: since the driver has written it, 24 bits

  void miss() {
    ++missed;
    missed_packets = (missed_packets + 1) & 0xffffff;
  }

  // There are neither collisions nor damaged frames here.
  Tally tally() const {
    return {.tx_ok = tx_ok,
            .rx_ok = rx_ok,
            .tx_errors = tx_errors,
            .rx_errors = static_cast<std::uint32_t>(missed),
            .missed = static_cast<std::uint16_t>(missed),
            .rx_ok_physical = rx_ok_physical,
            .rx_ok_broadcast = rx_ok_broadcast,
            .rx_ok_multicast = static_cast<std::uint32_t>(rx_ok_multicast)};
  }
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_STATISTICS_H_
