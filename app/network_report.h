// What a user network has and does at one time.

#ifndef SLUICE_APP_NETWORK_REPORT_H_
#define SLUICE_APP_NETWORK_REPORT_H_

#include <vector>

#include "nat/config.h"
#include "nat/flow_info.h"
#include "stack/counters.h"
#include "stack/neighbors.h"
#include "stack/time.h"

namespace sluice {

struct NetworkReport {
  Time now{};
  std::vector<FlowInfo> flows;
  std::vector<HostForwardInfo> forwards;
  std::vector<Neighbors::Entry> guests;
  Counters counters;
  Limits limits;
};

}  // namespace sluice

#endif  // SLUICE_APP_NETWORK_REPORT_H_
