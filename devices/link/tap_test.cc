#include "devices/link/tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <system_error>
#include <variant>
#include <vector>

#include "devices/link/test_namespace.h"
#include "stack/checksum.h"

namespace sluice {
namespace {

constexpr IpAddress kGateway = IpAddress::v4(10, 0, 2, 2);
constexpr MacAddress kGatewayMac({0x52, 0x55, 10, 0, 2, 2});
constexpr std::size_t kIp = 14;
constexpr std::size_t kTransport = 34;

using Buffer = std::vector<std::uint8_t>;

std::string failure_of(const std::string& name, const TapOptions& options = {}) {
  try {
    open_tap(name, options);
  } catch (const std::system_error& error) {
    return error.what();
  }
  return "";
}

TEST(OpenTap, ANameThatIsTooLongIsRefused) {
  EXPECT_NE(failure_of("a-name-of-sixteen").find("at most 15 characters"), std::string::npos);
}

TEST(OpenTap, AMissingDeviceSaysHowToGetIt) {
  const std::string message = failure_of("tap0", {.device = "/nonexistent/net/tun"});
  EXPECT_NE(message.find("can't open /nonexistent/net/tun"), std::string::npos) << message;
  EXPECT_NE(message.find("modprobe tun"), std::string::npos) << message;
}

TEST(OpenTap, WhatIsNoTunDeviceIsRefused) {
  const std::string message = failure_of("tap0", {.device = "/dev/null"});
  EXPECT_NE(message.find("can't make the tap interface 'tap0'"), std::string::npos) << message;
}

TEST(OpenTap, ADescriptorThatIsNoTapHasNoName) {
  EXPECT_THROW(tap_name(Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC))), std::system_error);
  EXPECT_THROW(Tap(Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC))), std::system_error);
}

// The gateway's side of the wire in a few lines: enough to make the guest's kernel talk.
class TapInNamespace : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = make_test_namespace();
    if (const auto* missing = std::get_if<NoNamespace>(&made)) GTEST_SKIP() << missing->reason;
    guest_ = std::move(std::get<TestNamespace>(made));
  }

  Tap& open() {
    tap_ = std::make_unique<Tap>(std::move(guest_.tap));
    return *tap_;
  }

  struct Received {
    Buffer bytes;
    Offload offload;
  };

  // The next frame, waiting for it if need be; a frame without bytes when none comes.
  Received next() {
    while (waiting_.empty()) {
      pollfd wait{tap_->descriptor(), POLLIN, 0};
      if (::poll(&wait, 1, 5000) <= 0) return {};
      for (const Frame& frame : tap_->receive()) {
        waiting_.push_back({{frame.bytes.begin(), frame.bytes.end()}, frame.offload});
      }
    }
    Received first = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return first;
  }

  // The next IPv4 packet of `protocol`. The guest's ARP requests on the way are answered.
  Received next_packet(std::uint8_t protocol) {
    for (;;) {
      Received frame = next();
      if (frame.bytes.empty()) return frame;
      if (load_big<std::uint16_t>(frame.bytes, 12) == ETH_P_ARP) answer_arp(frame.bytes);
      if (load_big<std::uint16_t>(frame.bytes, 12) != ETH_P_IP) continue;
      if (frame.bytes.at(kIp + 9) == protocol) return frame;
    }
  }

  void answer_arp(Bytes request) {
    const MutableBytes reply = tap_->reserve(42);
    ethernet(reply, ETH_P_ARP);
    copy_bytes(request.subspan(14, 8), reply.subspan(14));
    store_big<std::uint16_t>(reply, 20, 2);
    copy_bytes(kGatewayMac.octets(), reply.subspan(22));
    copy_bytes(request.subspan(38, 4), reply.subspan(28));
    copy_bytes(request.subspan(22, 10), reply.subspan(32));
    tap_->commit(reply.size(), {}, {});
  }

  void ethernet(MutableBytes frame, std::uint16_t type) const {
    copy_bytes(guest_.mac.octets(), frame);
    copy_bytes(kGatewayMac.octets(), frame.subspan(6));
    store_big<std::uint16_t>(frame, 12, type);
  }

  // Ethernet and IPv4 headers of a packet to the guest with `size` bytes behind them.
  void ip(MutableBytes frame, std::uint8_t protocol, std::size_t size) const {
    ethernet(frame, ETH_P_IP);
    const MutableBytes header = frame.subspan(kIp, 20);
    std::memset(header.data(), 0, header.size());
    header[0] = 0x45;
    store_big(header, 2, static_cast<std::uint16_t>(20 + size));
    store_big<std::uint16_t>(header, 6, 0x4000);
    header[8] = 64;
    header[9] = protocol;
    store_big(header, 12, kGateway.v4_bits());
    store_big(header, 16, TestNamespace::kGuest.v4_bits());
    store_big(header, 10, internet_checksum(header));
  }

  static std::uint16_t pseudo_header(std::uint8_t protocol, std::size_t size) {
    ChecksumSum sum;
    sum.add_pseudo_header(kGateway, TestNamespace::kGuest, protocol,
                          static_cast<std::uint32_t>(size));
    return sum.folded();
  }

  // Sends one TCP segment from port 80, its payload in two pieces, its checksum left to the guest.
  void send_tcp(std::uint16_t port, std::uint32_t sequence, std::uint32_t acknowledged,
                std::uint8_t flags, Bytes payload = {}, std::uint16_t segment_size = 0) {
    const MutableBytes frame = tap_->reserve(kTransport + 20);
    ip(frame, IPPROTO_TCP, 20 + payload.size());
    const MutableBytes tcp = frame.subspan(kTransport);
    std::memset(tcp.data(), 0, tcp.size());
    store_big<std::uint16_t>(tcp, 0, 80);
    store_big(tcp, 2, port);
    store_big(tcp, 4, sequence);
    store_big(tcp, 8, acknowledged);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    store_big<std::uint16_t>(tcp, 14, 0xffff);
    store_big(tcp, 16, pseudo_header(IPPROTO_TCP, 20 + payload.size()));
    const std::array<Bytes, 2> pieces = {payload.first(payload.size() / 3),
                                         payload.subspan(payload.size() / 3)};
    Offload offload{
        .checksum = ChecksumState::kPartial, .checksum_start = kTransport, .checksum_offset = 16};
    if (segment_size > 0) {
      offload.segmentation = Segmentation::kTcp4;
      offload.segment_size = segment_size;
      offload.header_size = kTransport + 20;
    }
    tap_->commit(frame.size(), pieces, offload);
  }

  static sockaddr_in gateway(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(kGateway.v4_bits());
    return address;
  }

  // Connects the guest's socket to `port` of the gateway; for TCP, this starts it.
  static void connect_guest(const Descriptor& socket, std::uint16_t port) {
    const sockaddr_in address = gateway(port);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of sockets.
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const int result = ::connect(socket.get(), generic, sizeof(address));
    ASSERT_TRUE(result == 0 || errno == EINPROGRESS) << std::strerror(errno);
  }

  // Where an established connection of the guest's TCP socket stands.
  struct Connection {
    std::uint16_t port = 0;          // the guest's
    std::uint32_t guest_next = 0;    // the next sequence number of the guest
    std::uint32_t gateway_next = 0;  // and ours
  };

  Connection establish() {
    connect_guest(guest_.tcp, 80);
    const Received syn = next_packet(IPPROTO_TCP);
    if (syn.bytes.empty()) return {};
    const Bytes tcp = Bytes(syn.bytes).subspan(kTransport);
    const Connection connection{load_big<std::uint16_t>(tcp, 0),
                                load_big<std::uint32_t>(tcp, 4) + 1, 1001};
    send_tcp(connection.port, 1000, connection.guest_next, TH_SYN | TH_ACK);
    next_packet(IPPROTO_TCP);  // its ACK
    return connection;
  }

  TestNamespace guest_;
  std::unique_ptr<Tap> tap_;
  std::vector<Received> waiting_;
};

Buffer pattern(std::size_t size) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return bytes;
}

TEST_F(TapInNamespace, TheKernelChoosesTheNumberInTheName) {
  EXPECT_EQ(open().name(), "tap0");
}

TEST_F(TapInNamespace, AnEmptyQueueGivesNoFrame) {
  Tap& tap = open();
  EXPECT_TRUE(tap.receive().empty());
  EXPECT_FALSE(tap.more());
  EXPECT_FALSE(tap.closed());
}

TEST_F(TapInNamespace, ADatagramComesWithAPartialChecksum) {
  Tap& tap = open();
  ASSERT_TRUE(tap.capabilities().checksum);
  connect_guest(guest_.udp, 53);
  ASSERT_EQ(::send(guest_.udp.get(), "hello", 5, 0), 5);
  const Received frame = next_packet(IPPROTO_UDP);
  ASSERT_EQ(frame.bytes.size(), kTransport + 8 + 5);
  EXPECT_EQ(frame.offload.checksum, ChecksumState::kPartial);
  EXPECT_EQ(frame.offload.checksum_start, kTransport);
  EXPECT_EQ(frame.offload.checksum_offset, 6);
  EXPECT_EQ(as_text(Bytes(frame.bytes).subspan(kTransport + 8)), "hello");
}

TEST_F(TapInNamespace, ACommittedFrameReachesAPacketSocketByteForByte) {
  Tap& tap = open();
  const Buffer payload = pattern(900);
  const MutableBytes room = tap.reserve(100);
  ethernet(room, 0x88b5);  // for local experiments (IEEE 802)
  std::memset(room.subspan(14, 6).data(), 0xaa, 6);
  Buffer expected(room.begin(), room.begin() + 20);
  expected.insert(expected.end(), payload.begin(), payload.end());
  const std::array<Bytes, 2> pieces = {Bytes(payload).first(1), Bytes(payload).subspan(1)};
  tap.commit(20, pieces, {});
  tap.flush();

  // ARP and the like may be on the way as well.
  for (;;) {
    pollfd wait{guest_.packet.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 5000), 1) << "the frame never arrived";
    Buffer got(2000);
    const ssize_t size = ::recv(guest_.packet.get(), got.data(), got.size(), 0);
    ASSERT_GT(size, 14);
    got.resize(static_cast<std::size_t>(size));
    if (load_big<std::uint16_t>(got, 12) != 0x88b5) continue;
    EXPECT_EQ(got, expected);
    break;
  }
  EXPECT_EQ(tap.counters().dropped(Drop::kLinkFull), 0U);
}

TEST_F(TapInNamespace, AnUploadComesInFramesFarAboveTheMtu) {
  open();
  const Connection connection = establish();
  ASSERT_NE(connection.port, 0);
  const Buffer sent = pattern(20440);
  ASSERT_EQ(::send(guest_.tcp.get(), sent.data(), sent.size(), 0),
            static_cast<ssize_t>(sent.size()));
  std::size_t largest = 0;
  Buffer got;
  std::uint32_t expected = connection.guest_next;
  while (got.size() < sent.size()) {
    const Received frame = next_packet(IPPROTO_TCP);
    ASSERT_FALSE(frame.bytes.empty()) << "the rest never arrived";
    const Bytes tcp = Bytes(frame.bytes).subspan(kTransport);
    const Bytes payload = tcp.subspan(std::size_t{4} * (tcp[12] >> 4));
    if (load_big<std::uint32_t>(tcp, 4) != expected) continue;  // sent again
    expected += static_cast<std::uint32_t>(payload.size());
    got.insert(got.end(), payload.begin(), payload.end());
    largest = std::max(largest, frame.bytes.size());
    EXPECT_EQ(frame.offload.checksum, ChecksumState::kPartial);
    if (frame.bytes.size() > 1514) {
      EXPECT_EQ(frame.offload.segmentation, Segmentation::kTcp4);
      EXPECT_GT(frame.offload.segment_size, 0);
      EXPECT_EQ(frame.offload.header_size, frame.bytes.size() - payload.size());
    }
    send_tcp(connection.port, connection.gateway_next, expected, TH_ACK);
  }
  EXPECT_EQ(got, sent);
  EXPECT_GT(largest, 3000U);
}

TEST_F(TapInNamespace, ADownloadOfOneLargeFrameReachesTheSocket) {
  open();
  const Connection connection = establish();
  ASSERT_NE(connection.port, 0);
  const Buffer sent = pattern(43800);
  send_tcp(connection.port, connection.gateway_next, connection.guest_next, TH_ACK | TH_PUSH, sent,
           1460);
  Buffer got;
  while (got.size() < sent.size()) {
    pollfd wait{guest_.tcp.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 5000), 1) << "after " << got.size() << " bytes";
    Buffer part(sent.size());
    const ssize_t size = ::recv(guest_.tcp.get(), part.data(), part.size(), 0);
    ASSERT_GT(size, 0);
    got.insert(got.end(), part.begin(), part.begin() + size);
  }
  EXPECT_EQ(got, sent);
}

TEST_F(TapInNamespace, ATrainOfDatagramsIsOneFrameWhereTheKernelHasIt) {
  Tap& tap = open();
  if (!tap.capabilities().udp_segmentation) GTEST_SKIP() << "needs Linux 6.2";
  const int segment = 1400;
  ASSERT_EQ(::setsockopt(guest_.udp.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
  connect_guest(guest_.udp, 9000);
  const Buffer sent = pattern(64401);
  ASSERT_EQ(::send(guest_.udp.get(), sent.data(), sent.size(), 0),
            static_cast<ssize_t>(sent.size()));
  const Received frame = next_packet(IPPROTO_UDP);
  ASSERT_EQ(frame.bytes.size(), kTransport + 8 + sent.size());
  EXPECT_EQ(frame.offload.segmentation, Segmentation::kUdp);
  EXPECT_EQ(frame.offload.segment_size, segment);
  EXPECT_EQ(frame.offload.header_size, kTransport + 8);
}

TEST_F(TapInNamespace, AFullBatchSaysThatThereMayBeMore) {
  Tap& tap = open();
  connect_guest(guest_.udp, 53);
  ASSERT_EQ(::send(guest_.udp.get(), "x", 1, 0), 1);
  ASSERT_FALSE(next_packet(IPPROTO_UDP).bytes.empty());  // the gateway is resolved from here on
  constexpr std::size_t kSent = Tap::kBatch + 3;
  for (std::size_t i = 0; i < kSent; ++i) {
    ASSERT_EQ(::send(guest_.udp.get(), "x", 1, 0), 1);
  }
  EXPECT_EQ(tap.receive().size(), Tap::kBatch);
  EXPECT_TRUE(tap.more());
  EXPECT_EQ(tap.receive().size(), 3U);
  EXPECT_FALSE(tap.more());
}

TEST_F(TapInNamespace, AnInterfaceThatGoesAwayClosesTheTap) {
  Tap& tap = open();
  guest_.delete_interface();
  pollfd wait{tap.descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&wait, 1, 5000), 1) << "nobody is woken";
  EXPECT_TRUE(tap.receive().empty());
  EXPECT_TRUE(tap.closed());
  tap.reserve(60);
  tap.commit(60, {}, {});
  EXPECT_EQ(tap.counters().dropped(Drop::kLinkFull), 1U);
}

}  // namespace
}  // namespace sluice
