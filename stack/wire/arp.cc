#include "stack/wire/arp.h"

#include "stack/wire/ethernet.h"
#include "stack/wire/layout.h"

namespace sluice {
namespace {

struct Layout {
  Big16 hardware;
  Big16 protocol;
  std::uint8_t hardware_size;
  std::uint8_t protocol_size;
  Big16 operation;
  wire::Mac sender_mac;
  Big32 sender;
  wire::Mac target_mac;
  Big32 target;
};
static_assert(sizeof(Layout) == ArpMessage::kSize);

constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kIpv4 = static_cast<std::uint16_t>(EtherType::kIpv4);

}  // namespace

std::optional<ArpMessage> ArpMessage::parse(Bytes bytes) {
  if (bytes.size() < kSize) return std::nullopt;
  const auto layout = wire::load<Layout>(bytes);
  const std::uint16_t operation = layout.operation;
  if (layout.hardware != kEthernet || layout.protocol != kIpv4 ||
      layout.hardware_size != MacAddress::kSize || layout.protocol_size != 4 ||
      (operation != 1 && operation != 2)) {
    return std::nullopt;
  }
  return ArpMessage{static_cast<Operation>(operation), MacAddress(layout.sender_mac),
                    IpAddress::v4(layout.sender), MacAddress(layout.target_mac),
                    IpAddress::v4(layout.target)};
}

void ArpMessage::emit(MutableBytes into) const {
  wire::store(Layout{kEthernet, kIpv4, MacAddress::kSize, 4, static_cast<std::uint16_t>(operation),
                     sender_mac.octets(), sender.v4_bits(), target_mac.octets(), target.v4_bits()},
              into);
}

}  // namespace sluice
