// DNS messages for tests and fuzz targets.

#ifndef SLUICE_SERVICES_DNS_TEST_MESSAGES_H_
#define SLUICE_SERVICES_DNS_TEST_MESSAGES_H_

#include <optional>
#include <string_view>

#include "services/dns/message.h"
#include "tests/sim/octets.h"

namespace sluice {

inline Octets octets_of(std::string_view text) {
  return {text.begin(), text.end()};
}

// A query for `name`, of type A unless told otherwise.
Octets make_query(std::uint16_t id, std::string_view name, DnsType type = DnsType::kA,
                  std::optional<DnsOpt> opt = std::nullopt);
// A reply to it as a name server sends it: `padding` bytes in a record behind the question.
Octets make_reply(Bytes query, DnsRcode rcode = DnsRcode::kNoError, std::size_t padding = 4);
// A message behind its length, as streams carry it.
Octets framed(Bytes message);

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_TEST_MESSAGES_H_
