// What a Nat carries, as tools show it.

#ifndef SLUICE_NAT_FLOW_INFO_H_
#define SLUICE_NAT_FLOW_INFO_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "nat/config.h"
#include "nat/host.h"
#include "stack/address.h"
#include "stack/tcp/connection.h"
#include "stack/time.h"

namespace sluice {

// What a flow has carried so far.
struct FlowAccount {
  std::uint64_t to_host = 0;  // bytes of payload, each once
  std::uint64_t to_guest = 0;
  Time opened{};
  Time moved{};  // when there was any last

  void open(Time now) { *this = {.opened = now, .moved = now}; }
  void add_to_host(Time now, std::uint64_t bytes) {
    to_host += bytes;
    moved = now;
  }
  void add_to_guest(Time now, std::uint64_t bytes) {
    to_guest += bytes;
    moved = now;
  }
};

struct FlowInfo {
  enum class Protocol : std::uint8_t { kTcp, kUdp, kEcho };

  Protocol protocol{};
  Endpoint guest;   // of an echo flow: the identifier is the port
  Endpoint remote;  // as the guest sees it; of UDP and echo the peer of last, if there is any
  SocketId socket = SocketId::kNone;  // none where a service is on the other side
  tcp::State state{};                 // of TCP, as our side of the connection with the guest has it
  bool connecting = false;            // of TCP: the host's side is not there yet
  bool from_outside = false;          // it came by a forwarded port of the host
  std::optional<Duration> left;       // of UDP and echo: until it ends, if it stays unused
  std::uint32_t to_host = 0;          // bytes that wait
  std::uint32_t to_guest = 0;         // bytes that the guest has not acknowledged
  // The remote as the host knows it; nullopt if that is no endpoint, or nobody yet.
  std::optional<Endpoint> destination;
  FlowAccount account;
};

// In netstat's words, which libslirp has, too.
std::string_view state_name(tcp::State state);

// A port of the host that leads to a guest, as it is: with the port that the system chose, and the
// guest that is meant by the first lease.
struct HostForwardInfo {
  HostForward forward;
  SocketId socket = SocketId::kNone;
};

}  // namespace sluice

#endif  // SLUICE_NAT_FLOW_INFO_H_
