#include "app/cli/command_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/cli/manual.h"
#include "app/cli/option_help.h"
#include "app/cli/run_links.h"
#include "app/cli/version.h"
#include "app/options/impairment.h"
#include "app/options/key_values.h"
#include "app/options/nearest.h"
#include "app/options/netdev.h"
#include "app/options/usage_error.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 6> kCommands = {"exec", "attach", "run",
                                                       "ctl",  "replay", "help"};

using Words = std::vector<std::string>;

// What CLI11 fills in, before it is turned into values of our own.
struct Raw {
  std::string netdev = "user";
  Words netdevs;
  Words nics;
  Words objects;
  Words devices;
  std::string capture_file;
  std::string capture_filter;
  std::optional<std::string> impairment;
  std::optional<std::string> busy_poll;
  std::string seed;
  std::string log_level = "warning";
  bool quiet = false;
  bool verbose = false;
  bool help = false;
  std::string tap_name = "tap0";
  bool no_defaults = false;  // there are none
  bool map_root = false;
  bool dhcp = false;
  bool configure = false;
  std::string ready_descriptor;
  std::string target;
  std::string input;
  std::string output;
  std::string host = "accept";
  std::string guest;
  bool dont_verify = false;
  std::string control;
  std::string monitor;
  std::string socket;
  bool json = false;
  Words words;
};

const std::map<std::string, LogLevel>& log_levels() {
  static const std::map<std::string, LogLevel> levels = {{"info", LogLevel::kInfo},
                                                         {"warning", LogLevel::kWarning},
                                                         {"error", LogLevel::kError},
                                                         {"off", LogLevel::kOff}};
  return levels;
}

const std::map<std::string, ReplayInvocation::HostManner>& host_manners() {
  using Manner = ReplayInvocation::HostManner;
  static const std::map<std::string, Manner> manners = {
      {"accept", Manner::kAccept}, {"refuse", Manner::kRefuse}, {"silent", Manner::kSilent}};
  return manners;
}

// The parser of one command. `raw` outlives it.
std::unique_ptr<CLI::App> make_parser(std::string_view command, Raw& raw) {
  auto parser = std::make_unique<CLI::App>();
  parser->set_help_flag();
  parser->add_flag("-h,--help", raw.help);
  if (command == "ctl") {
    parser->add_option("--socket", raw.socket);
    parser->add_flag("--json", raw.json);
    parser->add_option("command", raw.words)->required();
    return parser;
  }
  if (command == "run") {
    parser->add_option("--netdev", raw.netdevs)->expected(1)->take_all();
    parser->add_option("--nic", raw.nics)->expected(1)->take_all();
    parser->add_option("--object", raw.objects)->expected(1)->take_all();
    parser->add_flag("--nodefaults", raw.no_defaults);
    parser->add_option("--device", raw.devices)->expected(1)->take_all();
  } else {
    parser->add_option("--netdev", raw.netdev);
  }
  parser->add_option("--seed", raw.seed);
  parser->add_option("--log-level", raw.log_level);
  parser->add_flag("-v,--verbose", raw.verbose);
  parser->add_flag("-q,--quiet", raw.quiet);
  if (command == "exec" || command == "attach" || command == "run") {
    parser->add_option("--pcap", raw.capture_file);
    parser->add_option("--pcap-filter", raw.capture_filter);
    parser->add_option("--impair", raw.impairment);
    parser->add_option("--busy-poll", raw.busy_poll);
  }
  if (command == "exec") {
    parser->add_option("--tap", raw.tap_name);
    parser->add_flag("--map-root", raw.map_root);
    parser->add_flag("--dhcp", raw.dhcp);
  } else if (command == "attach") {
    parser->add_option("target", raw.target)->required();
    parser->add_option("tapname", raw.tap_name);
    parser->add_flag("--configure", raw.configure);
    parser->add_option("--ready-fd", raw.ready_descriptor);
  } else if (command == "run") {
    parser->add_option("--ready-fd", raw.ready_descriptor);
    parser->add_option("--control", raw.control);
    parser->add_option("--qmp", raw.monitor);
  } else {
    parser->add_option("input", raw.input)->required();
    parser->add_option("-o,--output", raw.output);
    parser->add_option("--host", raw.host);
    parser->add_option("--guest-mac", raw.guest);
    parser->add_flag("--dont-verify-checksums", raw.dont_verify);
  }
  return parser;
}

// Every spelling of the parser's options with dashes.
Words spellings(const CLI::App& parser) {
  Words names;
  for (const CLI::Option* option : parser.get_options()) {
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

[[noreturn]] void fail_unknown(std::string_view command, const CLI::App& parser,
                               const std::string& word) {
  const Words names = spellings(parser);
  std::vector<std::string_view> candidates;
  for (const std::string& name : names) {
    if (name.starts_with("--")) candidates.push_back(name);
  }
  throw UsageError(std::string(command) + ": no option '" + word + "'" +
                   suggestion(word, candidates));
}

// How many of the words, from the first on, are options with their values. Throws for an option
// that there is not, for one with a value that is given twice, and for one without its value.
std::size_t count_options(std::string_view command, const CLI::App& parser, const Words& words,
                          std::set<std::string>& seen) {
  std::size_t i = 0;
  while (i < words.size() && words[i].size() > 1 && words[i].front() == '-' && words[i] != "--") {
    const std::string name = words[i].substr(0, words[i].find('='));
    const CLI::Option* const option = parser.get_option_no_throw(name);
    if (option == nullptr) fail_unknown(command, parser, name);
    const bool has_value = option->get_items_expected_max() > 0;
    const bool repeats = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    if (has_value && !repeats && !seen.insert(option->get_name()).second) {
      throw UsageError(std::string(command) + ": " + name + " is given twice; expected it once");
    }
    const bool value_follows = has_value && name.size() == words[i].size();
    const bool is_last = i + 1 == words.size();
    const bool is_empty =
        value_follows ? is_last || words[i + 1].empty() : name.size() + 1 == words[i].size();
    if (has_value && is_empty) {
      throw UsageError(std::string(command) + ": " + name + " has no value");
    }
    i += value_follows ? 2 : 1;
  }
  return i;
}

// Lets the parser fill in what it is bound to.
void parse(std::string_view command, CLI::App& parser, const Words& words) {
  // Words beyond the first options may be positional, but unknown options among them are found now.
  std::set<std::string> seen;
  for (std::size_t i = 0; i < words.size();) {
    const Words rest(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
    const std::size_t options = count_options(command, parser, rest, seen);
    i += options;
    if (i < words.size() && words[i] == "--") break;
    ++i;
  }
  Words reversed(words.rbegin(), words.rend());
  try {
    parser.parse(reversed);
  } catch (const CLI::RequiredError&) {
    std::string_view what = "capture; expected sluice replay [OPTION]... CAPTURE";
    if (command == "attach") {
      what = "namespace; expected sluice attach [OPTION]... PID|NETNS-PATH [TAPNAME]";
    } else if (command == "ctl") {
      what = "command; expected sluice ctl [OPTION]... COMMAND [KEY=VALUE]...";
    }
    throw UsageError(std::string(command) + ": there is no " + std::string(what));
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(command) + ": " + error.what());
  }
}

template <typename Value>
Value choose(std::string_view option, const std::string& word,
             const std::map<std::string, Value>& values) {
  const auto found = values.find(word);
  if (found != values.end()) return found->second;
  std::vector<std::string_view> names;
  names.reserve(values.size());
  for (const auto& [name, value] : values) names.push_back(name);
  throw UsageError(std::string(option) + ": no value '" + word + "'" + suggestion(word, names));
}

// A decimal number from 0 on.
std::optional<int> parse_number(std::string_view text) {
  int number = -1;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number < 0) return std::nullopt;
  return number;
}

Duration parse_busy_poll(const std::string& text) {
  constexpr int kMost = 10'000;
  const std::optional<int> number = parse_number(text);
  if (!number || *number > kMost) {
    throw UsageError("--busy-poll: '" + text + "': expected microseconds from 0 to 10000");
  }
  return std::chrono::microseconds(*number);
}

// What all commands have, but for the network.
NetworkInvocation common_of(const Raw& raw) {
  NetworkInvocation common;
  common.capture_file = raw.capture_file;
  common.capture_filter = raw.capture_filter;
  if (!raw.capture_filter.empty() && raw.capture_file.empty()) {
    throw UsageError("--pcap-filter: there is no --pcap that it could filter");
  }
  if (raw.impairment) common.impairment = parse_impairment(*raw.impairment);
  if (raw.busy_poll) common.busy_poll = parse_busy_poll(*raw.busy_poll);
  if (!raw.seed.empty()) {
    common.seed = parse_seed(raw.seed);
    if (!common.seed) {
      throw UsageError("--seed: '" + raw.seed + "': expected 1 to 32 hexadecimal digits");
    }
  }
  common.log_level = choose("--log-level", raw.log_level, log_levels());
  if (raw.verbose && raw.quiet) throw UsageError("--verbose and --quiet contradict each other");
  if (raw.verbose) common.log_level = LogLevel::kInfo;
  if (raw.quiet) common.log_level = LogLevel::kError;
  return common;
}

NetworkInvocation with_network(const Raw& raw) {
  NetworkInvocation common = common_of(raw);
  common.network = parse_user_network(raw.netdev);
  return common;
}

std::optional<int> ready_descriptor_of(const CLI::App& parser, const Raw& raw) {
  if (parser.count("--ready-fd") == 0) return std::nullopt;
  const std::optional<int> number = parse_number(raw.ready_descriptor);
  if (!number) {
    throw UsageError("--ready-fd: '" + raw.ready_descriptor +
                     "': expected the number of an open descriptor");
  }
  return number;
}

void check_tap_name(const std::string& name) {
  constexpr std::size_t kMaxName = 15;
  const bool valid = !name.empty() && name.size() <= kMaxName && name != "." && name != ".." &&
                     std::ranges::none_of(name, [](char c) {
                       return c == '/' || c == ':' || static_cast<unsigned char>(c) <= ' ';
                     });
  if (!valid) {
    throw UsageError("'" + name + "' is no interface's name; expected 1 to 15 characters without " +
                     "'/', ':' and blanks");
  }
}

Invocation exec_of(const Words& words) {
  Raw raw;
  const auto parser = make_parser("exec", raw);
  std::set<std::string> seen;
  const auto options = static_cast<std::ptrdiff_t>(count_options("exec", *parser, words, seen));
  auto command = words.begin() + options;
  parse("exec", *parser, Words(words.begin(), command));
  if (raw.help) return TextInvocation{manual("exec")};
  if (command != words.end() && *command == "--") ++command;
  if (command == words.end()) {
    throw UsageError("exec: there is no command; expected sluice exec [OPTION]... [--] COMMAND...");
  }
  if (command->empty()) throw UsageError("exec: the command is an empty word");
  ExecInvocation exec{.common = with_network(raw),
                      .tap_name = raw.tap_name,
                      .map_root = raw.map_root,
                      .dhcp = raw.dhcp,
                      .command = Words(command, words.end())};
  check_tap_name(exec.tap_name);
  if (exec.common.capture_file == "-") {
    throw UsageError("--pcap: standard output is the command's; expected a file");
  }
  return exec;
}

Invocation attach_of(const Words& words) {
  Raw raw;
  const auto parser = make_parser("attach", raw);
  if (std::ranges::find_first_of(words, std::array{"-h", "--help"}) != words.end()) {
    return TextInvocation{manual("attach")};
  }
  parse("attach", *parser, words);
  AttachInvocation attach{.common = with_network(raw),
                          .target = raw.target,
                          .tap_name = raw.tap_name,
                          .configure = raw.configure};
  check_tap_name(attach.tap_name);
  attach.ready_descriptor = ready_descriptor_of(*parser, raw);
  return attach;
}

// QEMU's own spelling of options: one dash.
Words with_two_dashes(Words words) {
  constexpr std::array<std::string_view, 6> kNames = {"-netdev", "-nic",        "-object",
                                                      "-device", "-nodefaults", "-qmp"};
  for (std::string& word : words) {
    const bool ours = std::ranges::find(kNames, word.substr(0, word.find('='))) != kNames.end();
    if (ours) word.insert(0, 1, '-');
  }
  return words;
}

// Where the control socket is, in QEMU's words for its own: unix:PATH,server=on,wait=off.
std::string path_of_monitor(const std::string& text) {
  constexpr std::string_view kUnix = "unix:";
  const std::string begin = "--qmp: '" + text + "': ";
  if (!text.starts_with(kUnix)) throw UsageError(begin + "expected unix:PATH,server=on,wait=off");
  std::string path;
  bool listens = false;
  for (const KeyValue& item : parse_key_values(text.substr(kUnix.size()), "path")) {
    const bool is_on = item.flag || item.value == "on";
    if (item.key == "path" && path.empty()) {
      path = item.value;
    } else if (item.key == "server") {
      listens = is_on;
    } else if (item.key != "nowait" && (item.key != "wait" || is_on)) {
      throw UsageError(begin + "expected server=on and wait=off, and no " + item.key);
    }
  }
  if (path.empty() || !listens) throw UsageError(begin + "expected unix:PATH,server=on,wait=off");
  return path;
}

std::string control_of(const Raw& raw) {
  if (raw.monitor.empty()) return raw.control;
  if (!raw.control.empty()) throw UsageError("--control and --qmp are the same; expected one");
  return path_of_monitor(raw.monitor);
}

// What the first of the options prints that asks for its help.
std::optional<std::string> help_asked_for(const Raw& raw) {
  const std::initializer_list<std::pair<std::string_view, const Words&>> options = {
      {"--netdev", raw.netdevs},
      {"--nic", raw.nics},
      {"--object", raw.objects},
      {"--device", raw.devices}};
  for (const auto& [option, texts] : options) {
    for (const std::string& text : texts) {
      if (auto help = help_of_option(option, text)) return help;
    }
  }
  return std::nullopt;
}

Invocation run_of(const Words& given) {
  Raw raw;
  const auto parser = make_parser("run", raw);
  if (std::ranges::find_first_of(given, std::array{"-h", "--help"}) != given.end()) {
    return TextInvocation{manual("run")};
  }
  const Words words = with_two_dashes(given);
  parse("run", *parser, words);
  if (const auto help = help_asked_for(raw)) return TextInvocation{*help};
  RunInvocation run{.common = common_of(raw), .netdevs = {}};
  add_links(
      run,
      {.netdevs = raw.netdevs, .nics = raw.nics, .devices = raw.devices, .objects = raw.objects});
  run.control = control_of(raw);
  const bool has_link = std::ranges::any_of(run.netdevs, [](const Netdev& netdev) {
    return !std::holds_alternative<HubPort>(netdev.kind);
  });
  if (!has_link && run.control.empty()) {
    throw UsageError(
        "run: nobody is behind the network; expected a --device, or a --netdev such as "
        "stream,server=on,addr.type=unix,addr.path=PATH");
  }
  run.ready_descriptor = ready_descriptor_of(*parser, raw);
  return run;
}

Invocation ctl_of(const Words& words) {
  Raw raw;
  const auto parser = make_parser("ctl", raw);
  if (std::ranges::find_first_of(words, std::array{"-h", "--help"}) != words.end()) {
    return TextInvocation{manual("ctl")};
  }
  parse("ctl", *parser, words);
  if (raw.words.front().empty()) throw UsageError("ctl: the command is an empty word");
  return CtlInvocation{.socket = raw.socket, .json = raw.json, .words = raw.words};
}

Invocation replay_of(const Words& words) {
  Raw raw;
  const auto parser = make_parser("replay", raw);
  if (std::ranges::find_first_of(words, std::array{"-h", "--help"}) != words.end()) {
    return TextInvocation{manual("replay")};
  }
  parse("replay", *parser, words);
  ReplayInvocation replay{.common = with_network(raw),
                          .input = raw.input,
                          .output = raw.output,
                          .host = choose("--host", raw.host, host_manners()),
                          .verify_checksums = !raw.dont_verify};
  if (!raw.guest.empty()) {
    replay.guest = MacAddress::parse(raw.guest);
    if (!replay.guest) {
      throw UsageError("--guest-mac: '" + raw.guest +
                       "': expected an address such as 52:54:00:12:34:56");
    }
  }
  return replay;
}

}  // namespace

std::optional<Seed> parse_seed(std::string_view text) {
  constexpr std::size_t kDigits = 16;
  if (text.empty() || text.size() > 2 * kDigits) return std::nullopt;
  const auto parse_half = [](std::string_view half) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const char* const end = half.data() + half.size();
    const auto [stop, error] = std::from_chars(half.data(), end, value, 16);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
  };
  const std::size_t high_digits = text.size() > kDigits ? text.size() - kDigits : 0;
  const auto low = parse_half(text.substr(high_digits));
  const auto high = high_digits == 0 ? std::uint64_t{0} : parse_half(text.substr(0, high_digits));
  if (!low || !high) return std::nullopt;
  return Seed{.k0 = *low, .k1 = *high};
}

std::vector<std::string> option_names(std::string_view command) {
  Raw raw;
  return spellings(*make_parser(command, raw));
}

Invocation parse_command_line(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    throw UsageError("there is no command; expected one of exec, attach, run, ctl, replay");
  }
  const std::string& command = arguments.front();
  const Words words(arguments.begin() + 1, arguments.end());
  if (command == "-h" || command == "--help") return TextInvocation{manual("")};
  if (command == "--version" || command == "-V") {
    return TextInvocation{"sluice " + std::string(kVersion) + "\n"};
  }
  if (command == "help") {
    if (words.empty()) return TextInvocation{manual("")};
    if (std::ranges::find(kCommands, words.front()) == kCommands.end()) {
      throw UsageError("help: no command '" + words.front() + "'" +
                       suggestion(words.front(), kCommands));
    }
    return TextInvocation{manual(words.front())};
  }
  if (command == "exec") return exec_of(words);
  if (command == "attach") return attach_of(words);
  if (command == "run") return run_of(words);
  if (command == "ctl") return ctl_of(words);
  if (command == "replay") return replay_of(words);
  if (command.starts_with('-')) {
    constexpr std::array<std::string_view, 2> kGlobal = {"--help", "--version"};
    throw UsageError("no option '" + command + "' in front of a command" +
                     suggestion(command, kGlobal));
  }
  throw UsageError("no command '" + command + "'" + suggestion(command, kCommands));
}

}  // namespace sluice
