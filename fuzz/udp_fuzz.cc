// Any bytes as a UDP datagram: what is read is written again as it was.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/udp.h"

namespace sluice {
namespace {

void run(Bytes input) {
  const auto view = UdpView::parse(input);
  if (!view) return;
  const UdpHeader header = view->header();
  Ensures(header.length == view->datagram().size() && header.length <= input.size());
  Ensures(view->payload().size() == header.length - UdpHeader::kSize);
  std::array<std::uint8_t, UdpHeader::kSize> again{};
  header.emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
