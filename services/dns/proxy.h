// The DNS server of the virtual network.
//
// Two names are its own, host.sluice.internal and dns.sluice.internal (or what the configuration
// says), and so is the zone they are in: nothing below it is ever asked outside. Everything else
// goes to the host's name servers and comes back as they say it. A message passes through whole,
// with the guest's EDNS options and the server's; only the id differs on the way.
//
//   guest ── UDP ──────────────> DnsProxy ── local name, error ──> guest
//     └── TCP ── DnsStreams ───────┘  └── DnsUpstream ── UDP or TCP ──> name servers

#ifndef SLUICE_SERVICES_DNS_PROXY_H_
#define SLUICE_SERVICES_DNS_PROXY_H_

#include <string>
#include <vector>

#include "nat/name_servers.h"
#include "nat/service.h"
#include "services/dns/counters.h"
#include "services/dns/message.h"
#include "services/dns/streams.h"
#include "services/dns/upstream.h"
#include "stack/network.h"

namespace sluice {

struct DnsProxyConfig {
  struct LocalName {
    std::string name;
    IpAddress address;
  };

  // Names below it that are not listed do not exist (NXDOMAIN).
  std::string local_zone = "sluice.internal";
  std::vector<LocalName> local_names;
  // Whatever is not local is refused, and no name server hears of it.
  bool restricted = false;

  // host.sluice.internal and dns.sluice.internal, as the network has them.
  static DnsProxyConfig for_network(const Network& network);
};

class DnsProxy final : public DatagramService,
                       public StreamService,
                       public HostClient,
                       private DnsUpstreamClient,
                       private DnsStreamClient {
 public:
  // `servers` outlives it. Throws std::invalid_argument if a name of `config` is not one.
  DnsProxy(const DnsProxyConfig& config, const ServiceContext& context, NameServers& servers);
  DnsProxy(const DnsProxy&) = delete;
  DnsProxy& operator=(const DnsProxy&) = delete;

  void on_datagram(Time now, const ServiceDatagram& datagram) override;

  SocketId open(Time now, Token token, const Endpoint& from) override {
    return streams_.open(now, token, from);
  }
  Transfer send(SocketId id, gsl::span<const Bytes> pieces) override {
    return streams_.send(id, pieces);
  }
  Transfer receive(SocketId id, gsl::span<const MutableBytes> pieces) override {
    return streams_.receive(id, pieces);
  }
  void shutdown_send(SocketId id) override { streams_.shutdown_send(id); }
  std::errc take_error(SocketId id) override { return streams_.take_error(id); }
  void close(SocketId id, CloseMode mode) override { streams_.close(id, mode); }

  void on_host(Time now, const HostEvent& event) override { upstream_.on_host(now, event); }

  const DnsCounters& counters() const { return counters_; }

  // How long a guest may remember a local name.
  static constexpr std::uint32_t kLocalSecondsToLive = 60;

 private:
  struct LocalName {
    DnsName name;
    IpAddress address;
  };

  // Answers a message, now or later. False if it never will be answered.
  bool on_message(Time now, const DnsAsker& asker, Bytes message);
  DnsReply answer_locally(const DnsMessage& query);
  void reply(Time now, const DnsAsker& asker, Bytes message);

  void on_answer(Time now, const DnsAsker& asker, const DnsMessage& query, Bytes answer) override;
  bool on_stream_message(Time now, SocketId stream, Bytes message) override;
  void on_stream_closed(SocketId stream) override;

  DatagramOutput& output_;
  DnsName local_zone_;
  std::vector<LocalName> local_names_;
  bool restricted_;
  DnsCounters counters_;
  DnsUpstream upstream_;
  DnsStreams streams_;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_PROXY_H_
