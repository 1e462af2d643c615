// Any bytes as an IPv4 packet, once as they are and once with the header checksum put right, so
// that the search does not end at it.

#include <algorithm>
#include <vector>

#include <gsl/assert>

#include "stack/checksum.h"
#include "stack/wire/ipv4.h"

namespace sluice {
namespace {

constexpr std::size_t kChecksumOffset = 10;

void check(Bytes packet) {
  Ipv4View::Error error{};
  const auto view = Ipv4View::parse(packet, &error);
  if (!view) return;
  const Ipv4Header header = view->header();
  Ensures(header.total_length == view->packet().size());
  Ensures(view->header_size() == Ipv4Header::kSize + view->options().size());
  Ensures(view->header_size() + view->payload().size() == view->packet().size());
  Ensures(view->is_fragment() == (header.more_fragments || header.fragment_offset != 0));

  std::vector<std::uint8_t> again(view->packet().begin(), view->packet().end());
  header.emit(again);
  const auto reread = Ipv4View::parse(again);
  Ensures(reread && reread->header() == header);
}

void run(Bytes input) {
  check(input);
  if (input.size() < Ipv4Header::kSize) return;
  std::vector<std::uint8_t> packet(input.begin(), input.end());
  const std::size_t header_size =
      std::min<std::size_t>(std::size_t{packet[0] & 15U} * 4, input.size());
  store_big(MutableBytes(packet), kChecksumOffset, std::uint16_t{0});
  store_big(MutableBytes(packet), kChecksumOffset,
            internet_checksum(Bytes(packet).first(header_size)));
  check(packet);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
