// A network card that another process plugs into a machine, in QEMU's words:
// "-device MODEL,netdev=NAME,vfio-user=PATH".
//
// The card is a link like any other: it meets the netdev that it names wherever that one is. If
// that is a hub port, the card joins the hub; and so it does if a hub port names the card.

#ifndef SLUICE_APP_OPTIONS_DEVICE_H_
#define SLUICE_APP_OPTIONS_DEVICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/key_table.h"
#include "stack/address.h"

namespace sluice {

enum class CardModel : std::uint8_t { kE1000, kRtl8139, kI82559c, kVirtioNet };

// How the machine reaches the card.
enum class CardSocket : std::uint8_t {
  kVfioUser,   // registers, memory and interrupts of a PCI function
  kVhostUser,  // the virtqueues only; the machine has the rest of a virtio device itself
};

struct CardOptions {
  CardModel model = CardModel::kE1000;
  std::string id;
  std::string netdev;
  std::optional<MacAddress> mac;  // nullopt: the next free one from 52:54:00:12:34:56 on
  CardSocket socket = CardSocket::kVfioUser;
  std::uint16_t queues = 1;  // pairs of them that a machine may have, of virtio-net
  static constexpr std::uint16_t kMaxQueues = 8;
  std::string path;  // where a machine connects to
  bool plus = true;  // of kRtl8139: it has the C+ mode
};

// Reads "MODEL,key=value,…". Throws UsageError.
CardOptions parse_device(std::string_view text);

// For a manual: the models, the keys that there are, and those of one model. Throws UsageError if
// there is no such model.
std::vector<OptionHelp> device_models();
std::vector<OptionHelp> device_help();
std::vector<OptionHelp> device_help(std::string_view model);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_DEVICE_H_
