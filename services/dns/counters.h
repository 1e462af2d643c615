// What the DNS proxy has counted.

#ifndef SLUICE_SERVICES_DNS_COUNTERS_H_
#define SLUICE_SERVICES_DNS_COUNTERS_H_

#include <cstdint>

namespace sluice {

struct DnsCounters {
  // From guests.
  std::uint64_t queries = 0;           // by UDP and TCP, whatever became of them
  std::uint64_t dropped = 0;           // responses, and messages too short to be answered
  std::uint64_t malformed = 0;         // answered with FORMERR, or too long for its stream to go on
  std::uint64_t unsupported = 0;       // answered with NOTIMP
  std::uint64_t refused = 0;           // answered with REFUSED
  std::uint64_t answered_locally = 0;  // names of the proxy's own
  std::uint64_t joined = 0;            // retransmissions of a query in flight
  std::uint64_t forwarded = 0;         // queries taken to the name servers
  // Of those, what came of them.
  std::uint64_t answered = 0;   // a name server's answer was passed on
  std::uint64_t failed = 0;     // SERVFAIL: no name server answered, or none is known
  std::uint64_t gave_way = 0;   // SERVFAIL: a newer query took its place
  std::uint64_t forgotten = 0;  // the guest closed its stream first
  // On the way there.
  std::uint64_t attempts = 0;          // queries sent to a name server
  std::uint64_t failed_over = 0;       // attempts that ended without an answer to pass on
  std::uint64_t timeouts = 0;          // of those, because nothing came in time
  std::uint64_t unwanted_replies = 0;  // not from the server asked, or not to what was asked
  // On the way back.
  std::uint64_t truncated = 0;  // answers cut to what the guest can take by UDP
  std::uint64_t overflows = 0;  // answers replaced by SERVFAIL: the guest's stream was full
  // Streams.
  std::uint64_t streams_opened = 0;
  std::uint64_t streams_refused = 0;    // all places were taken
  std::uint64_t streams_timed_out = 0;  // idle for too long
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_COUNTERS_H_
