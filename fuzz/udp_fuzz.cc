// Any bytes as a UDP datagram: what is read is written again as it was.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/udp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): a function of its own
  const Bytes input(data, size);
  const auto view = UdpView::parse(input);
  if (!view) return 0;
  const UdpHeader header = view->header();
  Ensures(header.length == view->datagram().size() && header.length <= size);
  Ensures(view->payload().size() == header.length - UdpHeader::kSize);
  std::array<std::uint8_t, UdpHeader::kSize> again{};
  header.emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
  return 0;
}
