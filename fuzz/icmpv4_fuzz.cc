// Any bytes as an ICMP message, and the packet that an error quotes.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/icmpv4.h"
#include "stack/wire/ipv4.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): a function of its own
  const Bytes input(data, size);
  const auto view = IcmpView::parse(input);
  Ensures(view.has_value() == (size >= IcmpHeader::kSize));
  if (!view) return 0;
  const IcmpHeader header = view->header();
  std::array<std::uint8_t, IcmpHeader::kSize> again{};
  header.emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
  Ensures(IcmpHeader::echo_rest(header.echo_identifier(), header.echo_sequence()) == header.rest);
  if (header.is_error()) {
    if (const auto quoted = Ipv4View::parse(view->payload())) {
      Ensures(quoted->packet().size() <= view->payload().size());
    }
  }
  return 0;
}
