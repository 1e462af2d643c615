// The interface as a compiler sees it in a header, to be compared with another header's: every
// field that libslirp 4.7 has, every constant, every function.

#ifndef SLUICE_APP_LIBSLIRP_LAYOUT_TABLE_H_
#define SLUICE_APP_LIBSLIRP_LAYOUT_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace sluice {

struct LayoutEntry {
  std::string name;
  std::size_t value;  // of a field its offset
  std::string type;   // as the compiler names it

  friend bool operator==(const LayoutEntry&, const LayoutEntry&) = default;
};

std::vector<LayoutEntry> our_layout();
// Of the header that the system has.
std::vector<LayoutEntry> libslirp_layout();

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_LAYOUT_TABLE_H_
