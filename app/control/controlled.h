// What a running network lets others ask and change, as values: the one thing that a control knows
// of it.

#ifndef SLUICE_APP_CONTROL_CONTROLLED_H_
#define SLUICE_APP_CONTROL_CONTROLLED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/refused.h"
#include "app/network_report.h"
#include "app/options/netdev.h"
#include "devices/link/switch_link.h"

namespace sluice {

struct NetdevInfo {
  std::string id;
  std::string type;  // "stream"
  std::string text;  // as it was asked for
  std::optional<std::uint32_t> hub;
  // nullopt: no link, as a hub port is none.
  std::optional<SwitchLink::PortInfo> port;
};

// Changes throw Refused, or std::system_error that says what was tried.
class Controlled {
 public:
  virtual ~Controlled() = default;

  virtual std::vector<NetdevInfo> netdevs() const = 0;
  virtual void add_netdev(const Netdev& netdev) = 0;
  virtual void remove_netdev(std::string_view id) = 0;
  virtual void set_link(std::string_view id, bool up) = 0;

  // The user network; nullopt and Refused if there is none.
  virtual std::optional<std::string> user_network_id() const = 0;
  virtual NetworkReport report() const = 0;
  // Returns the port of the host, which the system chose if 0 was asked for.
  virtual std::uint16_t add_host_forward(const HostForward& forward) = 0;
  virtual void remove_host_forward(const ListenAddress& listen) = 0;

  virtual void quit() = 0;
};

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_CONTROLLED_H_
