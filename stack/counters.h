// What happened to traffic, counted.
//
// A packet that can't be used is dropped and one Drop reason goes up; nothing a guest sends is
// answered by an exception or by a log line of its own.

#ifndef SLUICE_STACK_COUNTERS_H_
#define SLUICE_STACK_COUNTERS_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class Drop : std::uint8_t {
  kTruncated,           // a header or a length field reaches past the packet
  kMalformed,           // a field holds a value its format does not allow
  kBadChecksum,         // a verified checksum does not hold
  kNotForUs,            // a link-layer destination of somebody else
  kUnknownProtocol,     // an EtherType or IP protocol without a handler
  kSpoofedSource,       // a source address that no guest of this network has
  kMartianDestination,  // a destination that never appears on a wire, or nobody's here
  kPolicy,              // refused by the policy
  kTtlExpired,          // time to live ran out
  kReassemblyLimit,     // fragments beyond what reassembly holds
  kReassemblyTimeout,   // fragments whose rest never came
  kReassemblyOverlap,   // fragments that overlap or disagree
  kNoFlow,              // a segment of no known flow
  kFlowLimit,           // a table of flows is full
  kOutOfWindow,         // a segment outside the receive window, or one that proves no insight
  kMemoryLimit,         // the budget for buffers is spent
  kUnresolved,          // no guest answers for the address
  kHostRefused,         // the host's sockets would not take it
  kFiltered,            // a datagram from a host the guest has not talked to (RFC 4787, section 5)
  kServiceLimit,        // a service has as many requests as it takes
  kLinkFull,            // the link towards the guest took no more
  kErrorLimit,          // an ICMP error beyond what is told per second
  kCount,
};

// "bad-checksum" and so on, for summaries and tools.
std::string_view drop_name(Drop reason);

struct Counters {
  std::uint64_t frames_in = 0;  // from the guest
  std::uint64_t bytes_in = 0;
  std::uint64_t frames_out = 0;  // towards the guest
  std::uint64_t bytes_out = 0;
  std::uint64_t tcp_flows = 0;  // opened so far
  std::uint64_t udp_flows = 0;
  std::uint64_t echo_flows = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Drop::kCount)> drops{};

  void count(Drop reason, std::uint64_t packets = 1) {
    drops.at(static_cast<std::size_t>(reason)) += packets;
  }
  // Both together: what a link counts for itself is added to what the core counts.
  friend Counters operator+(const Counters& a, const Counters& b);
  std::uint64_t dropped(Drop reason) const { return drops.at(static_cast<std::size_t>(reason)); }
};

}  // namespace sluice

#endif  // SLUICE_STACK_COUNTERS_H_
