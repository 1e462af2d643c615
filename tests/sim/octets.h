// Bytes that a test owns.

#ifndef SLUICE_TESTS_SIM_OCTETS_H_
#define SLUICE_TESTS_SIM_OCTETS_H_

#include <cstdint>
#include <vector>

namespace sluice {

using Octets = std::vector<std::uint8_t>;

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_OCTETS_H_
