// The whole core under a hostile guest, a whimsical host and a jumping clock: frames in any state
// of disrepair, well-formed segments of real flows, readiness and errors of sockets, time. The
// input is a program of one-byte operations with their arguments.
//
// Whatever happened: no frame for the guest is malformed, sockets stay within their limits, a
// restricted guest has none but those of forwards and services, and once everybody has been quiet
// for long enough nothing is held any more. Every input runs twice, and must do the same both
// times.

#include <array>
#include <cstdint>
#include <utility>

#include "fuzz/program.h"
#include "nat/nat.h"
#include "services/dhcp/server.h"
#include "services/dhcpv6/server.h"
#include "services/dns/proxy.h"
#include "services/tftp/scripted_files.h"
#include "services/tftp/server.h"
#include "stack/ip_packet.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/tcp.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/keeping_link.h"
#include "tests/sim/sim_host.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

constexpr std::uint8_t kDnsService = 1;
constexpr std::uint8_t kTftpService = 2;

constexpr IpAddress kServer6 =  // of a guest forward
    IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x64});
constexpr IpAddress kLoopback6 = IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
constexpr IpAddress kOutside6 =
    IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});

// What the guest knows: takes frames apart, remembers where TCP stands, and sums up everything it
// was given.
class Guest {
 public:
  void on_frame(Bytes frame, const Offload& offload) {
    sum_ = siphash({sum_, 0}, frame);
    const auto ethernet = EthernetView::parse(frame);
    require(ethernet.has_value());
    if (ethernet->header().type == EtherType::kArp) return;
    const auto ip = IpPacket::parse(ethernet->payload());
    require(ip.has_value());
    require(offload.segmentation != Segmentation::kNone || ethernet->payload().size() <= 1500);
    if (ip->protocol != IpProtocol::kTcp) return;
    const auto tcp = TcpView::parse(ip->payload);
    require(tcp.has_value());
    tcp_ = tcp->header();
    tcp_from_ = ip->source;
    tcp_to_ = ip->destination;
    tcp_length_ = tcp->payload().size() + (tcp_.flags.syn ? 1 : 0) + (tcp_.flags.fin ? 1 : 0);
  }

  std::uint64_t sum() const { return sum_; }
  // Of the segment seen last.
  const TcpHeader& tcp() const { return tcp_; }
  const IpAddress& tcp_from() const { return tcp_from_; }
  const IpAddress& tcp_to() const { return tcp_to_; }
  std::size_t tcp_length() const { return tcp_length_; }

 private:
  std::uint64_t sum_ = 0;
  TcpHeader tcp_;
  IpAddress tcp_from_ = IpAddress::v4(192, 0, 2, 1);
  IpAddress tcp_to_ = kGuestAddress;
  std::size_t tcp_length_ = 0;
};

class TwoNameServers final : public NameServers {
 public:
  gsl::span<const Endpoint> current(Time) override { return servers_; }

 private:
  std::array<Endpoint, 2> servers_{Endpoint{IpAddress::v4(192, 0, 2, 53), 53},
                                   Endpoint{IpAddress::v4(192, 0, 2, 54), 53}};
};

NatConfig config_of(std::uint8_t choice) {
  NatConfig config;
  config.policy.restricted = (choice & 1) != 0;
  config.policy.host_loopback = (choice & 2) == 0;
  config.limits = {.tcp_flows = 16,
                   .half_open_tcp_flows = 8,
                   .udp_flows = 8,
                   .echo_flows = 4,
                   .datagram_peers = 16,
                   .buffer_bytes = std::size_t{256} << 10};
  return config;
}

Dhcpv6Config dhcpv6_config(const NatConfig& config) {
  const Network& network = config.network;
  return {.mac = Network::mac_of(network.router()),
          .address = network.router(),
          .subnet = network.v6.subnet,
          .first_lease = network.dhcp6_start(),
          .leases = Network::kLeases,
          .reserved = {network.v6.host, network.v6.dns},
          .dns = network.v6.dns,
          .restricted = config.policy.restricted};
}

class Life {
 public:
  explicit Life(Bytes bytes)
      : program_(bytes),
        choice_(program_.number()),
        config_(config_of(choice_)),
        link_({.checksum = (choice_ & 4) != 0,
               .tcp4_segmentation = (choice_ & 4) != 0,
               .tcp6_segmentation = (choice_ & 4) != 0}),
        nat_(config_, link_, host_, Seed{3, 4}, now_),
        dns_context_(nat_.context(kDnsService)),
        dhcp_({.network = config_.network}, dns_context_.output),
        dhcpv6_(dhcpv6_config(config_), dns_context_.output),
        dns_(DnsProxyConfig::for_network(config_.network), dns_context_, name_servers_),
        tftp_({}, nat_.context(kTftpService), files_) {
    files_.contents["boot"] = Octets(3000, 'b');
    nat_.bind_datagrams({.port = 67}, dhcp_);
    nat_.bind_datagrams({.address = kAllDhcpServers, .port = kDhcpv6ServerPort}, dhcpv6_);
    for (const AddressPlan& plan : {config_.network.v4, config_.network.v6}) {
      const Endpoint dns{plan.dns, 53};
      nat_.bind_datagrams(dns, dns_);
      nat_.bind_streams(dns, dns_);
      nat_.bind_datagrams({plan.host, 69}, tftp_);
    }
    nat_.bind_host_client(kDnsService, dns_);
    nat_.add_host_forward({.listen = {.local = Endpoint{IpAddress::v4(127, 0, 0, 1), 0}},
                           .guest = {kGuestAddress, 22}});
    nat_.add_host_forward({.listen = {.protocol = ListenAddress::Protocol::kUdp,
                                      .local = Endpoint{IpAddress::v4(127, 0, 0, 1), 0}},
                           .guest = {kGuestAddress, 22}});
    nat_.add_host_forward(
        {.listen = {.local = Endpoint{kLoopback6, 0}}, .guest = {kGuestAddress6, 22}});
    nat_.add_guest_forward({{IpAddress::v4(10, 0, 2, 100), 80}, UnixPath{"/run/socket"}});
    nat_.add_guest_forward({{kServer6, 80}, UnixPath{"/run/socket"}});
    host_.set_behaviour({IpAddress::v4(192, 0, 2, 2), 80},
                        {SimHost::Manner::kFail, std::errc::connection_refused});
    host_.set_behaviour({IpAddress::v4(192, 0, 2, 3), 80}, {SimHost::Manner::kSilent});
    host_.set_behaviour({IpAddress::v4(192, 0, 2, 4), 80},
                        {SimHost::Manner::kFail, std::errc::host_unreachable});
    host_.set_behaviour({kOutside6, 80}, {SimHost::Manner::kFail, std::errc::network_unreachable});
  }

  // What it all came to.
  std::uint64_t run() {
    for (int steps = 0; steps < 300 && !program_.at_end(); ++steps) {
      step();
      settle();
      check();
    }
    end();
    return guest_.sum();
  }

 private:
  static constexpr std::size_t kForwards = 3;

  void step() {
    switch (program_.number() % 16) {
      case 0: {
        const Bytes raw = program_.piece();
        frame({raw.begin(), raw.end()}, {});
        return;
      }
      case 1:
      case 2:
        transport(IpProtocol::kUdp, udp());
        return;
      case 3:
        transport(static_cast<IpProtocol>(program_.number()), piece());
        return;
      case 4:
      case 5:
        transport(IpProtocol::kTcp, tcp());
        return;
      case 6:
      case 7:
        follow();
        return;
      case 8:
        arp();
        return;
      case 9:
      case 10:
        on_host();
        return;
      case 11:
        pass(std::chrono::milliseconds(std::int64_t{1} << (program_.number() % 20)));
        return;
      case 12:
        packet6(IpProtocol::kUdp, udp());
        return;
      case 13:
        packet6(IpProtocol::kTcp, tcp());
        return;
      case 14:
        packet6(static_cast<IpProtocol>(program_.number()), piece());
        return;
      case 15:
        icmpv6();
        return;
    }
  }

  Octets piece() {
    const Bytes bytes = program_.piece();
    return {bytes.begin(), bytes.end()};
  }

  IpAddress address() {
    static constexpr std::array<std::uint32_t, 12> kAddresses{
        0x0a000202, 0x0a000203, 0x0a000264, 0x0a0002ff, 0xffffffff, 0x7f000001,
        0xc0000201, 0xc0000202, 0xc0000203, 0xc0000204, 0xe0000001, 0x00000000};
    return IpAddress::v4(kAddresses.at(program_.number() % kAddresses.size()));
  }

  IpAddress address6() {
    static constexpr std::array<IpAddress, 12> kAddresses{
        kHost6,
        kDns6,
        kServer6,
        kGuestOnLink,
        kRouter6,
        kLoopback6,
        kAllDhcpServers,
        IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
        IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}),
        IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
        kOutside6,
        IpAddress::v6({})};
    return kAddresses.at(program_.number() % kAddresses.size());
  }
  IpAddress any_address(std::uint8_t how) { return (how & 64) != 0 ? address6() : address(); }

  // Behind extension headers, perhaps a fragment, perhaps from an unlikely source.
  void packet6(IpProtocol protocol, Octets payload) {
    const std::uint8_t how = program_.number();
    const auto put_in_front = [&](IpProtocol extension, std::uint16_t second, std::uint32_t rest) {
      Octets extended(8);
      extended[0] = static_cast<std::uint8_t>(std::exchange(protocol, extension));
      store_big(MutableBytes(extended), 2, second);
      store_big(MutableBytes(extended), 4, rest);
      extended.insert(extended.end(), payload.begin(), payload.end());
      payload = std::move(extended);
    };
    constexpr std::uint16_t kPadding = 0x0104;  // an option of 4 bytes, which fills a header
    if ((how & 8) != 0) put_in_front(IpProtocol::kDestinationOptions, program_.number16(), 0);
    if ((how & 4) != 0) {
      const auto offset = static_cast<std::uint16_t>(program_.number() << 3 | (how >> 4 & 1));
      put_in_front(IpProtocol::kFragment, offset, how >> 5);
    }
    if ((how & 16) != 0) put_in_front(IpProtocol::kHopByHop, kPadding, 0);
    const IpHeader header{.protocol = protocol,
                          .hop_limit = static_cast<std::uint8_t>((how & 1) != 0 ? 1 : 64),
                          .source = (how & 2) != 0 ? address6() : kGuestAddress6,
                          .destination = address6()};
    frame(packet_frame(header, payload), {.checksum = ChecksumState::kVerified});
  }

  // A message whose checksum is right, of neighbor discovery or any other.
  void icmpv6() {
    const std::uint8_t how = program_.number();
    Octets message(8);
    constexpr auto kFirst = static_cast<std::uint8_t>(Icmpv6Type::kRouterSolicitation);
    message[0] =
        (how & 1) != 0 ? static_cast<std::uint8_t>(kFirst + (how >> 4) % 5) : program_.number();
    message[1] = (how & 2) != 0 ? program_.number() : 0;
    if ((how & 4) != 0) {
      const IpAddress target = address6();
      message.insert(message.end(), target.octets().begin(), target.octets().end());
    }
    const Octets rest = piece();
    message.insert(message.end(), rest.begin(), rest.end());
    frame(icmpv6_frame((how & 8) != 0 ? address6() : kGuestAddress6, address6(), message,
                       (how & 128) != 0 ? program_.number() : 255),
          {});
  }

  void frame(const Octets& bytes, const Offload& offload) {
    const Frame one{bytes, offload};
    nat_.on_frames(now_, gsl::span<const Frame>(&one, 1));
  }

  // An IP packet, perhaps a fragment, perhaps from an unlikely source.
  void transport(IpProtocol protocol, const Octets& payload) {
    const std::uint8_t how = program_.number();
    Ipv4Header header{.identification = static_cast<std::uint16_t>(how >> 4),
                      .ttl = static_cast<std::uint8_t>((how & 1) != 0 ? 1 : 64),
                      .protocol = protocol,
                      .source = (how & 2) != 0 ? address() : kGuestAddress,
                      .destination = address()};
    if ((how & 4) != 0) {
      header.fragment_offset = static_cast<std::uint16_t>(program_.number() * 8);
      header.more_fragments = (how & 8) != 0;
    }
    packet(header, payload);
  }

  void packet(const Ipv4Header& header, Bytes payload) {
    Offload offload{.checksum = ChecksumState::kVerified};
    if (header.protocol == IpProtocol::kUdp && (choice_ & 8) != 0) {
      offload.segmentation = Segmentation::kUdp;
      offload.segment_size = 7;
    }
    frame(ip_frame(header, payload), offload);
  }

  Octets udp() {
    static constexpr std::array<std::uint16_t, 7> kPorts{67, 53, 69, 22, 80, 9, 547};
    const Bytes payload = program_.piece();
    return udp_datagram({.source_port = static_cast<std::uint16_t>(program_.number() % 16),
                         .destination_port = kPorts.at(program_.number() % kPorts.size())},
                        payload);
  }

  static TcpFlags flags_of(std::uint8_t bits) {
    return {.fin = (bits & 1) != 0,
            .syn = (bits & 2) != 0,
            .rst = (bits & 4) != 0,
            .psh = (bits & 8) != 0,
            .ack = (bits & 16) != 0,
            .urg = (bits & 32) != 0};
  }

  Octets tcp() {
    static constexpr std::array<std::uint16_t, 4> kPorts{80, 53, 22, 1};
    TcpOptions options;
    const std::uint8_t bits = program_.number();
    const TcpHeader header{.source_port = static_cast<std::uint16_t>(program_.number() % 8),
                           .destination_port = kPorts.at(program_.number() % kPorts.size()),
                           .sequence = program_.number(),
                           .acknowledgment = program_.number(),
                           .flags = flags_of(bits),
                           .window = program_.number16()};
    if (header.flags.syn) {
      options.maximum_segment_size = program_.number16();
      if ((bits & 64) != 0) options.window_scale = program_.number() % 15;
      options.sack_permitted = (bits & 128) != 0;
    }
    return tcp_segment(header, options, piece());
  }

  // A segment that follows on what the guest was told last, give or take.
  void follow() {
    const TcpHeader& seen = guest_.tcp();
    const std::uint8_t bits = program_.number();
    const auto wobble = static_cast<std::int8_t>(program_.number());
    const std::uint32_t answer = seen.sequence + static_cast<std::uint32_t>(guest_.tcp_length());
    TcpOptions options;
    if ((bits & 64) != 0) {
      options.sack_count = 1;
      options.sack[0] = {answer + program_.number(), answer + program_.number16()};
    }
    TcpHeader header{.source_port = seen.destination_port,
                     .destination_port = seen.source_port,
                     .sequence = seen.acknowledgment,
                     .acknowledgment = answer,
                     .flags = flags_of(bits & 63),
                     .window = program_.number16()};
    ((bits & 128) != 0 ? header.sequence : header.acknowledgment) +=
        static_cast<std::uint32_t>(wobble);
    Octets payload = piece();
    if (payload.size() > 200) payload.resize(30000, 'l');
    frame(packet_frame({.protocol = IpProtocol::kTcp,
                        .source = guest_.tcp_to(),
                        .destination = guest_.tcp_from()},
                       tcp_segment(header, options, payload)),
          {.checksum = ChecksumState::kVerified});
  }

  void arp() {
    const std::uint8_t how = program_.number();
    frame(arp_frame({.operation = (how & 1) != 0 ? ArpMessage::Operation::kReply
                                                 : ArpMessage::Operation::kRequest,
                     .sender_mac = kGuestMac,
                     .sender = (how & 2) != 0 ? address() : kGuestAddress,
                     .target = address()}),
          {});
  }

  void on_host() {
    const auto id = static_cast<SocketId>(program_.number() % host_.opened());
    SimHost::Socket& socket = host_.at(id);
    const std::uint8_t what = program_.number();
    if (!socket.is_open) return;
    switch (socket.kind) {
      case SimHost::Socket::Kind::kListener:
        if ((what & 1) != 0) {
          host_.knock(id, std::nullopt);
        } else {
          host_.knock(id, Endpoint{any_address(what), program_.number16()});
        }
        return;
      case SimHost::Socket::Kind::kDatagrams:
        if ((what & 1) != 0) {
          host_.report(id, {.destination = {any_address(what), program_.number()},
                            .error = std::errc::connection_refused,
                            .reporter = (what & 2) != 0 ? any_address(what) : IpAddress(),
                            .icmp_type = program_.number(),
                            .icmp_code = program_.number()});
        } else {
          host_.say_datagram(id, {any_address(what), program_.number()}, as_text(program_.piece()),
                             program_.number());
        }
        return;
      case SimHost::Socket::Kind::kStream:
        on_stream(id, what);
        return;
    }
  }

  void on_stream(SocketId id, std::uint8_t what) {
    if (!host_.at(id).connected) return;
    switch (what % 5) {
      case 0:
        if (!host_.at(id).incoming_ended) host_.say(id, as_text(program_.piece()));
        return;
      case 1:
        if (!host_.at(id).incoming_ended) host_.say(id, std::string(program_.number16(), 'h'));
        return;
      case 2:
        host_.finish(id);
        return;
      case 3:
        host_.make_room(id, program_.number16());
        return;
      case 4:
        host_.fail(id, (what & 128) != 0 ? std::errc::timed_out : std::errc::connection_reset);
        return;
    }
  }

  // Passes on what is due now.
  void settle() {
    constexpr int kRounds = 1000;
    for (int round = 0; round < kRounds; ++round) {
      for (const KeepingLink::Kept& kept : link_.take()) guest_.on_frame(kept.frame, kept.offload);
      const auto events = host_.take_events();
      if (!events.empty()) nat_.on_host(now_, events);
      const auto deadline = nat_.deadline();
      const bool due = deadline && *deadline <= now_;
      if (due) nat_.on_time(now_);
      if (events.empty() && !due) return;
    }
    require(false);  // it never comes to rest
  }

  void pass(Duration duration) {
    const Time end = now_ + duration;
    for (;;) {
      const auto deadline = nat_.deadline();
      if (!deadline || *deadline > end) break;
      now_ = std::max(now_, *deadline);
      settle();
    }
    now_ = end;
    settle();
  }

  void check() {
    // TCP flows, UDP flows, echo flows, forwards, and what the DNS proxy opens of its own.
    constexpr std::size_t kOfDns = 256;
    require(host_.open() <= 16 + 8 + 4 + kForwards + kOfDns);
    if ((choice_ & 1) == 0) return;
    for (std::size_t i = 0; i < host_.opened(); ++i) {
      const SimHost::Socket& socket = host_.at(static_cast<SocketId>(i));
      if (socket.token.kind == Token::Kind::kService) continue;
      require(!std::holds_alternative<Endpoint>(socket.target) ||
              std::get<Endpoint>(socket.target) == Endpoint());
      require(socket.token.kind != Token::Kind::kEcho);
      require(socket.token.kind != Token::Kind::kUdp || i < kForwards);
    }
  }

  // The host ends what it has; then nothing is left after the longest of all times.
  void end() {
    for (std::size_t i = 0; i < host_.opened(); ++i) {
      const auto id = static_cast<SocketId>(i);
      if (!host_.at(id).is_open || !host_.at(id).connected) continue;
      host_.make_room(id, SIZE_MAX);
      host_.fail(id, std::errc::connection_reset);
    }
    settle();
    pass(std::chrono::hours(4));
    require(host_.open() <= kForwards);
  }

  Program program_;
  std::uint8_t choice_;
  NatConfig config_;
  Time now_{};
  Guest guest_;
  KeepingLink link_;
  SimHost host_;
  TwoNameServers name_servers_;
  ScriptedFiles files_;
  Nat nat_;
  ServiceContext dns_context_;
  DhcpServer dhcp_;
  Dhcpv6Server dhcpv6_;
  DnsProxy dns_;
  TftpServer tftp_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const std::uint64_t first = Life(bytes).run();
  require(Life(bytes).run() == first);
  return 0;
}
