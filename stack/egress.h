// What leaves for the guests: Ethernet, IP and transport headers around a payload.
//
// Headers are built in the room the link gives; payload is passed on as it lies. A checksum that
// the link completes is left to it; otherwise it is summed here, once. What the link offers to cut
// (TCP segments, runs of UDP datagrams) crosses it as one frame; other packets above the MTU are
// fragmented here (RFC 791, RFC 8200; UDP and ICMP only).
//
// A packet for a guest whose link address is unknown waits for one second while ARP, or a neighbor
// solicitation, asks; and a few packets at most wait at all.

#ifndef SLUICE_STACK_EGRESS_H_
#define SLUICE_STACK_EGRESS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/counters.h"
#include "stack/ip_header.h"
#include "stack/link.h"
#include "stack/neighbors.h"
#include "stack/network.h"
#include "stack/time.h"
#include "stack/timer_wheel.h"
#include "stack/wire/icmp.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {

class Egress final : private TimerHandler {
 public:
  // All references outlive the Egress.
  Egress(const Network& network, Link& link, Counters& counters, TimerWheel& timers);

  // Sends one TCP segment, or several as one frame: payload above `segment_size` only where
  // tcp_payload_limit() allows it. `header.checksum` is filled in here. `payload` has at most
  // Link::kMaxPieces pieces, which stay unchanged until the link's flush().
  void send_tcp(Time now, const IpAddress& from, const IpAddress& to, const TcpHeader& header,
                const TcpOptions& options, gsl::span<const Bytes> payload,
                std::uint16_t segment_size);
  // Payload bytes that one call of send_tcp() to `to` may carry to be cut by the link; 0 if it cuts
  // nothing.
  std::uint32_t tcp_payload_limit(const IpAddress& to) const;
  // False while the link to `to` is full, and what can wait should.
  bool has_room(const IpAddress& to) const;

  // Sends UDP datagrams with these payloads: all of one size, but the last may be shorter; no more
  // than kMaxDatagram bytes together, or one. They are copied or sent before this returns. With
  // `link_to`, to that link address.
  void send_udp(Time now, const Endpoint& from, const Endpoint& to, std::uint8_t ttl,
                gsl::span<const Bytes> payloads, std::optional<MacAddress> link_to = std::nullopt);
  void send_udp(Time now, const Endpoint& from, const Endpoint& to, std::uint8_t ttl, Bytes payload,
                std::optional<MacAddress> link_to = std::nullopt) {
    send_udp(now, from, to, ttl, gsl::span(&payload, 1), link_to);
  }
  // Bytes of payload in the longest run of datagrams.
  static constexpr std::size_t kMaxDatagram =
      IpHeader::kMaxLength - IpHeader::kMaxSize - UdpHeader::kSize;
  // Sends one ICMP message; `header.checksum` is filled in here.
  void send_icmp(Time now, const IpAddress& from, const IpAddress& to, IcmpHeader header,
                 Bytes payload);
  // Answers an echo request with the same `rest` (IcmpHeader) and payload.
  void send_echo_reply(Time now, const IpAddress& from, const IpAddress& to, std::uint32_t rest,
                       Bytes payload);
  // Sends a message of neighbor discovery (RFC 4861), whole but for its checksum. With `link_to`,
  // to that link address.
  void send_ndp(Time now, const IpAddress& from, const IpAddress& to, MutableBytes message,
                std::optional<MacAddress> link_to = std::nullopt);
  // Answers an ARP request for one of our addresses: `ours` is at mac_of(ours).
  void send_arp_reply(const IpAddress& ours, const IpAddress& to, const MacAddress& link_to);

  // A guest has shown its link address: what waited for it goes out.
  void learn(const IpAddress& address, const MacAddress& mac);
  // The link address that the guest at `address` has shown last.
  std::optional<MacAddress> link_address_of(const IpAddress& address) const {
    return neighbors_.find(address);
  }
  const Neighbors& neighbors() const { return neighbors_; }

 private:
  struct Waiting {
    IpAddress to;
    Time until;
    std::vector<std::uint8_t> frame;  // whole, but for the link destination
    Offload offload;
  };
  static constexpr std::size_t kMaxWaiting = 16;

  void on_timer(Time now, Timer& timer) override;
  // The room for an Ethernet header and `size` bytes behind it, the Ethernet header written as far
  // as it is known.
  MutableBytes begin_frame(const IpAddress& from, const IpAddress& to,
                           std::optional<MacAddress> link_to, std::size_t size);
  void finish_frame(Time now, const IpAddress& to, std::size_t header_size,
                    gsl::span<const Bytes> payload, const Offload& offload);
  // One frame: a datagram, or as many as the link will cut it into.
  void send_udp_frame(Time now, const Endpoint& from, const Endpoint& to, std::uint8_t ttl,
                      gsl::span<const Bytes> payloads, std::optional<MacAddress> link_to);
  // An IP packet, in fragments if need be and `offload` asks for nothing.
  void send_packet(Time now, IpHeader header, Bytes transport_header,
                   gsl::span<const Bytes> payload, std::optional<MacAddress> link_to,
                   const Offload& offload);
  void send_fragments(Time now, const IpHeader& header, Bytes transport_header, Bytes payload,
                      std::optional<MacAddress> link_to);
  void ask_for(Time now, const IpAddress& address);
  void ask_by_arp(const IpAddress& address);
  MacAddress link_source(const IpAddress& from) const;
  std::optional<MacAddress> link_destination(const IpAddress& to) const;

  const Network& network_;
  Link& link_;
  Counters& counters_;
  TimerWheel& timers_;
  Neighbors neighbors_;
  std::vector<Waiting> waiting_;
  Timer waiting_timer_;
  std::uint32_t identification_ = 0;
  MutableBytes room_;      // of the frame being built
  bool resolved_ = false;  // its link destination is known
};

}  // namespace sluice

#endif  // SLUICE_STACK_EGRESS_H_
