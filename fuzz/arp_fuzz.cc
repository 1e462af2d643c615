// Any bytes as an ARP message: what is read is written again as it was.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/arp.h"

namespace sluice {
namespace {

void run(Bytes input) {
  const auto message = ArpMessage::parse(input);
  if (!message) return;
  std::array<std::uint8_t, ArpMessage::kSize> again{};
  message->emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
