// Any bytes as an ARP message: what is read is written again as it was.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/arp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): a function of its own
  const Bytes input(data, size);
  const auto message = ArpMessage::parse(input);
  if (!message) return 0;
  std::array<std::uint8_t, ArpMessage::kSize> again{};
  message->emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
  return 0;
}
