// Frames as a guest makes and reads them.

#ifndef SLUICE_TESTS_SIM_GUEST_FRAMES_H_
#define SLUICE_TESTS_SIM_GUEST_FRAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/frame.h"
#include "stack/link.h"
#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {

using FrameBytes = std::vector<std::uint8_t>;

inline constexpr MacAddress kGuestMac({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
inline constexpr IpAddress kGuestAddress = IpAddress::v4(10, 0, 2, 15);
inline constexpr MacAddress kGatewayMac({0x52, 0x55, 0x0a, 0x00, 0x02, 0x02});

// Whole frames from the guest to the gateway's link address, lengths and checksums filled in.
FrameBytes arp_frame(const ArpMessage& message);
FrameBytes ip_frame(Ipv4Header header, Bytes payload);
FrameBytes udp_frame(const Endpoint& from, const Endpoint& to, std::string_view payload,
                     std::uint8_t ttl = 64);
FrameBytes tcp_frame(const IpAddress& from, const IpAddress& to, TcpHeader header,
                     const TcpOptions& options, Bytes payload);
FrameBytes echo_frame(const IpAddress& from, const IpAddress& to, std::uint16_t identifier,
                      std::uint16_t sequence, std::string_view payload, std::uint8_t ttl = 64);

// A frame for the guest, taken apart.
struct SeenFrame {
  EthernetHeader ethernet;
  Offload offload;
  std::optional<ArpMessage> arp;
  std::optional<Ipv4Header> ip;
  std::optional<TcpHeader> tcp;
  TcpOptions tcp_options;
  std::optional<UdpHeader> udp;
  std::optional<IcmpHeader> icmp;
  std::string payload;  // of the innermost layer above
};

// Fails the running test if anything about the frame is wrong: lengths, checksums that are claimed
// to be whole, an offload that does not fit the packet.
SeenFrame see(Bytes frame, const Offload& offload);

// A link that keeps what it is given until the test takes it.
class KeepingLink final : public Link {
 public:
  explicit KeepingLink(const LinkCapabilities& capabilities) : capabilities_(capabilities) {}

  // What has been flushed since the last call.
  std::vector<SeenFrame> take();

  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

 private:
  struct Committed {
    FrameBytes header;
    std::vector<Bytes> payload;  // not copied before flush(): that is the port's contract
    Offload offload;
  };

  LinkCapabilities capabilities_;
  FrameBytes room_;
  std::vector<Committed> committed_;
  std::vector<SeenFrame> flushed_;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_GUEST_FRAMES_H_
