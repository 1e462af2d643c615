// A frame from the network on its way into a guest's memory, and which frames the RTL8139C+ takes.

#ifndef SLUICE_DEVICES_NIC_RTL8139_ARRIVAL_H_
#define SLUICE_DEVICES_NIC_RTL8139_ARRIVAL_H_

#include <array>
#include <cstdint>
#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/frame.h"
#include "stack/link.h"

namespace sluice::rtl8139 {

// Whom a frame is for, if it is taken.
enum class Match : std::uint8_t { kNone, kPhysical, kOtherPhysical, kMulticast, kBroadcast };

// The address filters (RCR, section 6.8).
struct Filter {
  MacAddress station;                    // IDR0-5
  std::array<std::uint8_t, 8> hashes{};  // MAR0-7: a bit for each value of the hash

  Match match(const MacAddress& destination, std::uint32_t rcr) const;
};

// What the card says about the checksums of a frame (C+ mode, RxChkSum).
struct Verdict {
  enum class Protocol : std::uint8_t { kNotIp, kTcp, kUdp, kIp };  // PID1-0

  Protocol protocol = Protocol::kNotIp;
  bool ip_fails = false;
  bool udp_fails = false;
  bool tcp_fails = false;
};

// The frame, in pieces that lie where they come from, filled up to what a wire takes, with a CRC
// behind it. That is zero here: no driver looks at it, and it would cost more than all else.
class Arrival {
 public:
  static constexpr std::size_t kCrcSize = 4;
  // Within so many bytes are all headers that are looked at.
  static constexpr std::size_t kHeaders = 128;

  // The frame is `head`, which begins with an Ethernet header and is all of the frame or at least
  // kHeaders bytes, and `payload`, Link::kMaxPieces at most. Both stay as long as this.
  Arrival(Match match, MutableBytes head, gsl::span<const Bytes> payload, ChecksumState checksum);

  Match match() const { return match_; }
  // Bytes with padding and CRC: what the card writes.
  std::size_t size() const { return size_; }
  gsl::span<const Bytes> pieces() const { return gsl::span<const Bytes>(pieces_).first(count_); }

  // Takes out the VLAN's tag behind the addresses and tells it as it was there; nullopt if there is
  // none. Before anything else is asked for.
  std::optional<std::array<std::uint8_t, 2>> take_tag();
  // Looks at the checksums, as far as nobody has vouched for them.
  Verdict verdict() const;

 private:
  void finish();

  Match match_;
  MutableBytes head_;
  ChecksumState checksum_;
  // The head, the payload, padding and CRC.
  std::array<Bytes, 1 + Link::kMaxPieces + 1> pieces_;
  std::size_t count_ = 0;
  std::size_t frame_size_ = 0;  // as it came
  std::size_t size_ = 0;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_ARRIVAL_H_
