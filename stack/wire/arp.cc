#include "stack/wire/arp.h"

#include "stack/wire/layout.h"

namespace sluice {
namespace {

constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kIpv4 = 0x0800;

struct Layout {
  Big16 hardware_type;
  Big16 protocol_type;
  std::uint8_t hardware_size;
  std::uint8_t protocol_size;
  Big16 operation;
  MacAddress sender_mac;
  Big32 sender;
  MacAddress target_mac;
  Big32 target;
};
static_assert(sizeof(Layout) == ArpMessage::kSize);

}  // namespace

std::optional<ArpMessage> ArpMessage::parse(Bytes bytes) {
  if (bytes.size() < kSize) return std::nullopt;
  const auto layout = wire::load<Layout>(bytes);
  if (layout.hardware_type != kEthernet || layout.protocol_type != kIpv4 ||
      layout.hardware_size != MacAddress::kSize || layout.protocol_size != 4) {
    return std::nullopt;
  }
  const auto operation = static_cast<Operation>(std::uint16_t{layout.operation});
  if (operation != Operation::kRequest && operation != Operation::kReply) return std::nullopt;
  return ArpMessage{operation, layout.sender_mac, IpAddress::v4(layout.sender), layout.target_mac,
                    IpAddress::v4(layout.target)};
}

void ArpMessage::emit(MutableBytes into) const {
  wire::store(
      Layout{
          .hardware_type = kEthernet,
          .protocol_type = kIpv4,
          .hardware_size = MacAddress::kSize,
          .protocol_size = 4,
          .operation = static_cast<std::uint16_t>(operation),
          .sender_mac = sender_mac,
          .sender = sender.v4_bits(),
          .target_mac = target_mac,
          .target = target.v4_bits(),
      },
      into);
}

}  // namespace sluice
