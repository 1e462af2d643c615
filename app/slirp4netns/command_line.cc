#include "app/slirp4netns/command_line.h"

#include <getopt.h>

#include <array>
#include <charconv>
#include <limits>
#include <string_view>

#include "app/options/usage_error.h"
#include "app/slirp4netns/manual.h"

namespace sluice {
namespace {

using Target = Slirp4netnsInvocation::Target;

// What getopt_long() returns for options without a letter.
enum LongOption : int {
  kCidr = 256,
  kDisableHostLoopback,
  kNoHostLoopback,
  kNetnsType,
  kUsernsPath,
  kEnableSandbox,
  kCreateSandbox,
  kEnableSeccomp,
  kOutboundAddr,
  kOutboundAddr6,
  kDisableDns,
  kMacAddress,
  kTargetType,
};

constexpr const char* kLetters = ":ce:r:m:6a:hv";

constexpr std::array kOptions = {
    option{"configure", no_argument, nullptr, 'c'},
    option{"exit-fd", required_argument, nullptr, 'e'},
    option{"ready-fd", required_argument, nullptr, 'r'},
    option{"mtu", required_argument, nullptr, 'm'},
    option{"enable-ipv6", no_argument, nullptr, '6'},
    option{"api-socket", required_argument, nullptr, 'a'},
    option{"cidr", required_argument, nullptr, kCidr},
    option{"disable-host-loopback", no_argument, nullptr, kDisableHostLoopback},
    option{"no-host-loopback", no_argument, nullptr, kNoHostLoopback},
    option{"netns-type", required_argument, nullptr, kNetnsType},
    option{"userns-path", required_argument, nullptr, kUsernsPath},
    option{"enable-sandbox", no_argument, nullptr, kEnableSandbox},
    option{"create-sandbox", no_argument, nullptr, kCreateSandbox},
    option{"enable-seccomp", no_argument, nullptr, kEnableSeccomp},
    option{"outbound-addr", required_argument, nullptr, kOutboundAddr},
    option{"outbound-addr6", required_argument, nullptr, kOutboundAddr6},
    option{"disable-dns", no_argument, nullptr, kDisableDns},
    option{"macaddress", required_argument, nullptr, kMacAddress},
    option{"target-type", required_argument, nullptr, kTargetType},
    option{"help", no_argument, nullptr, 'h'},
    option{"version", no_argument, nullptr, 'v'},
    option{},
};

// The whole of `text` as a decimal number from `least` to `most`.
std::optional<int> parse_number(std::string_view text, int least, int most) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number < least || number > most) return std::nullopt;
  return number;
}

int parse_descriptor(const std::string& name, const std::string& text) {
  const auto number = parse_number(text, 0, std::numeric_limits<int>::max());
  if (!number) throw UsageError(name + " must be a non-negative integer, not '" + text + "'");
  return *number;
}

std::uint16_t parse_mtu(const std::string& text) {
  constexpr int kLeast = 68;  // of an IPv4 link (RFC 791)
  constexpr int kMost = 65521;
  const auto mtu = parse_number(text, 1, kMost);
  if (!mtu) throw UsageError("MTU must be a positive integer (< 65522), not '" + text + "'");
  if (*mtu < kLeast) throw UsageError("MTU must be at least 68, which every IPv4 link carries");
  return static_cast<std::uint16_t>(*mtu);
}

Subnet parse_network(const std::string& text) {
  constexpr int kLongest = 25;  // so that .100 is in it
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(std::string_view(text).substr(0, slash));
  const auto length = slash == std::string::npos
                          ? std::nullopt
                          : parse_number(std::string_view(text).substr(slash + 1), 0, 999);
  if (!address || !address->is_v4() || !length) {
    throw UsageError("invalid CIDR: '" + text + "'; expected for example 10.0.2.0/24");
  }
  if (*length < 1 || *length > kLongest) throw UsageError("prefix length needs to be 1-25");
  const Subnet network(*address, static_cast<unsigned>(*length));
  if (network.base() != *address) {
    throw UsageError("CIDR needs to be a network address like " + network.to_string() +
                     ", not like " + text);
  }
  const std::uint32_t first = address->v4_bits() >> 24;
  if (first == 0 || first == 127 || first >= 224) {
    throw UsageError("CIDR " + text + " has addresses that no guest can use");
  }
  return network;
}

MacAddress parse_mac(const std::string& text) {
  const auto mac = MacAddress::parse(text);
  if (!mac) {
    throw UsageError("'" + text +
                     "' is an invalid MAC address; expected 6 hexadecimal bytes, each separated by "
                     "a ':'");
  }
  if (!mac->is_station()) {
    throw UsageError("macaddress " + text + " is no interface's: it is a group's, or zero");
  }
  return *mac;
}

// What was given, before options are checked against each other.
struct Draft {
  Slirp4netnsInvocation invocation;
  std::optional<Target> netns_type;
  bool bess = false;

  void take_netns_type(std::string_view text) {
    if (text == "pid") {
      netns_type = Target::kProcess;
    } else if (text == "path") {
      netns_type = Target::kPath;
    } else if (text == "tapfd") {
      netns_type = Target::kTapDescriptor;
    } else {
      throw UsageError("--netns-type must be 'path', 'pid' or 'tapfd'");
    }
  }

  void take_target_type(std::string_view text) {
    if (text != "netns" && text != "bess") {
      throw UsageError("--target-type must be either 'netns' or 'bess'");
    }
    bess = text == "bess";
  }

  void warn_of_old_name(const std::string& old_name, const std::string& name) {
    invocation.warnings.push_back(old_name + " is deprecated; use " + name + " instead");
  }

  // Takes what getopt_long() has found. Returns the text to print, if that was asked for.
  std::optional<TextInvocation> take(int found, const std::string& value);
  void take_words(const std::vector<std::string>& words);
  void check() const;
};

std::optional<TextInvocation> Draft::take(int found, const std::string& value) {
  switch (found) {
    case 'h':
      return TextInvocation{slirp4netns_help()};
    case 'v':
      return TextInvocation{slirp4netns_version()};
    case 'c':
      invocation.configure = true;
      break;
    case 'e':
      invocation.exit_descriptor = parse_descriptor("exit-fd", value);
      break;
    case 'r':
      invocation.ready_descriptor = parse_descriptor("ready-fd", value);
      break;
    case 'm':
      invocation.mtu = parse_mtu(value);
      break;
    case '6':
      invocation.ipv6 = true;
      break;
    case 'a':
      invocation.api_socket = value;
      break;
    case kCidr:
      invocation.network = parse_network(value);
      break;
    case kNoHostLoopback:
      warn_of_old_name("--no-host-loopback", "--disable-host-loopback");
      [[fallthrough]];
    case kDisableHostLoopback:
      invocation.host_loopback = false;
      break;
    case kNetnsType:
      take_netns_type(value);
      break;
    case kUsernsPath:
      invocation.user_namespace = value;
      break;
    case kCreateSandbox:
      warn_of_old_name("--create-sandbox", "--enable-sandbox");
      [[fallthrough]];
    case kEnableSandbox:
      invocation.sandbox = true;
      break;
    case kEnableSeccomp:
      invocation.seccomp = true;
      break;
    case kOutboundAddr:
      invocation.outbound = value;
      break;
    case kOutboundAddr6:
      invocation.outbound6 = value;
      break;
    case kDisableDns:
      invocation.dns = false;
      break;
    case kMacAddress:
      invocation.mac = parse_mac(value);
      break;
    default:
      take_target_type(value);
  }
  return std::nullopt;
}

void Draft::take_words(const std::vector<std::string>& words) {
  if (words.empty()) {
    throw UsageError(bess ? "the path of the socket is missing"
                          : "the namespace is missing; expected slirp4netns [OPTION]... "
                            "PID|PATH|FD [TAPNAME]");
  }
  invocation.target = words[0];
  if (bess && words.size() > 1) throw UsageError("too many arguments");
  if (words.size() > 1) invocation.tap_name = words[1];
  if (words.size() > 2) invocation.warnings.emplace_back("too many arguments");
  invocation.target_kind = bess ? Target::kBess : netns_type.value_or(Target::kProcess);
}

void Draft::check() const {
  const Slirp4netnsInvocation& given = invocation;
  if (bess) {
    const auto conflict = [](bool is_given, const std::string& name) {
      if (is_given) throw UsageError(name + " conflicts with --target-type=bess");
    };
    conflict(given.configure, "--configure");
    conflict(netns_type.has_value(), "--netns-type");
    conflict(!given.user_namespace.empty(), "--userns-path");
  }
  constexpr int kMost = std::numeric_limits<int>::max();
  if (given.target_kind == Target::kTapDescriptor) {
    if (given.configure) throw UsageError("--configure conflicts with --netns-type=tapfd");
    if (!parse_number(given.target, 0, kMost)) {
      throw UsageError("tap file descriptor must be a non-negative integer, not '" + given.target +
                       "'");
    }
  }
  if (given.target_kind == Target::kProcess && !parse_number(given.target, 1, kMost)) {
    throw UsageError("PID must be a positive integer, not '" + given.target +
                     "'; a path needs --netns-type=path");
  }
  if (given.mac && !given.configure) throw UsageError("--macaddress needs --configure");
  constexpr std::size_t kMaxName = 15;
  if (given.tap_name.empty() || given.tap_name.size() > kMaxName) {
    throw UsageError("'" + given.tap_name +
                     "' is no interface's name; expected 1 to 15 characters");
  }
}

// The one that getopt_long() has just looked at.
std::string word_before(const std::vector<char*>& words) {
  return words.at(static_cast<std::size_t>(::optind) - 1);
}

}  // namespace

std::variant<TextInvocation, Slirp4netnsInvocation> parse_slirp4netns(
    const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"slirp4netns"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> vector;
  vector.reserve(words.size() + 1);
  for (std::string& word : words) vector.push_back(word.data());
  vector.push_back(nullptr);
  const int count = static_cast<int>(words.size());

  Draft draft;
  ::optind = 0;  // begins anew
  ::opterr = 0;  // messages are ours
  for (;;) {
    const int found = ::getopt_long(count, vector.data(), kLetters, kOptions.data(), nullptr);
    if (found < 0) break;
    if (found == ':') throw UsageError(word_before(vector) + " requires an argument");
    if (found == '?') {
      const bool is_letter = ::optopt > 0 && ::optopt < kCidr;
      throw UsageError(
          "unrecognized option '" +
          (is_letter ? std::string{'-', static_cast<char>(::optopt)} : word_before(vector)) + "'");
    }
    const auto text = draft.take(found, ::optarg != nullptr ? ::optarg : "");
    if (text) return *text;
  }
  draft.take_words({vector.begin() + ::optind, vector.end() - 1});
  draft.check();
  return draft.invocation;
}

}  // namespace sluice
