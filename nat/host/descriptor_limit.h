// How many descriptors this process may have.

#ifndef SLUICE_NAT_HOST_DESCRIPTOR_LIMIT_H_
#define SLUICE_NAT_HOST_DESCRIPTOR_LIMIT_H_

#include <cstdint>

namespace sluice {

// Raises the limit to what the system allows without privilege: each flow takes a descriptor.
// Returns the limit that holds now.
std::uint64_t raise_descriptor_limit();
// The limit that holds now.
std::uint64_t descriptor_limit();

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_DESCRIPTOR_LIMIT_H_
