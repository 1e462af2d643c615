// The interface as our header has it.

#include <cstddef>
#include <typeinfo>

#include "app/libslirp/layout_table.h"
#include "sluice/libslirp.h"

namespace sluice {

std::vector<LayoutEntry> our_layout() {
  return {
#include "app/libslirp/layout_entries.inc"
  };
}

}  // namespace sluice
