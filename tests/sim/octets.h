// Bytes that a test owns.

#ifndef SLUICE_TESTS_SIM_OCTETS_H_
#define SLUICE_TESTS_SIM_OCTETS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

using Octets = std::vector<std::uint8_t>;

// A text of which no two places look alike for long.
inline std::string varied_text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_OCTETS_H_
