#include "app/options/forward.h"

#include <array>
#include <string>

#include "app/options/nearest.h"
#include "app/options/usage_error.h"
#include "app/options/values.h"
#include "nat/host/command_line.h"

namespace sluice {
namespace {

constexpr std::string_view kHostSyntax =
    "expected [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT or unix:PATH-[GUESTADDR]:PORT, "
    "for example tcp:127.0.0.1:2222-:22; an IPv6 address stands in brackets";
constexpr std::string_view kGuestSyntax =
    "expected [tcp]:[SERVER]:PORT-TARGET with TARGET one of cmd:COMMAND, tcp:ADDRESS:PORT, "
    "unix:PATH, for example tcp:10.0.2.100:7-cmd:cat";
constexpr std::size_t kMaxUnixPath = 107;  // sun_path, with its terminating zero

constexpr std::array<std::string_view, 3> kHostProtocols = {"tcp", "udp", "unix"};
constexpr std::array<std::string_view, 1> kGuestProtocols = {"tcp"};
constexpr std::array<std::string_view, 3> kTargets = {"cmd", "tcp", "unix"};

[[noreturn]] void fail(const std::string& problem) {
  throw UsageError(problem);
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

// Takes what stands before the first `separator`, and the separator, off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator, std::string_view syntax) {
  const std::size_t end = rest.find(separator);
  if (end == std::string_view::npos) {
    fail(std::string("no '") + separator + "' in " + quoted(rest) + "; " + std::string(syntax));
  }
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return taken;
}

// The same for an address, which may stand in brackets: those keep their colons.
std::string_view take_address(std::string_view& rest, std::string_view syntax) {
  if (rest.empty() || rest.front() != '[') return take_until(rest, ':', syntax);
  const std::size_t end = rest.find(']');
  if (end == std::string_view::npos || rest.substr(end + 1, 1) != ":") {
    fail("no ']:' ends the address in " + quoted(rest) + "; " + std::string(syntax));
  }
  if (end == 1) fail("no address in '[]'; " + std::string(syntax));
  const std::string_view taken = rest.substr(1, end - 1);
  rest.remove_prefix(end + 2);
  return taken;
}

IpAddress address_of(std::string_view text, std::string_view what) {
  if (const auto address = IpAddress::parse(text)) return *address;
  fail(std::string(what) + " " + quoted(text) + " is not an IP address");
}

// One that a socket can have, or connect to.
IpAddress host_address_of(std::string_view text, std::string_view what) {
  const IpAddress address = address_of(text, what);
  constexpr std::uint32_t kFirstOfClassE = 240U << 24;
  if (address.is_multicast() || (address.is_v4() && address.v4_bits() >= kFirstOfClassE)) {
    fail(std::string(what) + " " + quoted(text) + " is not the address of a single host");
  }
  return address;
}

std::uint16_t port_of(std::string_view text, std::string_view what, std::uint16_t lowest) {
  const auto port = parse_number(text, 65535);
  if (!port || *port < lowest) {
    fail(std::string(what) + " " + quoted(text) + " is not a port; expected " +
         std::to_string(lowest) + " to 65535");
  }
  return static_cast<std::uint16_t>(*port);
}

UnixPath unix_path_of(std::string_view text) {
  if (text.empty() || text.size() > kMaxUnixPath) {
    fail("the path of a unix socket has 1 to " + std::to_string(kMaxUnixPath) +
         " characters, not " + std::to_string(text.size()));
  }
  return UnixPath{std::string(text)};
}

Endpoint guest_of(std::string_view text) {
  Endpoint guest;
  const std::string_view address = take_address(text, kHostSyntax);
  if (!address.empty()) guest.address = address_of(address, "the guest's address");
  guest.port = port_of(text, "the guest's port", 1);
  return guest;
}

StreamTarget target_of(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view kind = text.substr(0, colon);
  std::string_view rest = text.substr(std::min(colon + 1, text.size()));
  if (kind == "cmd") {
    if (!names_command(rest)) {
      fail("no command after 'cmd:', or a quote or backslash in it that nothing follows; " +
           std::string(kGuestSyntax));
    }
    return Command{std::string(rest)};
  }
  if (kind == "unix") return unix_path_of(rest);
  if (kind == "tcp") {
    const std::string_view host = take_address(rest, kGuestSyntax);
    Endpoint target;
    target.address = host == "localhost" ? IpAddress::v4(127, 0, 0, 1)
                                         : host_address_of(host, "the target's host");
    target.port = port_of(rest, "the target's port", 1);
    return target;
  }
  fail("no target " + quoted(kind) + suggestion(kind, kTargets));
}

}  // namespace

HostForward parse_host_forward(std::string_view text) {
  HostForward forward;
  const std::string_view protocol = take_until(text, ':', kHostSyntax);
  if (protocol == "unix") {
    // The path may hold '-' itself, so the last one ends it.
    const std::size_t dash = text.rfind('-');
    if (dash == std::string_view::npos) {
      fail("no '-' in " + quoted(text) + "; " + std::string(kHostSyntax));
    }
    forward.listen.local = unix_path_of(text.substr(0, dash));
    forward.guest = guest_of(text.substr(dash + 1));
    return forward;
  }
  if (protocol == "udp") {
    forward.listen.protocol = ListenAddress::Protocol::kUdp;
  } else if (!protocol.empty() && protocol != "tcp") {
    fail("no protocol " + quoted(protocol) + suggestion(protocol, kHostProtocols));
  }
  Endpoint local{.address = IpAddress::v4(0), .port = 0};
  const std::string_view address = take_address(text, kHostSyntax);
  if (!address.empty()) local.address = host_address_of(address, "the host's address");
  local.port = port_of(take_until(text, '-', kHostSyntax), "the host's port", 0);
  forward.listen.local = local;
  forward.guest = guest_of(text);
  return forward;
}

GuestForward parse_guest_forward(std::string_view text) {
  GuestForward forward;
  const std::string_view protocol = take_until(text, ':', kGuestSyntax);
  if (!protocol.empty() && protocol != "tcp") {
    fail("no protocol " + quoted(protocol) + suggestion(protocol, kGuestProtocols));
  }
  const std::string_view server = take_address(text, kGuestSyntax);
  if (!server.empty()) forward.server.address = address_of(server, "the server's address");
  forward.server.port = port_of(take_until(text, '-', kGuestSyntax), "the server's port", 1);
  forward.target = target_of(text);
  return forward;
}

ListenAddress parse_listen_address(std::string_view text) {
  // A path may hold what looks like the end of it, but hardly a guest's port.
  try {
    return parse_host_forward(text).listen;
  } catch (const UsageError&) {
    return parse_host_forward(std::string(text) + "-:1").listen;
  }
}

std::string emit_host_forward(const HostForward& forward) {
  const auto brackets = [](const Endpoint& endpoint) {
    const std::string address = endpoint.address.to_string();
    const bool is_long = address.find(':') != std::string::npos;
    return (is_long ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port);
  };
  const bool udp = forward.listen.protocol == ListenAddress::Protocol::kUdp;
  const auto* const path = std::get_if<UnixPath>(&forward.listen.local);
  const std::string from = path != nullptr ? "unix:" + path->path
                                           : (udp ? "udp:" : "tcp:") +
                                                 brackets(std::get<Endpoint>(forward.listen.local));
  const bool any_guest = forward.guest.address.is_unspecified();
  return from + "-" +
         (any_guest ? ":" + std::to_string(forward.guest.port) : brackets(forward.guest));
}

}  // namespace sluice
