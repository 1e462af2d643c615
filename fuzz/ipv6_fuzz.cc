// Any bytes as an IPv6 packet, once as they are and once with version and payload length put right,
// so that the search does not end at them.

#include <algorithm>
#include <vector>

#include <gsl/assert>

#include "stack/wire/ipv6.h"

namespace sluice {
namespace {

constexpr std::size_t kPayloadLengthOffset = 4;
constexpr std::size_t kLargestPayload = 65535;

bool is_within(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void set_payload_length(std::vector<std::uint8_t>& packet) {
  store_big(MutableBytes(packet), kPayloadLengthOffset,
            static_cast<std::uint16_t>(packet.size() - Ipv6Header::kSize));
}

void check_refusal(const Ipv6View::Error& error, Bytes packet) {
  Ensures(!error.answer || error.answer->pointer < packet.size());
  Ensures(!error.answer || error.reason != Ipv6View::Error::Reason::kTruncated);
}

// Without its fragment header the packet says the same, or, if it is a first piece, says at least
// what is in it.
void check_without_fragment_header(const Ipv6View& view) {
  const Bytes front = view.unfragmentable();
  const Bytes behind = view.packet().subspan(front.size() + Ipv6FragmentHeader::kSize);
  std::vector<std::uint8_t> packet(front.begin(), front.end());
  packet.insert(packet.end(), behind.begin(), behind.end());
  packet.at(view.fragment_named_at()) = static_cast<std::uint8_t>(view.fragment()->next_header);
  set_payload_length(packet);
  const auto whole = Ipv6View::parse(packet);
  // A hop-by-hop header that came behind that of the fragment was refused.
  Ensures(whole && !whole->fragment());
  Ensures(whole->packet().size() == packet.size());
  if (view.is_fragment()) return;
  Ensures(whole->protocol() == view.protocol());
  Ensures(std::equal(whole->payload().begin(), whole->payload().end(), view.payload().begin(),
                     view.payload().end()));
}

void check_fragment(const Ipv6View& view) {
  const Ipv6FragmentHeader& fragment = *view.fragment();
  const std::size_t size = view.unfragmentable().size();
  Ensures(size >= Ipv6Header::kSize && view.fragment_named_at() < size);
  Ensures(view.packet()[view.fragment_named_at()] ==
          static_cast<std::uint8_t>(IpProtocol::kFragment));
  Ensures(Ipv6FragmentHeader::parse(view.packet().subspan(size)) == fragment);
  if (fragment.offset == 0) check_without_fragment_header(view);
  if (!view.is_fragment()) return;
  Ensures(!fragment.more_fragments || view.payload().size() % 8 == 0);
  Ensures(size - Ipv6Header::kSize + fragment.offset + view.payload().size() <= kLargestPayload);
  Ensures(view.protocol() == fragment.next_header);
}

void check(Bytes input) {
  Ipv6View::Error error;
  const auto view = Ipv6View::parse(input, &error);
  if (!view) return check_refusal(error, input);
  const Ipv6Header header = view->header();
  Ensures(view->packet().data() == input.data());
  Ensures(view->packet().size() == Ipv6Header::kSize + header.payload_length);
  Ensures(is_within(view->packet(), input) && is_within(view->payload(), view->packet()));
  Ensures(is_within(view->unfragmentable(), view->packet()));
  Ensures(static_cast<IpProtocol>(view->packet()[view->protocol_named_at()]) == view->protocol());
  if (view->fragment()) check_fragment(*view);

  std::vector<std::uint8_t> again(view->packet().begin(), view->packet().end());
  header.emit(again);
  Ensures(std::equal(again.begin(), again.end(), input.begin()));
}

void run(Bytes input) {
  check(input);
  if (input.size() < Ipv6Header::kSize || input.size() - Ipv6Header::kSize > kLargestPayload)
    return;
  std::vector<std::uint8_t> packet(input.begin(), input.end());
  packet[0] = static_cast<std::uint8_t>(0x60U | (packet[0] & 15U));
  set_payload_length(packet);
  check(packet);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
