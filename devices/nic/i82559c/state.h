// What the units of the card share.

#ifndef SLUICE_DEVICES_NIC_I82559C_STATE_H_
#define SLUICE_DEVICES_NIC_I82559C_STATE_H_

#include "devices/nic/i82559c/addresses.h"
#include "devices/nic/i82559c/configuration.h"
#include "devices/nic/i82559c/interrupts.h"
#include "devices/nic/i82559c/phy.h"
#include "devices/nic/i82559c/statistics.h"
#include "stack/address.h"
#include "stack/counters.h"

namespace sluice::i82559c {

struct State {
  explicit State(const MacAddress& individual) : addresses(individual) {}

  Configuration configuration;
  Addresses addresses;
  StatisticalCounters statistics;  // what the guest is told
  Interrupts interrupts;
  Phy phy;
  Counters counters;  // what the network is told
};

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_STATE_H_
