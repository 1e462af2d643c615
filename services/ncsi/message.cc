#include "services/ncsi/message.h"

namespace sluice {
namespace {

constexpr std::uint8_t kRevision = 1;
constexpr std::uint16_t kLengthMask = 0x0fff;

std::size_t padded(std::size_t size) {
  constexpr std::size_t kWord = 4;
  return (size + kWord - 1) / kWord * kWord;
}

// Section 8.2.2.3: the two's complement of the sum of the words of 16 bits.
std::uint32_t checksum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 2 <= bytes.size(); i += 2) sum += load_big<std::uint16_t>(bytes, i);
  return ~sum + 1;
}

}  // namespace

std::optional<NcsiMessage> NcsiMessage::parse(Bytes packet) {
  if (packet.size() < kHeaderSize || packet[1] != kRevision) return std::nullopt;
  const std::size_t length = load_big<std::uint16_t>(packet, 6) & kLengthMask;
  const std::size_t end = kHeaderSize + padded(length);
  if (packet.size() < end + kChecksumSize) return std::nullopt;
  const std::uint32_t given = load_big<std::uint32_t>(packet, end);
  if (given != 0 && given != checksum(packet.first(end))) return std::nullopt;
  return NcsiMessage{.controller = packet[0],
                     .instance = packet[3],
                     .type = packet[4],
                     .channel = packet[5],
                     .payload = packet.subspan(kHeaderSize, length)};
}

std::vector<std::uint8_t> NcsiMessage::emit() const {
  const std::size_t end = kHeaderSize + padded(payload.size());
  std::vector<std::uint8_t> packet(end + kChecksumSize);
  packet[0] = controller;
  packet[1] = kRevision;
  packet[3] = instance;
  packet[4] = type;
  packet[5] = channel;
  store_big(MutableBytes(packet), 6, static_cast<std::uint16_t>(payload.size() & kLengthMask));
  copy_bytes(payload, MutableBytes(packet).subspan(kHeaderSize));
  store_big(MutableBytes(packet), end, checksum(Bytes(packet).first(end)));
  return packet;
}

}  // namespace sluice
