// The two kinds of forwards, in QEMU's syntax.
//
//   hostfwd=[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT
//   hostfwd=unix:PATH-[GUESTADDR]:GUESTPORT
//   guestfwd=[tcp]:[SERVER]:PORT-TARGET   with TARGET one of cmd:COMMAND, tcp:ADDRESS:PORT,
//   unix:PATH
//
// What is left out has QEMU's meaning: tcp, every address of the host, the first lease, the SMB
// address. An IPv6 address of the host stands in brackets.

#ifndef SLUICE_APP_OPTIONS_FORWARD_H_
#define SLUICE_APP_OPTIONS_FORWARD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nat/config.h"

namespace sluice {

// Both throw UsageError that begins with what is wrong, without the option's name. Addresses that
// are left out are unspecified in the result; whether those given lie in the network is for the
// caller to check.
HostForward parse_host_forward(std::string_view text);
GuestForward parse_guest_forward(std::string_view text);

// Where a rule of hostfwd= listens; what it leads to may be left out with the '-' in front of it.
// Throws as they do.
ListenAddress parse_listen_address(std::string_view text);
// A rule that parse_host_forward() reads as this one.
std::string emit_host_forward(const HostForward& forward);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_FORWARD_H_
