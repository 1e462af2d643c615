// Wire headers as structs: the one place where bytes become a struct and back.
//
// A format writes its header down once, as a struct of big-endian fields with alignment 1, and
// copies it in and out. Both directions are checked against the bytes there are.

#ifndef SLUICE_STACK_WIRE_LAYOUT_H_
#define SLUICE_STACK_WIRE_LAYOUT_H_

#include <type_traits>

#include "stack/bytes.h"

namespace sluice::wire {

template <typename T>
concept Layout = std::is_trivially_copyable_v<T> && alignof(T) == 1;

template <Layout T>
T load(Bytes from) {
  T layout;
  std::memcpy(&layout, from.first(sizeof(T)).data(), sizeof(T));
  return layout;
}

template <Layout T>
void store(const T& layout, MutableBytes into) {
  std::memcpy(into.first(sizeof(T)).data(), &layout, sizeof(T));
}

}  // namespace sluice::wire

#endif  // SLUICE_STACK_WIRE_LAYOUT_H_
