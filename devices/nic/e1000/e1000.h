// Intel's 82540EM, the network card of the PRO/1000 MT Desktop Adapter, as its driver sees it.
//
// Facts are from Intel's "PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's
// Manual"; sections that comments name are of that.
//
// The card is a set of parts around its registers, most of which only keep what they are told:
// Transmitter and Receiver move frames, Interrupts and two DelayTimers decide when they are told
// of, Phy and Eeprom are chips of their own behind registers. This class takes each access to the
// part that it is for, and does what concerns several of them.
//
// To the network it is a link that takes large frames. They are cut here, as the card itself has no
// way to take them; those that the guest wants to be cut leave as they are.

#ifndef SLUICE_DEVICES_NIC_E1000_E1000_H_
#define SLUICE_DEVICES_NIC_E1000_E1000_H_

#include <memory>

#include "devices/nic/e1000/eeprom.h"
#include "devices/nic/e1000/interrupts.h"
#include "devices/nic/e1000/phy.h"
#include "devices/nic/e1000/receive.h"
#include "devices/nic/e1000/register_file.h"
#include "devices/nic/e1000/statistics.h"
#include "devices/nic/e1000/transmit.h"
#include "devices/nic/interrupt_line.h"
#include "devices/nic/nic.h"
#include "stack/segmenter.h"

namespace sluice {
namespace e1000 {

class Card final : public Nic {
 public:
  static constexpr std::uint32_t kMemorySize = 0x20000;
  static constexpr std::uint32_t kIoSize = 0x40;

  // `address` is what the EEPROM holds. The slot outlives the card.
  Card(PciSlot& slot, const MacAddress& address);
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  std::uint32_t read_config(std::size_t offset, unsigned size) override;
  void write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) override;
  std::uint64_t read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) override;
  void write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                 std::uint64_t value) override;
  const PciBars& bars() const override { return config_.bars(); }

  void reset(Time now) override;
  std::optional<Time> deadline() const override;
  void on_time(Time now) override;

  void set_time(Time now) override { now_ = now; }
  void set_link(Time now, bool up) override;
  gsl::span<const Frame> take_frames() override { return transmitter_.take(); }
  bool takes(unsigned frames) override;
  // Reading ICR clears it, and who reads waits for what it says: nothing is missed.
  void remind(Time /*now*/) override {}
  const Counters& counters() const override { return counters_; }

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

 private:
  // Registers: `offset` is a multiple of 4 within the memory region.
  std::uint32_t read_register(std::uint32_t offset);
  void write_register(std::uint32_t offset, std::uint32_t value);
  void write_control(std::uint32_t value);
  void write_mdic(std::uint32_t value);
  std::uint32_t status() const;
  // The window to the registers in I/O space (section 13.2.2).
  std::uint32_t read_io(std::uint64_t offset);
  void write_io(std::uint64_t offset, std::uint32_t value);

  void reset_device();
  void load_address();
  // The card may use the guest's memory.
  bool reaches_memory() const;
  bool loops_back() const;
  bool may_transmit() const;
  bool can_receive() const;
  void transmit();
  void receive_own();

  PciSlot& slot_;
  PciConfig config_;
  std::size_t power_capability_;
  InterruptLine line_;
  Time now_{};

  RegisterFile registers_;
  Statistics statistics_;
  Counters counters_;
  Eeprom eeprom_;
  Phy phy_;
  Interrupts interrupts_{line_};
  DelayTimer transmit_delay_;
  DelayTimer receive_delay_;
  Transmitter transmitter_{registers_, statistics_, counters_};
  Receiver receiver_{registers_, statistics_, counters_};

  std::uint32_t io_address_ = 0;
  std::unique_ptr<std::uint8_t[]> frame_;    // what the network builds
  std::unique_ptr<std::uint8_t[]> segment_;  // what is cut from it, or comes back from ourselves
  std::size_t reserved_ = 0;
};

}  // namespace e1000

using E1000 = e1000::Card;

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_E1000_E1000_H_
