#include "devices/nic/i82559c/addresses.h"

#include "devices/nic/ethernet_crc.h"

namespace sluice::i82559c {
namespace {

// Bits 7 to 2 of the remainder.
std::uint64_t hash_bit(Bytes address) {
  EthernetCrc crc;
  crc.add(address);
  return std::uint64_t{1} << (crc.remainder() >> 2 & 0x3f);
}

}  // namespace

void Addresses::set_multicast(Bytes list) {
  hash_table_ = 0;
  for (; list.size() >= MacAddress::kSize; list = list.subspan(MacAddress::kSize)) {
    hash_table_ |= hash_bit(list.first(MacAddress::kSize));
  }
}

AddressMatch Addresses::match(const MacAddress& destination,
                              const Configuration& configuration) const {
  if (is_individual(destination, configuration)) return AddressMatch::kIndividual;
  if (passes(destination, configuration)) return AddressMatch::kOther;
  return configuration.promiscuous() ? AddressMatch::kPromiscuous : AddressMatch::kNone;
}

bool Addresses::is_individual(const MacAddress& destination,
                              const Configuration& configuration) const {
  if (!configuration.ignore_universal_local()) return destination == individual_;
  constexpr std::uint8_t kUniversalLocal = 2;
  auto octets = destination.octets();
  octets[0] = static_cast<std::uint8_t>((octets[0] & ~kUniversalLocal) |
                                        (individual_.octets()[0] & kUniversalLocal));
  return MacAddress(octets) == individual_;
}

bool Addresses::passes(const MacAddress& destination, const Configuration& configuration) const {
  if (destination == MacAddress::broadcast()) return !configuration.broadcast_disable();
  const bool hashed = (hash_table_ & hash_bit(destination.octets())) != 0;
  if (destination.is_group()) return configuration.multicast_all() || hashed;
  return configuration.multiple_individual() && hashed;
}

}  // namespace sluice::i82559c
