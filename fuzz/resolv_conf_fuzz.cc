// Any text as a resolv.conf.

#include <cstdint>
#include <cstdlib>

#include "services/dns/resolv_conf.h"
#include "stack/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::ResolvConf;
  const ResolvConf result = sluice::parse_resolv_conf(sluice::as_text({data, size}));
  if (result.name_servers.size() > ResolvConf::kMaxNameServers) std::abort();
  if (result.search.size() > ResolvConf::kMaxSearch) std::abort();
  for (const auto& server : result.name_servers) {
    if (server.address.is_unspecified() || server.port != 53) std::abort();
  }
  return 0;
}
