// Queries on their way to the host's name servers.
//
// A query is tried at one name server after another until one answers. An attempt has a socket and
// an id of its own, both new, so that source port and id are unpredictable and whatever belongs to
// an earlier attempt is not even received (RFC 5452, sections 4.4 and 9.2). An attempt ends without
// an answer when its time is up, when its server says SERVFAIL or REFUSED, or when the socket
// fails. After the last name server those that said nothing are asked again, once, and then the
// query is answered with the last refusal there was, or else with SERVFAIL.
//
// In the first round each attempt gets kPatience, or less where many servers share kTotal; in the
// second what is left is shared, so that one slow server has nearly all of kTotal.
//
// What a guest asked by UDP is asked by UDP, and by TCP if by TCP: a truncated answer is passed on,
// and the guest itself comes back by TCP.

#ifndef SLUICE_SERVICES_DNS_UPSTREAM_H_
#define SLUICE_SERVICES_DNS_UPSTREAM_H_

#include <array>
#include <memory>
#include <variant>
#include <vector>

#include "nat/host.h"
#include "nat/name_servers.h"
#include "nat/service.h"
#include "services/dns/counters.h"
#include "services/dns/message.h"
#include "stack/random.h"
#include "stack/timer_wheel.h"

namespace sluice {

// Who asked: a guest's UDP endpoint, or one of its streams.
struct DatagramAsker {
  Endpoint from;
  Endpoint to;  // where the guest sent it
  MacAddress link_from;

  friend bool operator==(const DatagramAsker&, const DatagramAsker&) = default;
};
using DnsAsker = std::variant<DatagramAsker, SocketId>;

class DnsUpstreamClient {
 public:
  // The one answer to a query that was forwarded: a name server's, or SERVFAIL. It carries the
  // guest's id. Both are valid until this returns. Must not call the upstream back.
  virtual void on_answer(Time now, const DnsAsker& asker, const DnsMessage& query,
                         Bytes answer) = 0;

 protected:
  ~DnsUpstreamClient() = default;
};

class DnsUpstream final : public HostClient {
 public:
  // All of these outlive it.
  DnsUpstream(const ServiceContext& context, NameServers& servers, DnsUpstreamClient& client,
              DnsCounters& counters);
  ~DnsUpstream();
  DnsUpstream(const DnsUpstream&) = delete;
  DnsUpstream& operator=(const DnsUpstream&) = delete;

  // Takes a query, which is copied, and answers it through the client, at once if there is nobody
  // to ask. False if the same asker waits for the same already: that answer serves both. When
  // kMaxInFlight queries wait, the oldest is answered with SERVFAIL and gives way.
  bool forward(Time now, const DnsAsker& asker, const DnsMessage& query);
  // The asker is gone: nothing of its queries is answered any more.
  void forget(const DnsAsker& asker);
  std::size_t in_flight() const { return queries_.size() - free_.size(); }

  void on_host(Time now, const HostEvent& event) override;

  static constexpr std::size_t kMaxInFlight = 256;
  static constexpr std::size_t kMaxQuery = 4096;  // bytes
  static constexpr std::size_t kMaxServers = 8;
  static constexpr Duration kPatience = std::chrono::milliseconds(1500);
  static constexpr Duration kTotal = std::chrono::seconds(10);
  // Replies to something else before an attempt is given up: somebody is guessing.
  static constexpr unsigned kMaxUnwanted = 64;

 private:
  struct Query;
  // What became of bytes that came for a query.
  enum class Verdict : std::uint8_t { kAnswer, kRefusal, kUnwanted };

  Query& take_slot(Time now);
  void release(Query& query);
  void ask_next(Time now, Query& query);
  bool start_attempt(Time now, Query& query);
  void end_attempt(Query& query);
  void fail_over(Time now, Query& query);
  // The server of this attempt will not answer, and says so.
  void refuse(Time now, Query& query, Bytes refusal);
  void fail(Time now, Query& query);
  void answer(Time now, Query& query, Bytes answer);
  void pass_on(Time now, Query& query, Bytes answer);
  void conclude(Time now, Query& query, Bytes answer);
  void on_timeout(Time now, Query& query);

  Verdict judge(const Query& query, Bytes reply) const;
  void on_datagrams(Time now, Query& query, const Readiness& ready);
  void on_stream(Time now, Query& query, const Readiness& ready);
  bool send_stream(Query& query);
  void receive_stream(Time now, Query& query);

  ServiceContext context_;
  NameServers& servers_;
  DnsUpstreamClient& client_;
  DnsCounters& counters_;
  Random random_;
  std::uint64_t taken_ = 0;  // queries so far: tells the oldest
  // Places, made when first needed and used again; a token's index is one of these.
  std::vector<std::unique_ptr<Query>> queries_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint8_t> scratch_;  // one message as it comes from or goes to somebody
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_UPSTREAM_H_
