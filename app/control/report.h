// What there is to tell of a running network, as JSON.

#ifndef SLUICE_APP_CONTROL_REPORT_H_
#define SLUICE_APP_CONTROL_REPORT_H_

#include <string>
#include <vector>

#include "app/control/controlled.h"
#include "app/control/request.h"

namespace sluice {

OrderedJson netdevs_value(const std::vector<NetdevInfo>& netdevs);

// With at most `most` flows, those that have moved last; "flow-count" says how many there are.
OrderedJson user_network_value(const std::string& id, NetworkReport report, std::size_t most);

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_REPORT_H_
