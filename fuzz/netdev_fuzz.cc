// The command line's network syntax: any text is either a network that can be used or a usage
// error.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/options/key_values.h"
#include "app/options/usage_error.h"
#include "app/options/user_network.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto items = sluice::parse_key_values(text, "type");
  const auto again = sluice::parse_key_values(sluice::emit_key_values(items), "");
  require(again.size() == items.size());
  try {
    const sluice::UserNetworkOptions options = sluice::parse_user_network(text);
    const sluice::Network& network = options.network;
    require(network.v4.subnet.contains(network.v4.host) &&
            network.v4.subnet.contains(network.v4.dns));
    require(network.v4.subnet.contains(network.dhcp_start) && network.v4.host != network.v4.dns);
    require(network.mtu >= sluice::Network::kMinMtu && network.mtu <= sluice::Network::kMaxMtu);
    require(options.boot_file.size() < 128);
    for (const sluice::GuestForward& forward : options.guest_forwards) {
      require(network.v4.subnet.contains(forward.server.address) && forward.server.port != 0);
    }
  } catch (const sluice::UsageError&) {
  }
  return 0;
}
