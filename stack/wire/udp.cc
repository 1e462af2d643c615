#include "stack/wire/udp.h"

#include "stack/wire/layout.h"

namespace sluice {
namespace {

struct Layout {
  Big16 source_port;
  Big16 destination_port;
  Big16 length;
  Big16 checksum;
};
static_assert(sizeof(Layout) == UdpHeader::kSize);

}  // namespace

void UdpHeader::emit(MutableBytes into) const {
  wire::store(Layout{source_port, destination_port, length, checksum}, into);
}

std::optional<UdpView> UdpView::parse(Bytes ip_payload) {
  if (ip_payload.size() < UdpHeader::kSize) return std::nullopt;
  const std::size_t length = wire::load<Layout>(ip_payload).length;
  if (length < UdpHeader::kSize || length > ip_payload.size()) return std::nullopt;
  return UdpView(ip_payload.first(length));
}

UdpHeader UdpView::header() const {
  const auto layout = wire::load<Layout>(datagram_);
  return {layout.source_port, layout.destination_port, layout.length, layout.checksum};
}

}  // namespace sluice
