// Any bytes as an Ethernet frame: what is read can be written again.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/ethernet.h"

namespace sluice {
namespace {

void run(Bytes input) {
  const auto view = EthernetView::parse(input);
  Ensures(view.has_value() == (input.size() >= EthernetHeader::kSize));
  if (!view) return;
  std::array<std::uint8_t, EthernetHeader::kSize> again{};
  view->header().emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
  Ensures(view->payload().size() == input.size() - EthernetHeader::kSize);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
