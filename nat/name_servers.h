// The port that tells which name servers the host uses now.

#ifndef SLUICE_NAT_NAME_SERVERS_H_
#define SLUICE_NAT_NAME_SERVERS_H_

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/time.h"

namespace sluice {

class NameServers {
 public:
  // In the order of preference; the span is valid until the next call. Cheap enough for every
  // query: the implementation looks at its source no more than once a second.
  virtual gsl::span<const Endpoint> current(Time now) = 0;

 protected:
  ~NameServers() = default;
};

}  // namespace sluice

#endif  // SLUICE_NAT_NAME_SERVERS_H_
