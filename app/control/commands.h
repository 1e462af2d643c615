// The commands of a control socket: what each does to a network, and what it answers.

#ifndef SLUICE_APP_CONTROL_COMMANDS_H_
#define SLUICE_APP_CONTROL_COMMANDS_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/control/controlled.h"
#include "app/control/request.h"

namespace sluice {

// The names of all commands, in alphabetical order; qmp_capabilities, which opens a conversation,
// among them.
std::vector<std::string_view> command_names();

// Does what is asked for, but for qmp_capabilities. Never throws for what somebody may ask.
std::variant<OrderedJson, Complaint> execute(Controlled& network, const Request& request);

// Flows that one answer has at most, and those that it has if nothing else is asked for.
inline constexpr std::size_t kMaxFlows = 4096;

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_COMMANDS_H_
