#include "app/options/values.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include "app/options/nearest.h"
#include "app/options/usage_error.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

[[noreturn]] void fail(const std::string& expected) {
  throw UsageError(expected);
}

}  // namespace

bool parse_switch(std::string_view value) {
  constexpr std::array<std::string_view, 4> kOn = {"on", "yes", "y", "true"};
  constexpr std::array<std::string_view, 4> kOff = {"off", "no", "n", "false"};
  if (std::ranges::find(kOn, value) != kOn.end()) return true;
  if (std::ranges::find(kOff, value) != kOff.end()) return false;
  constexpr std::array<std::string_view, 2> kWords = {"off", "on"};
  const auto meant = nearest(value, kWords);
  fail("expected on or off" + (meant ? "; did you mean '" + std::string(*meant) + "'?" : ""));
}

std::optional<std::uint32_t> parse_number(std::string_view value, std::uint32_t max) {
  std::uint32_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (value.empty() || error != std::errc{} || stop != end || number > max) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_code(std::string_view value, std::uint64_t max) {
  constexpr std::string_view kPrefix = "0x";
  const bool hexadecimal = value.starts_with(kPrefix);
  if (hexadecimal) value.remove_prefix(kPrefix.size());
  std::uint64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number, hexadecimal ? 16 : 10);
  if (value.empty() || error != std::errc{} || stop != end || number > max) return std::nullopt;
  return number;
}

std::uint16_t parse_port(std::string_view value) {
  const auto port = parse_number(value, 65535);
  if (!port || *port == 0) fail("expected a port, 1 to 65535");
  return static_cast<std::uint16_t>(*port);
}

std::string parse_text(std::string_view value, std::size_t max) {
  const bool printable =
      std::ranges::all_of(value, [](char c) { return static_cast<unsigned char>(c) >= ' '; });
  if (value.empty() || value.size() > max || !printable) {
    fail("expected 1 to " + std::to_string(max) + " printable characters");
  }
  return std::string(value);
}

std::string parse_path(std::string_view value, std::string_view expected) {
  if (value.empty() || value.find('\0') != std::string_view::npos) {
    fail("expected " + std::string(expected));
  }
  return std::string(value);
}

IpAddress parse_v4(std::string_view value) {
  const auto address = IpAddress::parse(value);
  if (!address || !address->is_v4()) fail("expected an IPv4 address");
  return *address;
}

IpAddress parse_v6(std::string_view value) {
  const auto address = IpAddress::parse(value);
  if (!address || address->is_v4()) fail("expected an IPv6 address");
  return *address;
}

IpAddress parse_host(std::string_view value) {
  if (const auto address = IpAddress::parse(value)) return *address;
  addrinfo* found = nullptr;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int error = ::getaddrinfo(std::string(value).c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* each = found; error == 0 && each != nullptr; each = each->ai_next) {
    SocketAddress address;
    if (each->ai_addrlen > SocketAddress::kCapacity) continue;
    std::memcpy(address.data(), each->ai_addr, each->ai_addrlen);
    if (const auto endpoint = address.endpoint()) return endpoint->address;
  }
  fail("expected an IP address, or a host's name that can be resolved");
}

int parse_descriptor(std::string_view value) {
  const auto number = parse_number(value, 1U << 20);
  if (!number || ::fcntl(static_cast<int>(*number), F_GETFD) < 0) {
    fail("expected the number of an open descriptor");
  }
  return static_cast<int>(*number);
}

}  // namespace sluice
