// Seeded randomness: the same seed gives the same run.
//
// SipHash-2-4 (Aumasson and Bernstein, 2012) keyed with the seed serves where an adversary sees the
// results or picks the inputs: initial sequence numbers, hash tables filled by a guest. Random
// draws from the same function in counter mode, so nothing in the core has a second generator.

#ifndef SLUICE_STACK_RANDOM_H_
#define SLUICE_STACK_RANDOM_H_

#include <cstdint>

#include "stack/bytes.h"

namespace sluice {

// 128 secret bits. Whoever builds a Nat fetches them from the system or from a command line.
struct Seed {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;

  // A seed for one purpose, unrelated to those of other purposes.
  Seed derive(std::uint64_t purpose) const;
};

std::uint64_t siphash(const Seed& key, Bytes message);

class Random {
 public:
  explicit Random(const Seed& seed) : seed_(seed) {}

  std::uint64_t next();
  // Uniform in [0, bound); bound must not be 0.
  std::uint32_t below(std::uint32_t bound);

 private:
  Seed seed_;
  std::uint64_t counter_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_STACK_RANDOM_H_
