#include "stack/wire/ethernet.h"

#include "stack/wire/layout.h"

namespace sluice {
namespace {

struct Layout {
  wire::Mac destination;
  wire::Mac source;
  Big16 type;
};
static_assert(sizeof(Layout) == EthernetHeader::kSize);

}  // namespace

void EthernetHeader::emit(MutableBytes into) const {
  wire::store(Layout{destination.octets(), source.octets(), static_cast<std::uint16_t>(type)},
              into);
}

std::optional<EthernetView> EthernetView::parse(Bytes frame) {
  if (frame.size() < EthernetHeader::kSize) return std::nullopt;
  return EthernetView(frame);
}

EthernetHeader EthernetView::header() const {
  const auto layout = wire::load<Layout>(frame_);
  return {MacAddress(layout.destination), MacAddress(layout.source),
          static_cast<EtherType>(std::uint16_t{layout.type})};
}

}  // namespace sluice
