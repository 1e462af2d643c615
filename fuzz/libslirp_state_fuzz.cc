// slirp_state_load(): the first byte says whether the rest is a stream as it comes or the body of
// one, whose header then is right. Whatever it is, the Slirp that loads it can be used afterwards,
// and what it then saves can be loaded.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "app/libslirp/state.h"
#include "fuzz/libslirp_fuzz.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

int load(const FuzzedLibslirp& fuzzed, Bytes stream) {
  return slirp_state_load(
      fuzzed.slirp, slirp_state_version(),
      [](void* bytes, std::size_t size, void* from) {
        auto& rest = *static_cast<Bytes*>(from);
        const std::size_t count = std::min(size, rest.size());
        if (count != 0) std::memcpy(bytes, rest.data(), count);
        rest = rest.subspan(count);
        return static_cast<ssize_t>(count);
      },
      &stream);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes rest = Bytes(data, size).subspan(1);
  FuzzedLibslirp fuzzed;
  const int result = data[0] == 0 ? load(fuzzed, rest) : load(fuzzed, seal_state(rest));
  require(result == 0 || result == -EINVAL);
  fuzzed.turn();
  fuzzed.now += 10'000'000'000;
  fuzzed.turn();
  require(fuzzed.is_alive());
  std::vector<std::uint8_t> saved;
  slirp_state_save(
      fuzzed.slirp,
      [](const void* bytes, std::size_t count, void* to) {
        const auto* const first = static_cast<const std::uint8_t*>(bytes);
        auto& out = *static_cast<std::vector<std::uint8_t>*>(to);
        out.insert(out.end(), first, first + count);
        return static_cast<ssize_t>(count);
      },
      &saved);
  require(load(fuzzed, saved) == 0);
  return 0;
}
