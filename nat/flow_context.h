// What flows of every kind use of the Nat around them.

#ifndef SLUICE_NAT_FLOW_CONTEXT_H_
#define SLUICE_NAT_FLOW_CONTEXT_H_

#include "nat/config.h"
#include "nat/host.h"
#include "nat/icmp_errors.h"
#include "nat/policy.h"
#include "nat/translation.h"
#include "stack/counters.h"
#include "stack/egress.h"
#include "stack/timer_wheel.h"

namespace sluice {

// All of it outlives the flows.
struct FlowContext {
  const NatConfig& config;
  const Translation& translation;
  const Policy& policy;
  Egress& egress;
  IcmpErrors& errors;
  Host& host;
  TimerWheel& timers;
  Counters& counters;
};

}  // namespace sluice

#endif  // SLUICE_NAT_FLOW_CONTEXT_H_
