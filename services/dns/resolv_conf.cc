#include "services/dns/resolv_conf.h"

#include <algorithm>

#include "services/dns/message.h"

namespace sluice {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

// Takes the next word off the front of `line`; empty at its end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

bool begins_comment(std::string_view word) {
  return word.starts_with('#') || word.starts_with(';');
}

std::optional<IpAddress> parse_server(std::string_view word) {
  const auto address = IpAddress::parse(word.substr(0, word.find('%')));
  if (!address || address->is_multicast()) return std::nullopt;
  if (!address->is_unspecified()) return address;
  return address->is_v4() ? IpAddress::parse("127.0.0.1") : IpAddress::parse("::1");
}

void add_server(std::string_view word, std::vector<Endpoint>& servers) {
  const auto address = parse_server(word);
  if (!address || servers.size() >= ResolvConf::kMaxNameServers) return;
  const Endpoint server{*address, kDnsPort};
  if (std::find(servers.begin(), servers.end(), server) == servers.end()) {
    servers.push_back(server);
  }
}

void set_search(std::string_view line, std::size_t limit, std::vector<std::string>& search) {
  search.clear();
  for (auto word = take_word(line); !word.empty() && !begins_comment(word);
       word = take_word(line)) {
    if (word.ends_with('.')) word.remove_suffix(1);
    const auto name = DnsName::from_text(word);
    if (search.size() < limit && name && *name != DnsName()) search.emplace_back(word);
  }
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf result;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view keyword = take_word(line);
    if (keyword == "nameserver") {
      add_server(take_word(line), result.name_servers);
    } else if (keyword == "search") {
      set_search(line, ResolvConf::kMaxSearch, result.search);
    } else if (keyword == "domain") {
      set_search(line, 1, result.search);
    }
  }
  return result;
}

}  // namespace sluice
