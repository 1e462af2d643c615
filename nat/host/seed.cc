#include "nat/host/seed.h"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace sluice {

Seed random_seed() {
  Seed seed;
  // So few bytes come all at once or not at all (getrandom(2)).
  static_assert(sizeof seed == 16);
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) {
    throw std::system_error(errno, std::generic_category(), "can't get random bytes");
  }
  return seed;
}

}  // namespace sluice
