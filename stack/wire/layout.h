// The one place where bytes become structs and structs bytes.
//
// Wire headers are structs of BigEndian fields: alignment 1, no padding, their size asserted.

#ifndef SLUICE_STACK_WIRE_LAYOUT_H_
#define SLUICE_STACK_WIRE_LAYOUT_H_

#include <type_traits>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice::wire {

// A copy of the Layout at the start of `bytes`, which must be long enough.
template <typename Layout>
Layout load(Bytes bytes) {
  static_assert(std::is_trivially_copyable_v<Layout> && alignof(Layout) == 1);
  Layout layout;
  std::memcpy(&layout, bytes.first(sizeof(Layout)).data(), sizeof(Layout));
  return layout;
}

// Writes `layout` at the start of `into`, which must be long enough.
template <typename Layout>
void store(const Layout& layout, MutableBytes into) {
  static_assert(std::is_trivially_copyable_v<Layout> && alignof(Layout) == 1);
  std::memcpy(into.first(sizeof(Layout)).data(), &layout, sizeof(Layout));
}

using Mac = std::array<std::uint8_t, MacAddress::kSize>;

}  // namespace sluice::wire

#endif  // SLUICE_STACK_WIRE_LAYOUT_H_
