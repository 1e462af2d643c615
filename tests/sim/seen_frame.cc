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

void see_transport(Bytes transport, SeenFrame& seen) {
  const Ipv4Header& ip = *seen.ip;
  const bool whole_checksum = seen.offload.checksum == ChecksumState::kInPacket;
  if (ip.more_fragments || ip.fragment_offset != 0) {
    seen.payload = as_text(transport);
    return;
  }
  switch (ip.protocol) {
    case IpProtocol::kTcp:
      see_tcp(transport, seen);
      if (whole_checksum) {
        EXPECT_EQ(transport_checksum(ip.source, ip.destination, ip.protocol, transport), 0);
      }
      return;
    case IpProtocol::kUdp: {
      const auto view = UdpView::parse(transport);
      ASSERT_TRUE(view);
      seen.udp = view->header();
      seen.payload = as_text(view->payload());
      if (whole_checksum) {
        EXPECT_EQ(transport_checksum(ip.source, ip.destination, ip.protocol, transport), 0);
      }
      return;
    }
    case IpProtocol::kIcmp: {
      const auto view = IcmpView::parse(transport);
      ASSERT_TRUE(view);
      EXPECT_EQ(internet_checksum(transport), 0);
      seen.icmp = view->header();
      seen.payload = as_text(view->payload());
      return;
    }
    default:
      ADD_FAILURE() << "an IP protocol that nobody speaks here";
  }
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
  EXPECT_EQ(seen.ethernet.type, EtherType::kIpv4);
  const auto ip = Ipv4View::parse(ethernet->payload());
  if (!ip) {
    ADD_FAILURE() << "a frame without a valid IPv4 header";
    return seen;
  }
  EXPECT_EQ(ip->packet().size(), ethernet->payload().size());
  seen.ip = ip->header();
  see_transport(ip->payload(), seen);
  if (offload.segmentation != Segmentation::kNone) {
    EXPECT_EQ(seen.tcp.has_value(), offload.segmentation == Segmentation::kTcp4);
    EXPECT_EQ(seen.udp.has_value(), offload.segmentation == Segmentation::kUdp);
    EXPECT_EQ(offload.checksum, ChecksumState::kPartial);
    EXPECT_EQ(offload.header_size + seen.payload.size(), frame.size());
    EXPECT_GT(seen.payload.size(), offload.segment_size);
    EXPECT_GT(offload.segment_size, 0);
  }
  return seen;
}

}  // namespace sluice
