// How many flows there may be where descriptors are few.
//
// Each flow holds one descriptor of the host. Were there fewer of them than flows, connections that
// never get an answer could take them all, and nothing that gives way would; so each kind of flow
// has a share of the descriptors of its own.

#ifndef SLUICE_APP_LIMITS_H_
#define SLUICE_APP_LIMITS_H_

#include <cstdint>

#include "nat/config.h"

namespace sluice {

// `limits`, lowered so that flows of all kinds, and what else the process has open, are no more
// than `descriptors`.
Limits limits_within(std::uint64_t descriptors, Limits limits = {});

}  // namespace sluice

#endif  // SLUICE_APP_LIMITS_H_
