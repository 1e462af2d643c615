// Any bytes as an Ethernet frame: what is read can be written again.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/ethernet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): a function of its own
  const Bytes input(data, size);
  const auto view = EthernetView::parse(input);
  Ensures(view.has_value() == (size >= EthernetHeader::kSize));
  if (!view) return 0;
  std::array<std::uint8_t, EthernetHeader::kSize> again{};
  view->header().emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
  Ensures(view->payload().size() == size - EthernetHeader::kSize);
  return 0;
}
