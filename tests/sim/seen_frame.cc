#include "tests/sim/seen_frame.h"

#include <gtest/gtest.h>

#include "stack/checksum.h"
#include "tests/sim/guest_frames.h"

namespace sluice {
namespace {

void see_tcp(Bytes transport, SeenFrame& seen) {
  const auto view = TcpView::parse(transport);
  ASSERT_TRUE(view);
  seen.tcp = view->header();
  seen.tcp_options = view->options();
  seen.payload = as_text(view->payload());
}

void see_transport(IpProtocol protocol, bool is_fragment, Bytes transport, SeenFrame& seen) {
  const bool whole_checksum = seen.offload.checksum == ChecksumState::kInPacket;
  if (is_fragment) {
    seen.payload = as_text(transport);
    return;
  }
  const auto checksum = [&] {
    return transport_checksum(seen.source, seen.destination, protocol, transport);
  };
  switch (protocol) {
    case IpProtocol::kTcp:
      see_tcp(transport, seen);
      EXPECT_TRUE(!whole_checksum || checksum() == 0);
      return;
    case IpProtocol::kUdp: {
      const auto view = UdpView::parse(transport);
      ASSERT_TRUE(view);
      seen.udp = view->header();
      seen.payload = as_text(view->payload());
      EXPECT_TRUE(!whole_checksum || checksum() == 0);
      return;
    }
    case IpProtocol::kIcmp:
    case IpProtocol::kIcmpv6: {
      const auto view = IcmpView::parse(transport);
      ASSERT_TRUE(view);
      EXPECT_EQ(protocol == IpProtocol::kIcmp ? internet_checksum(transport) : checksum(), 0);
      seen.icmp = view->header();
      seen.icmp_message.assign(transport.begin(), transport.end());
      seen.payload = as_text(view->payload());
      return;
    }
    default:
      ADD_FAILURE() << "an IP protocol that nobody speaks here";
  }
}

void see_ipv4(Bytes packet, SeenFrame& seen) {
  const auto ip = Ipv4View::parse(packet);
  ASSERT_TRUE(ip) << "a frame without a valid IPv4 header";
  EXPECT_EQ(ip->packet().size(), packet.size());
  seen.ip = ip->header();
  seen.source = seen.ip->source;
  seen.destination = seen.ip->destination;
  see_transport(seen.ip->protocol, ip->is_fragment(), ip->payload(), seen);
}

void see_ipv6(Bytes packet, SeenFrame& seen) {
  const auto ip = Ipv6View::parse(packet);
  ASSERT_TRUE(ip) << "a frame without a valid IPv6 header";
  EXPECT_EQ(ip->packet().size(), packet.size());
  seen.ip6 = ip->header();
  seen.fragment6 = ip->fragment();
  seen.source = seen.ip6->source;
  seen.destination = seen.ip6->destination;
  see_transport(ip->protocol(), ip->is_fragment(), ip->payload(), seen);
}

}  // namespace

SeenFrame see(Bytes frame, const Offload& offload) {
  SeenFrame seen;
  seen.offload = offload;
  const auto ethernet = EthernetView::parse(frame);
  if (!ethernet) {
    ADD_FAILURE() << "a frame without an Ethernet header";
    return seen;
  }
  seen.ethernet = ethernet->header();
  if (seen.ethernet.type == EtherType::kArp) {
    seen.arp = ArpMessage::parse(ethernet->payload());
    EXPECT_TRUE(seen.arp);
    return seen;
  }
  if (seen.ethernet.type == EtherType::kIpv6) {
    see_ipv6(ethernet->payload(), seen);
  } else {
    EXPECT_EQ(seen.ethernet.type, EtherType::kIpv4);
    see_ipv4(ethernet->payload(), seen);
  }
  if (offload.segmentation != Segmentation::kNone) {
    EXPECT_EQ(seen.tcp && seen.ip, offload.segmentation == Segmentation::kTcp4);
    EXPECT_EQ(seen.tcp && seen.ip6, offload.segmentation == Segmentation::kTcp6);
    EXPECT_EQ(seen.udp.has_value(), offload.segmentation == Segmentation::kUdp);
    EXPECT_EQ(offload.checksum, ChecksumState::kPartial);
    EXPECT_EQ(offload.header_size + seen.payload.size(), frame.size());
    EXPECT_GT(seen.payload.size(), offload.segment_size);
    EXPECT_GT(offload.segment_size, 0);
  }
  return seen;
}

}  // namespace sluice
