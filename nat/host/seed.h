// A seed from the system.

#ifndef SLUICE_NAT_HOST_SEED_H_
#define SLUICE_NAT_HOST_SEED_H_

#include "stack/random.h"

namespace sluice {

// 128 bits from getrandom(2). Throws std::system_error.
Seed random_seed();

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_SEED_H_
