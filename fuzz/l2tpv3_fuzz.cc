// Any bytes as a message of L2TPv3, in any format: what is read is written again as it was, but for
// bits that mean nothing.

#include <algorithm>
#include <array>

#include <gsl/assert>

#include "stack/wire/l2tpv3.h"

namespace sluice {
namespace {

// The first byte says which format, the second the padding.
void run(Bytes input) {
  if (input.size() < 2) return;
  using Cookie = L2tpv3Format::Cookie;
  constexpr std::array kCookies{Cookie::kNone, Cookie::k32, Cookie::k64, Cookie::kNone};
  const L2tpv3Format format{.over_udp = (input[0] & 1) != 0,
                            .cookie = kCookies.at(input[0] >> 1 & 3),
                            .sublayer = (input[0] & 8) != 0,
                            .padding = input[1]};
  const Bytes message = input.subspan(2);
  const auto view = L2tpv3View::parse(message, format);
  if (!view) return;
  Ensures(view->payload().size() == message.size() - format.header_size());
  Ensures(view->header().session != 0);
  std::array<std::uint8_t, L2tpv3Format::kMaxHeaderSize> again{};
  view->header().emit(format, again);
  const auto reread = L2tpv3View::parse({again.data(), format.header_size()}, format);
  Ensures(reread && reread->header() == view->header());
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
