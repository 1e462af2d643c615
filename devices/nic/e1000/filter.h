// Which frames from the network the 82540EM lets through (sections 3.2.1 and 9.3).
//
// A destination passes that is one of 16 addresses, or a broadcast address, or whose hash has its
// bit in a table; and everything of a kind if it is promiscuous for that. The hash of an address
// are twelve of its last bits, which ones software chooses. A tagged frame passes if its VLAN has
// its bit in a table of its own.

#ifndef SLUICE_DEVICES_NIC_E1000_FILTER_H_
#define SLUICE_DEVICES_NIC_E1000_FILTER_H_

#include <optional>

#include "devices/nic/e1000/register_file.h"
#include "stack/bytes.h"

namespace sluice::e1000 {

inline constexpr std::size_t kTagSize = 4;

enum class Match : std::uint8_t { kNone, kExact, kInexact };

// `frame` has an Ethernet header.
Match match_address(const RegisterFile& registers, Bytes frame);

// The tag control information of a frame whose type is VET's; nullopt: it is not tagged.
std::optional<std::uint16_t> tag_of(const RegisterFile& registers, Bytes frame);
bool passes_vlan(const RegisterFile& registers, std::uint16_t tag);

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_FILTER_H_
