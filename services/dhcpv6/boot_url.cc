#include "services/dhcpv6/boot_url.h"

namespace sluice {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kSchemeMarks = "+-.";
// What may stand in a path as it is (RFC 3986, section 3.3), but for ";": there a mode would begin.
constexpr std::string_view kPathMarks = "-._~!$&'()*+,=:@/";
constexpr std::string_view kAfterScheme = "://";

bool has(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

// What follows "scheme://"; nullopt if `text` does not start so.
std::optional<std::string_view> behind_scheme(std::string_view text) {
  const std::size_t end = text.find(kAfterScheme);
  if (end == std::string_view::npos || end == 0 || !has(kLetters, text[0])) return std::nullopt;
  for (const char c : text.substr(0, end)) {
    if (!has(kLetters, c) && !has(kDigits, c) && !has(kSchemeMarks, c)) return std::nullopt;
  }
  return text.substr(end + kAfterScheme.size());
}

std::string host_of(const IpAddress& address) {
  return address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
}

std::string encoded_path(std::string_view path) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    if (has(kLetters, c) || has(kDigits, c) || has(kPathMarks, c)) {
      text += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    text += '%';
    text += kHex[octet >> 4];
    text += kHex[octet & 15];
  }
  return text;
}

}  // namespace

std::string boot_url_of(const std::string& boot_file, const std::string& tftp_server_name,
                        const IpAddress& tftp_server) {
  if (boot_file.empty() || behind_scheme(boot_file)) return boot_file;
  std::string host = tftp_server_name;
  if (host.empty()) {
    host = host_of(tftp_server);
  } else if (const auto address = IpAddress::parse(host)) {
    host = host_of(*address);
  }
  std::string_view path = boot_file;
  if (path.front() == '/') path.remove_prefix(1);
  return "tftp://" + host + "/" + encoded_path(path);
}

std::optional<IpAddress> address_in_url(std::string_view url) {
  const auto rest = behind_scheme(url);
  if (!rest) return std::nullopt;
  const std::string_view authority = rest->substr(0, rest->find_first_of("/?#"));
  if (authority.empty() || has(authority, '@')) return std::nullopt;
  if (authority.front() != '[') return IpAddress::parse(authority.substr(0, authority.find(':')));
  const std::size_t end = authority.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view port = authority.substr(end + 1);
  if (!port.empty() && port.front() != ':') return std::nullopt;
  return IpAddress::parse(authority.substr(1, end - 1));
}

}  // namespace sluice
