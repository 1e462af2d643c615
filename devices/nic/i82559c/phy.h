// The transceiver, as an 82555 is (Software Developer Manual, section 7.2; IEEE 802.3, clause
// 22.2.4).
//
// The other end of the cable can do all that it can, so negotiation ends at once with the best of
// what the driver advertises, 100 Mbit/s and full duplex unless told otherwise. Speed is only what
// the registers say.

#ifndef SLUICE_DEVICES_NIC_I82559C_PHY_H_
#define SLUICE_DEVICES_NIC_I82559C_PHY_H_

#include <array>
#include <cstdint>

namespace sluice::i82559c {

// Registers.
inline constexpr unsigned kBmcr = 0;
inline constexpr unsigned kBmsr = 1;
inline constexpr unsigned kPhyId1 = 2;
inline constexpr unsigned kPhyId2 = 3;
inline constexpr unsigned kAnar = 4;
inline constexpr unsigned kAnlpar = 5;
inline constexpr unsigned kAner = 6;
inline constexpr unsigned kStatusAndControl = 16;

inline constexpr std::uint16_t kBmcrReset = 0x8000;
inline constexpr std::uint16_t kBmcrLoopback = 0x4000;
inline constexpr std::uint16_t kBmcr100 = 0x2000;
inline constexpr std::uint16_t kBmcrAutoNegotiation = 0x1000;
inline constexpr std::uint16_t kBmcrPowerDown = 0x0800;
inline constexpr std::uint16_t kBmcrRestart = 0x0200;
inline constexpr std::uint16_t kBmcrFullDuplex = 0x0100;

inline constexpr std::uint16_t kBmsrNegotiated = 0x0020;
inline constexpr std::uint16_t kBmsrLink = 0x0004;

class Phy {
 public:
  // Where the management interface finds it.
  static constexpr unsigned kAddress = 1;

  // Reading the status may change it: a link that was down shows so once.
  std::uint16_t read(unsigned number);
  void write(unsigned number, std::uint16_t value);
  void reset();

  // Whether there is a cable.
  void plug(bool in);
  bool is_plugged() const { return plugged_; }
  // Whether frames get through.
  bool has_link() const;
  bool is_looped_back() const { return (registers_[kBmcr] & kBmcrLoopback) != 0; }
  // What has been negotiated, or set.
  bool is_full_duplex() const;
  bool is_100() const;

 private:
  bool negotiates() const { return (registers_[kBmcr] & kBmcrAutoNegotiation) != 0; }
  std::uint16_t common_abilities() const;

  static constexpr std::array<std::uint16_t, 32> kInitial = [] {
    std::array<std::uint16_t, 32> registers{};
    registers[kBmcr] = kBmcrAutoNegotiation | kBmcr100 | kBmcrFullDuplex;
    registers[kPhyId1] = 0x02a8;
    registers[kPhyId2] = 0x0154;
    registers[kAnar] = 0x05e1;
    return registers;
  }();

  std::array<std::uint16_t, 32> registers_ = kInitial;
  bool plugged_ = true;
  bool was_down_ = false;  // and nobody has read it yet
};

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_PHY_H_
