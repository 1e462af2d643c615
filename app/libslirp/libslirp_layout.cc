// The interface as libslirp 4.7's header has it.

#include <slirp/libslirp.h>

#include <cstddef>
#include <typeinfo>

#include "app/libslirp/layout_table.h"

namespace sluice {

std::vector<LayoutEntry> libslirp_layout() {
  return {
#include "app/libslirp/layout_entries.inc"
  };
}

}  // namespace sluice
