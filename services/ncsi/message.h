// NC-SI control packets (DMTF DSP0222, section 8): what a management controller and a network
// controller say to each other over Ethernet frames of type 0x88F8.

#ifndef SLUICE_SERVICES_NCSI_MESSAGE_H_
#define SLUICE_SERVICES_NCSI_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/bytes.h"

namespace sluice {

constexpr std::uint16_t kNcsiEtherType = 0x88f8;

// A control packet without its Ethernet header. The payload of a view is the packet's.
struct NcsiMessage {
  std::uint8_t controller = 0;  // the management controller's number
  std::uint8_t instance = 0;    // tells a command repeated from a new one
  std::uint8_t type = 0;        // of a response with kResponse
  std::uint8_t channel = 0;     // three bits of package, five of channel
  Bytes payload;

  std::uint8_t package() const { return channel >> 5; }
  std::uint8_t internal_channel() const { return channel & kWholePackage; }

  // nullopt if a length reaches past the packet, the revision is another or a checksum is wrong.
  static std::optional<NcsiMessage> parse(Bytes packet);
  // Writes header, payload, padding and checksum.
  std::vector<std::uint8_t> emit() const;

  static constexpr std::uint8_t kResponse = 0x80;
  static constexpr std::uint8_t kWholePackage = 0x1f;  // in place of a channel
  static constexpr std::size_t kHeaderSize = 16;
  static constexpr std::size_t kChecksumSize = 4;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_NCSI_MESSAGE_H_
