// What a SlirpConfig asks for, checked.

#ifndef SLUICE_APP_LIBSLIRP_SETTINGS_H_
#define SLUICE_APP_LIBSLIRP_SETTINGS_H_

#include <cstdint>
#include <optional>

#include "app/options/user_network.h"
#include "sluice/libslirp.h"
#include "stack/address.h"

namespace sluice {

struct Settings {
  UserNetworkOptions network;
  // Addresses that connections leave from, looked at again for each use; may be null.
  const sockaddr_in* outbound = nullptr;
  const sockaddr_in6* outbound6 = nullptr;
  // NC-SI: who made the controller, and the MAC address that it is told to have.
  std::uint32_t manufacturer = 0;
  std::optional<MacAddress> controller;
};

// Reads what `config.version` says is there, and nothing else. Throws std::invalid_argument that
// names the field and what was expected.
Settings read_settings(const SlirpConfig& config);

// The addresses that connections are to leave from now.
struct Outbound {
  std::optional<IpAddress> v4;
  std::optional<IpAddress> v6;
};
Outbound outbound_now(const Settings& settings);

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_SETTINGS_H_
