// What is certain to fail later, found before anything runs.
//
// Sockets and commands are made when a guest asks for them, and then nobody can be told but the
// guest. So what the options name is tried once, when the user is still looking.

#ifndef SLUICE_APP_PRECONDITIONS_H_
#define SLUICE_APP_PRECONDITIONS_H_

#include "nat/host.h"
#include "stack/address.h"

namespace sluice {

// Throws std::system_error if sockets can't leave from `address`.
void check_outbound(const IpAddress& address);

// Throws std::system_error if there is no such program, or none that may be run, and
// std::invalid_argument if the line has no words.
void check_command(const Command& command);

}  // namespace sluice

#endif  // SLUICE_APP_PRECONDITIONS_H_
