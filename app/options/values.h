// Values that several options have. Each function throws UsageError with what was expected; who
// calls adds which option it was.

#ifndef SLUICE_APP_OPTIONS_VALUES_H_
#define SLUICE_APP_OPTIONS_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stack/address.h"

namespace sluice {

// on, yes, y, true; off, no, n, false.
bool parse_switch(std::string_view value);
// A decimal number up to `max`; nullopt for anything else.
std::optional<std::uint32_t> parse_number(std::string_view value, std::uint32_t max);
// The same, or hexadecimal behind "0x".
std::optional<std::uint64_t> parse_code(std::string_view value, std::uint64_t max);
std::uint16_t parse_port(std::string_view value);
// 1 to `max` printable characters.
std::string parse_text(std::string_view value, std::size_t max);
// A path of the file system.
std::string parse_path(std::string_view value, std::string_view expected);
IpAddress parse_v4(std::string_view value);
IpAddress parse_v6(std::string_view value);
// An address, or a name that the system knows: "localhost".
IpAddress parse_host(std::string_view value);
// The number of a descriptor that is open.
int parse_descriptor(std::string_view value);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_VALUES_H_
