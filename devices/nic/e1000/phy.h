// The 82540EM's physical layer: registers of an M88E1011, behind the management interface (chapter
// 11; IEEE 802.3, clause 22.2.4).
//
// There is nobody to negotiate with. Whatever is asked for, the other end agrees to 1000BASE-T in
// full duplex, at once. A driver that starts a negotiation is told of its end as of a link that has
// changed.

#ifndef SLUICE_DEVICES_NIC_E1000_PHY_H_
#define SLUICE_DEVICES_NIC_E1000_PHY_H_

#include <array>
#include <cstdint>

namespace sluice::e1000 {

class Phy {
 public:
  static constexpr unsigned kAddress = 1;
  static constexpr unsigned kRegisters = 32;

  Phy() { reset(); }

  void reset();
  // Reading can change what is read next. `number` is below kRegisters.
  std::uint16_t read(unsigned number);
  // True: the link was negotiated anew.
  bool write(unsigned number, std::uint16_t value);

  void plug(bool in);
  // There is a link: the cable, or what is sent comes back.
  bool link() const { return (plugged_ && !down()) || loops_back(); }
  bool loops_back() const;

 private:
  bool down() const;

  std::array<std::uint16_t, kRegisters> values_{};
  bool plugged_ = true;
  bool lost_ = false;  // there was no link since the status was read
};

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_PHY_H_
