#include "stack/wire/icmp.h"

#include "stack/wire/layout.h"

namespace sluice {
namespace {

struct Layout {
  std::uint8_t type;
  std::uint8_t code;
  Big16 checksum;
  Big32 rest;
};
static_assert(sizeof(Layout) == IcmpHeader::kSize);

}  // namespace

void IcmpHeader::emit(MutableBytes into) const {
  wire::store(Layout{type.octet(), code, checksum, rest}, into);
}

std::optional<IcmpView> IcmpView::parse(Bytes ip_payload) {
  if (ip_payload.size() < IcmpHeader::kSize) return std::nullopt;
  return IcmpView(ip_payload);
}

IcmpHeader IcmpView::header() const {
  const auto layout = wire::load<Layout>(message_);
  return {AnyIcmpType::of(layout.type), layout.code, layout.checksum, layout.rest};
}

}  // namespace sluice
