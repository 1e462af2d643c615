// Which frames are for the guest (Software Developer Manual, sections 6.4.2.2, 6.4.2.4 and
// 6.4.3.3): those to the individual address, to all, and to multicast addresses as a hash of 64
// bits tells, which lets some pass that nobody asked for.

#ifndef SLUICE_DEVICES_NIC_I82559C_ADDRESSES_H_
#define SLUICE_DEVICES_NIC_I82559C_ADDRESSES_H_

#include <cstdint>

#include "devices/nic/i82559c/configuration.h"
#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice::i82559c {

enum class AddressMatch : std::uint8_t {
  kNone,         // not for the guest
  kPromiscuous,  // not for the guest, who wants it nevertheless
  kIndividual,
  kOther,  // broadcast, multicast, one more individual address
};

class Addresses {
 public:
  explicit Addresses(const MacAddress& individual) : individual_(individual) {}

  const MacAddress& individual() const { return individual_; }
  void set_individual(const MacAddress& address) { individual_ = address; }

  // The multicast addresses are those in `list`, 6 bytes each, and no others.
  void set_multicast(Bytes list);
  std::uint64_t hash_table() const { return hash_table_; }

  AddressMatch match(const MacAddress& destination, const Configuration& configuration) const;

 private:
  bool passes(const MacAddress& destination, const Configuration& configuration) const;
  bool is_individual(const MacAddress& destination, const Configuration& configuration) const;

  MacAddress individual_;
  std::uint64_t hash_table_ = 0;
};

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_ADDRESSES_H_
