// The transceiver in the RTL8139C+: its MII registers, which the card shows among its own (data
// sheet, sections 6.18 to 6.27).
//
// At the other end of the cable is a partner that can do all that this one can, so whatever the
// driver advertises is agreed upon, and at once.

#ifndef SLUICE_DEVICES_NIC_RTL8139_PHY_H_
#define SLUICE_DEVICES_NIC_RTL8139_PHY_H_

#include <cstdint>

namespace sluice::rtl8139 {

class Phy {
 public:
  bool link() const { return link_; }
  void set_link(bool up);
  // As after power on, but for the cable.
  void reset();

  std::uint16_t bmcr() const { return bmcr_; }
  // Speed, duplex and autonegotiation change only when the configuration registers may be written.
  void write_bmcr(std::uint16_t value, bool unlocked);
  // The link's bit says once that there was none since it was read last, even if there is now.
  std::uint16_t read_bmsr();
  std::uint16_t anar() const { return anar_; }
  void write_anar(std::uint16_t value);
  std::uint16_t anlpar() const;
  std::uint16_t aner() const;
  std::uint16_t disconnects() const { return disconnects_; }  // DIS
  std::uint16_t cscr() const;
  // Whether the link is one of 10 Mbit/s.
  bool slow() const;

 private:
  static constexpr std::uint16_t kBmcr = 0x3100;  // 100 Mbit/s, autonegotiation, full duplex
  static constexpr std::uint16_t kAnar = 0x05e1;  // all of 10 and 100 Mbit/s, and pause

  bool link_ = true;
  bool link_was_lost_ = false;
  std::uint16_t bmcr_ = kBmcr;
  std::uint16_t anar_ = kAnar;
  std::uint16_t disconnects_ = 0;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_PHY_H_
