// Realtek RTL8139C+, a Fast Ethernet card for the PCI bus (10ec:8139), at the level of its
// registers.
//
// It has two modes, and a driver chooses one for each direction: that of its predecessors, with
// four transmit slots and a receive buffer, and C+ mode (CPCR) with rings of descriptors,
// checksums, large send and VLAN tags. Which one a driver knows, it decides by the revision: Linux'
// 8139cp takes cards from 20h on, 8139too those below, which here have no C+ mode either.
//
// Registers are accessed as on the bus: a double word with some of its bytes enabled. So it is all
// the same in how many accesses, and of which size, a driver writes registers that are neighbours.
// What is not there, reads as zero; that includes RxMaxSize, by which drivers tell an RTL8169.
//
// Left out is what nobody can see here: wake-up frames, the flash memory, early receive and
// transmit, flow control, and tuning of the line. Their registers keep what is written, as far as
// they have any.

#ifndef SLUICE_DEVICES_NIC_RTL8139_RTL8139_H_
#define SLUICE_DEVICES_NIC_RTL8139_RTL8139_H_

#include <array>

#include "devices/nic/interrupt_line.h"
#include "devices/nic/nic.h"
#include "devices/nic/rtl8139/configuration.h"
#include "devices/nic/rtl8139/engine.h"
#include "devices/nic/rtl8139/phy.h"
#include "devices/nic/rtl8139/timer.h"

namespace sluice {

class Rtl8139 final : public Nic {
 public:
  static constexpr std::uint8_t kFirstPlusRevision = 0x20;

  struct Options {
    MacAddress address;
    std::uint8_t revision = kFirstPlusRevision;
  };

  // `slot` is to live longer than this.
  Rtl8139(PciSlot& slot, const Options& options);
  Rtl8139(const Rtl8139&) = delete;
  Rtl8139& operator=(const Rtl8139&) = delete;

  std::uint32_t read_config(std::size_t offset, unsigned size) override;
  void write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) override;
  std::uint64_t read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) override;
  void write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                 std::uint64_t value) override;
  const PciBars& bars() const override { return config_.bars(); }

  void reset(Time now) override;
  std::optional<Time> deadline() const override;
  void on_time(Time now) override;

  void set_time(Time now) override { begin(now); }
  void set_link(Time now, bool up) override;
  gsl::span<const Frame> take_frames() override { return engine_.take_frames(); }
  bool takes(unsigned frames) override { return engine_.takes(frames); }
  void remind(Time now) override;
  const Counters& counters() const override { return engine_.counters(); }

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override { return engine_.reserve(size); }
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override {
    engine_.commit(size, payload, offload);
  }
  void flush() override { end(); }

 private:
  // A write as it comes over the bus.
  struct Lanes {
    std::uint32_t value = 0;
    std::uint32_t mask = 0;  // all ones in the bytes that are enabled

    // Whether any of `count` bytes from `first` on is written.
    bool touch(unsigned first, unsigned count) const;
    // The field of so many bytes after the write, if it was `before`.
    std::uint32_t field(unsigned first, unsigned count, std::uint32_t before) const;
  };

  // Around every call: what time has brought, and what is to be told after it.
  void begin(Time now);
  void end();

  // A double word of registers; `mask` as in Lanes.
  std::uint32_t read(std::uint8_t offset, std::uint32_t mask);
  void write(std::uint8_t offset, const Lanes& lanes);
  void write_receive(std::uint8_t offset, const Lanes& lanes);
  void write_transmit(std::uint8_t offset, const Lanes& lanes);
  void write_configuration(std::uint8_t offset, const Lanes& lanes);
  void write_station(std::uint8_t offset, const Lanes& lanes);

  bool plus() const { return revision_ >= kFirstPlusRevision; }
  bool plus_transmits() const { return (engine_.settings().cpcr & rtl8139::kCpTx) != 0; }

  std::uint8_t revision_;
  PciConfig config_;
  std::size_t power_at_;  // where the power management capability is
  InterruptLine line_;
  rtl8139::Configuration configuration_;
  rtl8139::Engine engine_;
  rtl8139::Phy phy_;
  rtl8139::Timer timer_;
  std::uint8_t msr_ = 0;     // MSR, what can be written of it
  std::uint64_t dtccr_ = 0;  // DTCCR
  std::array<std::uint32_t, rtl8139::kRegisterBytes / 4> plain_{};  // what does nothing
  Time now_{};
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_RTL8139_RTL8139_H_
