// The name servers and search list of a resolv.conf(5).
//
// The file is read as glibc reads it, and more forgivingly where that is harmless: blanks in front
// of a keyword, anything behind an address. A line that says nothing understood says nothing.

#ifndef SLUICE_SERVICES_DNS_RESOLV_CONF_H_
#define SLUICE_SERVICES_DNS_RESOLV_CONF_H_

#include <string>
#include <string_view>
#include <vector>

#include "stack/address.h"

namespace sluice {

struct ResolvConf {
  // In the file's order, each once, all with port 53. A scope id ("%eth0") is dropped. The
  // unspecified address means the host itself and becomes its loopback address.
  std::vector<Endpoint> name_servers;
  // Of the last "search" or "domain" line, without trailing dots; "." alone searches nowhere.
  std::vector<std::string> search;

  static constexpr std::size_t kMaxNameServers = 8;
  static constexpr std::size_t kMaxSearch = 32;
};

// Never fails: text without a name server gives none.
ResolvConf parse_resolv_conf(std::string_view text);

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_RESOLV_CONF_H_
