// What a command line asks for, as values.

#ifndef SLUICE_APP_CLI_INVOCATION_H_
#define SLUICE_APP_CLI_INVOCATION_H_

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/options/netdev.h"
#include "app/options/object.h"
#include "app/options/user_network.h"
#include "devices/link/impairment.h"
#include "stack/address.h"
#include "stack/random.h"
#include "stack/time.h"

namespace sluice {

enum class LogLevel : std::uint8_t { kInfo, kWarning, kError, kOff };

// What every command that runs a network knows.
struct NetworkInvocation {
  UserNetworkOptions network;
  std::string capture_file;                             // --pcap; empty: none
  std::string capture_filter;                           // --pcap-filter; empty: everything
  std::optional<Impairment> impairment;                 // --impair
  Duration busy_poll = std::chrono::microseconds(100);  // --busy-poll
  std::optional<Seed> seed;                             // --seed; nullopt: the command's own choice
  LogLevel log_level = LogLevel::kWarning;
};

struct ExecInvocation {
  NetworkInvocation common;
  std::string tap_name = "tap0";
  bool map_root = false;
  bool dhcp = false;  // leave address and route to a DHCP client
  std::vector<std::string> command;
};

struct AttachInvocation {
  NetworkInvocation common;
  std::string target;  // a process or a path
  std::string tap_name = "tap0";
  bool configure = false;
  std::optional<int> ready_descriptor;
};

struct ReplayInvocation {
  enum class HostManner : std::uint8_t { kAccept, kRefuse, kSilent };

  NetworkInvocation common;
  std::string input;
  std::string output;  // empty: none
  HostManner host = HostManner::kAccept;
  std::optional<MacAddress> guest;  // feed only frames of this one
  bool verify_checksums = true;
};

struct RunInvocation {
  NetworkInvocation common;  // its network is the user network, if there is one
  bool has_user_network = false;
  std::string user_network_text;    // as it was asked for
  std::vector<Netdev> netdevs;      // all others
  std::vector<LinkObject> objects;  // on the netdevs, the nearest first
  std::string control;              // --control: where others ask and give orders; empty: nowhere
  std::optional<int> ready_descriptor;
};

struct CtlInvocation {
  std::string socket;  // --socket; empty: what the environment names
  bool json = false;
  std::vector<std::string> words;  // the command and what follows it
};

// Text to print on standard output, and nothing else to do.
struct TextInvocation {
  std::string text;
};

using Invocation = std::variant<TextInvocation, ExecInvocation, AttachInvocation, RunInvocation,
                                CtlInvocation, ReplayInvocation>;

}  // namespace sluice

#endif  // SLUICE_APP_CLI_INVOCATION_H_
