#include "services/ncsi/controller.h"

#include <algorithm>

#include "stack/wire/ethernet.h"

namespace sluice {
namespace {

// DSP0222, table 17.
enum Command : std::uint8_t {
  kClearInitialState = 0x00,
  kSelectPackage = 0x01,
  kDeselectPackage = 0x02,
  kEnableChannel = 0x03,
  kDisableChannel = 0x04,
  kResetChannel = 0x05,
  kEnableTransmission = 0x06,
  kDisableTransmission = 0x07,
  kEnableEvents = 0x08,
  kSetLink = 0x09,
  kGetLinkStatus = 0x0a,
  kSetVlanFilter = 0x0b,
  kEnableVlan = 0x0c,
  kDisableVlan = 0x0d,
  kSetMacAddress = 0x0e,
  kEnableBroadcastFilter = 0x10,
  kDisableBroadcastFilter = 0x11,
  kEnableMulticastFilter = 0x12,
  kDisableMulticastFilter = 0x13,
  kSetFlowControl = 0x14,
  kGetVersion = 0x15,
  kGetCapabilities = 0x16,
  kGetParameters = 0x17,
  kGetPacketStatistics = 0x18,
  kGetStatistics = 0x19,
  kGetPassThroughStatistics = 0x1a,
  kGetPackageStatus = 0x1b,
  kManufacturer = 0x50,
  kGetPackageUuid = 0x52,
};

// Section 8.2.4.1, tables 9 and 10.
constexpr std::uint32_t kCompleted = 0;
constexpr std::uint32_t kInvalidParameter = 0x0001'0002;
constexpr std::uint32_t kInvalidLength = 0x0001'0005;
constexpr std::uint32_t kUnsupported = 0x0003'7fff;

constexpr std::uint32_t kMellanox = 0x8119;

// Bytes of payload that a command has at least; nullopt for one that is not known.
std::optional<std::size_t> payload_of(std::uint8_t command) {
  switch (command) {
    case kEnableEvents:
    case kSetLink:
    case kSetVlanFilter:
    case kSetMacAddress:
      return 8;
    case kSelectPackage:
    case kDisableChannel:
    case kResetChannel:
    case kEnableVlan:
    case kEnableBroadcastFilter:
    case kEnableMulticastFilter:
    case kSetFlowControl:
    case kManufacturer:
      return 4;
    case kClearInitialState:
    case kDeselectPackage:
    case kEnableChannel:
    case kEnableTransmission:
    case kDisableTransmission:
    case kGetLinkStatus:
    case kDisableVlan:
    case kDisableBroadcastFilter:
    case kDisableMulticastFilter:
    case kGetVersion:
    case kGetCapabilities:
    case kGetParameters:
    case kGetPacketStatistics:
    case kGetStatistics:
    case kGetPassThroughStatistics:
    case kGetPackageStatus:
    case kGetPackageUuid:
      return 0;
    default:
      return std::nullopt;
  }
}

}  // namespace

// The payload of a response: its code and reason, and what there is to tell, of which zeros are
// what nothing was set.
class NcsiController::Response {
 public:
  explicit Response(std::uint32_t result, std::size_t size = 4) : bytes_(size) { put32(0, result); }

  void put(std::size_t at, std::uint8_t value) { bytes_.at(at) = value; }
  void put16(std::size_t at, std::uint16_t value) { store_big(MutableBytes(bytes_), at, value); }
  void put32(std::size_t at, std::uint32_t value) { store_big(MutableBytes(bytes_), at, value); }
  void put(std::size_t at, Bytes value) { copy_bytes(value, MutableBytes(bytes_).subspan(at)); }
  Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

std::optional<std::vector<std::uint8_t>> NcsiController::on_frame(Bytes frame) {
  const auto ethernet = EthernetView::parse(frame);
  if (!ethernet) return std::nullopt;
  const auto command = NcsiMessage::parse(ethernet->payload());
  if (!command || (command->type & NcsiMessage::kResponse) != 0) return std::nullopt;
  if (command->package() != 0) return std::nullopt;
  const std::uint8_t channel = command->internal_channel();
  if (channel != 0 && channel != NcsiMessage::kWholePackage) return std::nullopt;

  const Response response = answer(*command);
  NcsiMessage message = *command;
  message.type |= NcsiMessage::kResponse;
  message.payload = response.bytes();
  const std::vector<std::uint8_t> packet = message.emit();

  std::vector<std::uint8_t> answer(
      std::max(EthernetHeader::kMinFrame, EthernetHeader::kSize + packet.size()));
  // Section 9.1: both addresses are broadcast.
  EthernetHeader{MacAddress::broadcast(), MacAddress::broadcast(),
                 static_cast<EtherType>(kNcsiEtherType)}
      .emit(answer);
  copy_bytes(packet, MutableBytes(answer).subspan(EthernetHeader::kSize));
  return answer;
}

NcsiController::Response NcsiController::answer(const NcsiMessage& command) {
  const auto needed = payload_of(command.type);
  if (!needed) return Response(kUnsupported);
  if (command.payload.size() < *needed) return Response(kInvalidLength);
  switch (command.type) {
    case kGetLinkStatus:
    case kGetVersion:
    case kGetCapabilities:
    case kGetParameters:
    case kGetPacketStatistics:
    case kGetStatistics:
    case kGetPassThroughStatistics:
    case kGetPackageStatus:
    case kGetPackageUuid:
      return tell(command);
    case kManufacturer:
      return manufacturer_command(command);
    default:
      return set(command);
  }
}

NcsiController::Response NcsiController::set(const NcsiMessage& command) {
  const Bytes payload = command.payload;
  switch (command.type) {
    case kResetChannel:
      channel_ = {};
      break;
    case kEnableChannel:
    case kDisableChannel:
      channel_.is_enabled = command.type == kEnableChannel;
      break;
    case kEnableTransmission:
    case kDisableTransmission:
      channel_.sends = command.type == kEnableTransmission;
      break;
    case kEnableEvents:
      channel_.events = load_big<std::uint32_t>(payload, 4);
      break;
    case kSetLink:
      channel_.link = load_big<std::uint32_t>(payload, 0);
      break;
    case kSetVlanFilter:
      channel_.vlan = load_big<std::uint16_t>(payload, 2);
      break;
    case kEnableVlan:
      channel_.filters_vlan = true;
      channel_.vlan_mode = payload[3];
      break;
    case kDisableVlan:
      channel_.filters_vlan = false;
      break;
    case kSetMacAddress:
      // One address of one channel is filtered for.
      if (payload[6] != 1) return Response(kInvalidParameter);
      std::copy_n(payload.begin(), channel_.mac.size(), channel_.mac.begin());
      channel_.mac_enabled = payload[7] & 1;
      break;
    case kEnableBroadcastFilter:
    case kDisableBroadcastFilter:
      channel_.filters_broadcast = command.type == kEnableBroadcastFilter;
      if (channel_.filters_broadcast) channel_.broadcast = load_big<std::uint32_t>(payload, 0);
      break;
    case kEnableMulticastFilter:
    case kDisableMulticastFilter:
      channel_.filters_multicast = command.type == kEnableMulticastFilter;
      if (channel_.filters_multicast) channel_.multicast = load_big<std::uint32_t>(payload, 0);
      break;
    case kSetFlowControl:
      channel_.flow_control = payload[3];
      break;
    default:  // nothing to be remembered
      break;
  }
  return Response(kCompleted);
}

NcsiController::Response NcsiController::tell(const NcsiMessage& command) const {
  switch (command.type) {
    case kGetLinkStatus: {
      // Up, 1000 Mbit/s in both directions at once, as was negotiated.
      constexpr std::uint32_t kUp = 0x6f;
      Response response(kCompleted, 16);
      response.put32(4, kUp);
      return response;
    }
    case kGetVersion: {
      constexpr std::uint32_t kVersion1 = 0xf1f0f000;  // 1.0.0, in the digits of section 8.4.44
      Response response(kCompleted, 40);
      response.put32(4, kVersion1);
      response.put(12, as_bytes("Sluice"));
      response.put32(36, config_.manufacturer);
      return response;
    }
    case kGetCapabilities: {
      Response response(kCompleted, 32);
      response.put32(8, 0x0f);   // broadcasts that can be filtered: ARP, DHCP, NetBIOS
      response.put32(12, 0x07);  // multicasts likewise
      response.put(24, 1);       // VLAN filters
      response.put(27, 1);       // filters of unicast addresses
      response.put(30, 0x07);    // all VLAN modes
      response.put(31, 1);       // channels
      return response;
    }
    case kGetParameters: {
      const Channel& channel = channel_;
      Response response(kCompleted, 40);
      response.put(4, 1);
      response.put(7, channel.mac_enabled);
      response.put(8, 1);
      response.put16(10, channel.vlan != 0 ? 1 : 0);
      response.put32(12, channel.link);
      response.put32(16, channel.filters_broadcast ? channel.broadcast : 0);
      response.put32(20, (channel.filters_broadcast ? 1U : 0U) | (channel.is_enabled ? 2U : 0U) |
                             (channel.sends ? 4U : 0U) | (channel.filters_multicast ? 8U : 0U));
      response.put(24, channel.filters_vlan ? channel.vlan_mode : std::uint8_t{0});
      response.put(25, channel.flow_control);
      response.put32(28, channel.events);
      response.put(32, channel.mac);
      response.put16(38, channel.vlan);
      return response;
    }
    // Nothing is counted.
    case kGetPacketStatistics:
      return Response(kCompleted, 204);
    case kGetStatistics:
      return Response(kCompleted, 32);
    case kGetPassThroughStatistics:
      return Response(kCompleted, 48);
    case kGetPackageStatus:
      return Response(kCompleted, 8);
    default:
      return Response(kCompleted, 20);  // kGetPackageUuid: none
  }
}

NcsiController::Response NcsiController::manufacturer_command(const NcsiMessage& command) const {
  const Bytes payload = command.payload;
  const auto manufacturer = load_big<std::uint32_t>(payload, 0);
  // "Get MAC address", in Mellanox's own words: revision 0, command 0, parameter 0x1b.
  constexpr std::array<std::uint8_t, 3> kGetAddress{0x00, 0x00, 0x1b};
  const Bytes words = payload.subspan(4);
  const bool asks_for_address = manufacturer == kMellanox && manufacturer == config_.manufacturer &&
                                config_.address && words.size() >= kGetAddress.size() &&
                                std::equal(kGetAddress.begin(), kGetAddress.end(), words.begin());
  if (!asks_for_address) {
    Response response(kUnsupported, 8);
    response.put32(4, manufacturer);
    return response;
  }
  Response response(kCompleted, 24);
  response.put32(4, manufacturer);
  response.put(8, kGetAddress);
  response.put(16, config_.address->octets());
  return response;
}

}  // namespace sluice
