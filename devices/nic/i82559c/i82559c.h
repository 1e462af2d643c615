// The Intel 82559C, a network card of 100 Mbit/s for PCI (Intel 8255x 10/100 Mbps Ethernet
// Controller Family Open Source Software Developer Manual).
//
// Registers are here; what they start is in the command unit and the receive unit. All that a
// command asks for is done before the write of its register returns, as far as one call does so
// much, so that a driver that waits for a register or a status finds what it waits for.
//
// The card computes no checksums of what it sends and cuts nothing, so each frame that the guest
// sends is one frame here. Large ones for the guest are cut before they are received.

#ifndef SLUICE_DEVICES_NIC_I82559C_I82559C_H_
#define SLUICE_DEVICES_NIC_I82559C_I82559C_H_

#include <array>
#include <memory>

#include "devices/nic/bus_master.h"
#include "devices/nic/frame_batch.h"
#include "devices/nic/i82559c/command.h"
#include "devices/nic/i82559c/receive.h"
#include "devices/nic/i82559c/registers.h"
#include "devices/nic/i82559c/state.h"
#include "devices/nic/interrupt_line.h"
#include "devices/nic/microwire_eeprom.h"
#include "devices/nic/nic.h"
#include "stack/segmenter.h"

namespace sluice {

class I82559c final : public Nic {
 public:
  static constexpr PciBars kBars{{{PciBar::Kind::kMemory, 0x1000},
                                  {PciBar::Kind::kIo, 0x40},
                                  {PciBar::Kind::kMemory, 0x100000}}};

  // The slot outlives the card. `address` is what its EEPROM holds.
  I82559c(PciSlot& slot, const MacAddress& address);
  I82559c(const I82559c&) = delete;
  I82559c& operator=(const I82559c&) = delete;

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
  gsl::span<const Frame> take_frames() override { return batch_.take(); }
  bool takes(unsigned frames) override {
    return !state_.phy.has_link() || receive_unit_.takes(frames);
  }
  void remind(Time now) override;
  const Counters& counters() const override { return state_.counters; }

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override;
  // What finds no descriptor is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override { update_line(); }

 private:
  std::uint8_t read_register(std::size_t offset) const;
  void write_register(std::size_t offset, std::uint8_t value);
  std::uint32_t stored(std::size_t offset) const;
  void on_scb_command();
  void on_port(std::uint32_t value);
  void on_mdi_control();
  void software_reset();
  void deliver(Bytes head, gsl::span<const Bytes> payload);
  void update_line() { line_.set(state_.interrupts.asserted()); }

  PciConfig config_;
  std::size_t power_capability_;
  BusMaster bus_;
  InterruptLine line_;
  MicrowireEeprom eeprom_;
  i82559c::State state_;
  FrameBatch batch_;
  i82559c::ReceiveUnit receive_unit_;
  i82559c::CommandUnit command_unit_;
  Time now_{};
  // What was written into those registers that keep it.
  std::array<std::uint8_t, i82559c::kCsrSize> registers_;
  std::uint8_t pmdr_ = 0;
  std::unique_ptr<std::uint8_t[]> output_;   // what reserve() hands out
  std::unique_ptr<std::uint8_t[]> segment_;  // one of those that a large frame is cut into
  std::size_t reserved_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_I82559C_I82559C_H_
