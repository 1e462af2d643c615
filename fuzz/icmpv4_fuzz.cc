// Any bytes as an ICMP message, and the packet that an error quotes.

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/icmp.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/ipv4.h"

namespace sluice {
namespace {

void run(Bytes input) {
  const auto view = IcmpView::parse(input);
  Ensures(view.has_value() == (input.size() >= IcmpHeader::kSize));
  if (!view) return;
  const IcmpHeader header = view->header();
  std::array<std::uint8_t, IcmpHeader::kSize> again{};
  header.emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
  Ensures(IcmpHeader::echo_rest(header.echo_identifier(), header.echo_sequence()) == header.rest);
  if (is_error(static_cast<IcmpType>(header.type.octet()))) {
    if (const auto quoted = Ipv4View::parse(view->payload())) {
      Ensures(quoted->packet().size() <= view->payload().size());
    }
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
