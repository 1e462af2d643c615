// A network controller as a board's management controller configures it (DMTF DSP0222, section
// 8.4): one package with one channel, whose link is always up.
//
// What is set is remembered and told again; it changes nothing about traffic, which reaches the
// guest's one interface in any case. Commands to other packages get no answer, as there are none.

#ifndef SLUICE_SERVICES_NCSI_CONTROLLER_H_
#define SLUICE_SERVICES_NCSI_CONTROLLER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "services/ncsi/message.h"
#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

struct NcsiConfig {
  std::uint32_t manufacturer = 0;  // IANA's number of who made the controller
  // What the manufacturer's own command says is the management controller's MAC address.
  std::optional<MacAddress> address;
};

class NcsiController {
 public:
  explicit NcsiController(const NcsiConfig& config) : config_(config) {}

  // A frame of type kNcsiEtherType, with its Ethernet header. The frame that answers it, or none.
  std::optional<std::vector<std::uint8_t>> on_frame(Bytes frame);

 private:
  // What has been set, since the channel was reset last.
  struct Channel {
    bool is_enabled = false;
    bool sends = false;
    bool filters_broadcast = false;
    bool filters_multicast = false;
    bool filters_vlan = false;
    std::uint8_t vlan_mode = 0;
    std::uint8_t flow_control = 0;
    std::uint8_t mac_enabled = 0;
    std::uint16_t vlan = 0;
    std::uint32_t events = 0;
    std::uint32_t link = 0;
    std::uint32_t broadcast = 0;
    std::uint32_t multicast = 0;
    std::array<std::uint8_t, MacAddress::kSize> mac{};
  };
  class Response;

  Response answer(const NcsiMessage& command);
  Response set(const NcsiMessage& command);
  Response tell(const NcsiMessage& command) const;
  Response manufacturer_command(const NcsiMessage& command) const;

  const NcsiConfig config_;
  Channel channel_;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_NCSI_CONTROLLER_H_
