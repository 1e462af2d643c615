#include "tests/sim/guest_frames.h"

#include <gtest/gtest.h>

#include <utility>

#include <gsl/assert>

#include "stack/checksum.h"

namespace sluice {
namespace {

std::uint16_t transport_checksum(const IpAddress& from, const IpAddress& to, IpProtocol protocol,
                                 Bytes transport) {
  ChecksumSum sum;
  sum.add_pseudo_header(from, to, static_cast<std::uint8_t>(protocol),
                        static_cast<std::uint32_t>(transport.size()));
  sum.add(transport);
  return sum.checksum();
}

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

FrameBytes arp_frame(const ArpMessage& message) {
  FrameBytes frame(EthernetHeader::kSize + ArpMessage::kSize);
  EthernetHeader{MacAddress::broadcast(), message.sender_mac, EtherType::kArp}.emit(frame);
  message.emit(MutableBytes(frame).subspan(EthernetHeader::kSize));
  return frame;
}

FrameBytes ip_frame(Ipv4Header header, Bytes payload) {
  FrameBytes frame(EthernetHeader::kSize + Ipv4Header::kSize + payload.size());
  header.total_length = static_cast<std::uint16_t>(Ipv4Header::kSize + payload.size());
  EthernetHeader{kGatewayMac, kGuestMac, EtherType::kIpv4}.emit(frame);
  const MutableBytes packet = MutableBytes(frame).subspan(EthernetHeader::kSize);
  header.emit(packet);
  copy_bytes(payload, packet.subspan(Ipv4Header::kSize));
  return frame;
}

FrameBytes udp_frame(const Endpoint& from, const Endpoint& to, std::string_view payload,
                     std::uint8_t ttl) {
  std::vector<std::uint8_t> datagram(UdpHeader::kSize + payload.size());
  UdpHeader header{.source_port = from.port,
                   .destination_port = to.port,
                   .length = static_cast<std::uint16_t>(datagram.size())};
  header.emit(datagram);
  copy_bytes(as_bytes(payload), MutableBytes(datagram).subspan(UdpHeader::kSize));
  header.checksum = transport_checksum(from.address, to.address, IpProtocol::kUdp, datagram);
  header.emit(datagram);
  return ip_frame(
      {.ttl = ttl, .protocol = IpProtocol::kUdp, .source = from.address, .destination = to.address},
      datagram);
}

FrameBytes tcp_frame(const IpAddress& from, const IpAddress& to, TcpHeader header,
                     const TcpOptions& options, Bytes payload) {
  const std::size_t header_size = TcpHeader::kSize + options.size();
  std::vector<std::uint8_t> segment(header_size + payload.size());
  header.checksum = 0;
  header.emit(options, segment);
  copy_bytes(payload, MutableBytes(segment).subspan(header_size));
  header.checksum = transport_checksum(from, to, IpProtocol::kTcp, segment);
  header.emit(options, segment);
  return ip_frame({.protocol = IpProtocol::kTcp, .source = from, .destination = to}, segment);
}

FrameBytes echo_frame(const IpAddress& from, const IpAddress& to, std::uint16_t identifier,
                      std::uint16_t sequence, std::string_view payload, std::uint8_t ttl) {
  std::vector<std::uint8_t> message(IcmpHeader::kSize + payload.size());
  IcmpHeader header{.type = IcmpType::kEchoRequest,
                    .rest = IcmpHeader::echo_rest(identifier, sequence)};
  header.emit(message);
  copy_bytes(as_bytes(payload), MutableBytes(message).subspan(IcmpHeader::kSize));
  header.checksum = internet_checksum(message);
  header.emit(message);
  return ip_frame({.ttl = ttl, .protocol = IpProtocol::kIcmp, .source = from, .destination = to},
                  message);
}

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
  if (offload.segmentation == Segmentation::kTcp4) {
    EXPECT_TRUE(seen.tcp);
    EXPECT_EQ(offload.header_size + seen.payload.size(), frame.size());
    EXPECT_GT(seen.payload.size(), offload.segment_size);
    EXPECT_GT(offload.segment_size, 0);
  }
  return seen;
}

MutableBytes KeepingLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  room_.assign(size, 0xee);
  return room_;
}

void KeepingLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= room_.size() && payload.size() <= kMaxPieces);
  room_.resize(size);
  committed_.push_back({std::exchange(room_, {}), {payload.begin(), payload.end()}, offload});
}

void KeepingLink::flush() {
  for (Committed& committed : committed_) {
    FrameBytes frame = std::move(committed.header);
    for (const Bytes piece : committed.payload) {
      frame.insert(frame.end(), piece.begin(), piece.end());
    }
    flushed_.push_back(see(frame, committed.offload));
  }
  committed_.clear();
}

std::vector<SeenFrame> KeepingLink::take() {
  return std::exchange(flushed_, {});
}

}  // namespace sluice
