// What moves frames in the RTL8139C+: the receiver, the transmitter and what both need.
//
// Frames from the network are filtered by their address and written to where the mode has it: the
// receive buffer, or in C+ mode the receive ring. Large ones are cut before, and checksums
// completed, for the card can't leave either to the driver. What finds no room is missed. Frames of
// the guest wait in a batch until the network takes them; while that is full, nothing more is read.
// In loopback they return to the receiver instead.
//
// work() goes on with what the guest has asked for, a bounded number of frames at a time.

#ifndef SLUICE_DEVICES_NIC_RTL8139_ENGINE_H_
#define SLUICE_DEVICES_NIC_RTL8139_ENGINE_H_

#include <memory>

#include "devices/nic/frame_batch.h"
#include "devices/nic/rtl8139/arrival.h"
#include "devices/nic/rtl8139/buffer.h"
#include "devices/nic/rtl8139/interrupts.h"
#include "devices/nic/rtl8139/receive.h"
#include "devices/nic/rtl8139/registers.h"
#include "devices/nic/rtl8139/slots.h"
#include "devices/nic/rtl8139/statistics.h"
#include "devices/nic/rtl8139/transmit.h"
#include "stack/counters.h"
#include "stack/segmenter.h"

namespace sluice::rtl8139 {

// The registers that say how, as the driver has written them.
struct Settings {
  std::uint8_t cr = 0;  // TE and RE
  std::uint32_t tcr = kTcrIfg;
  std::uint32_t rcr = 0;
  std::uint16_t cpcr = 0;
};

class Engine {
 public:
  // `memory` is to live longer than this.
  explicit Engine(GuestMemory& memory);

  // As the command register's RST does it: all but the address filter and the tally counters.
  void reset();
  // Whether there is a cable, and whether the card may use the bus. Without the latter it does
  // nothing and takes nothing.
  void set_carrier(bool carrier) { carrier_ = carrier; }
  void set_master(bool master) { master_ = master; }

  const Settings& settings() const { return settings_; }
  void write_cr(std::uint8_t value);
  void write_tcr(std::uint32_t value) { settings_.tcr = value & kTcrWritable; }
  void write_rcr(std::uint32_t value) { settings_.rcr = value & kRcrWritable; }
  void write_cpcr(std::uint16_t value) { settings_.cpcr = value & kCpcrWritable; }
  // TSAD0-3, which in C+ mode are TNPDS and THPDS.
  std::uint32_t transmit_address(unsigned index) const { return transmit_addresses_.at(index); }
  void write_transmit_address(unsigned index, std::uint32_t value);

  Filter& filter() { return filter_; }
  Interrupts& interrupts() { return interrupts_; }
  Statistics& statistics() { return statistics_; }
  Buffer& buffer() { return buffer_; }
  Receive& receive() { return receive_; }
  Slots& slots() { return slots_; }
  Transmit& transmit() { return transmit_; }
  const Interrupts& interrupts() const { return interrupts_; }
  const Counters& counters() const { return counters_; }

  // DTCCR: writes the tally counters to `address`.
  void dump_tally(std::uint64_t address);

  // Sends some of what waits.
  void work();
  // Whether there is more, and room for it.
  bool has_work() const;
  gsl::span<const Frame> take_frames() { return batch_.take(); }

  // As Nic's.
  bool takes(unsigned frames);
  void remind() {
    if (can_receive()) interrupts_.raise(kRok);
  }

  // The Link's half, as there.
  MutableBytes reserve(std::size_t size);
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload);

 private:
  bool plus_transmits() const { return (settings_.cpcr & kCpTx) != 0; }
  bool loops_back() const;
  bool can_receive() const { return master_ && (settings_.cr & kCrRe) != 0; }
  Outgoing next(MutableBytes room);
  void send(MutableBytes frame, const Offload& offload);
  void deliver(MutableBytes head, gsl::span<const Bytes> payload, const Offload& offload);
  void store(Match match, MutableBytes head, gsl::span<const Bytes> payload,
             ChecksumState checksum);
  void count_stored(Match match);

  GuestMemory& memory_;
  Settings settings_;
  bool carrier_ = true;
  bool master_ = false;
  Interrupts interrupts_;
  Statistics statistics_;
  Counters counters_;
  Filter filter_;
  Buffer buffer_;
  Receive receive_;
  Slots::Addresses transmit_addresses_{};
  Slots slots_{memory_, interrupts_, statistics_};
  Transmit transmit_{memory_, interrupts_, statistics_};
  FrameBatch batch_;
  std::unique_ptr<std::uint8_t[]> output_;   // what reserve() hands out
  std::unique_ptr<std::uint8_t[]> segment_;  // one piece of a large frame
  std::size_t reserved_ = 0;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_ENGINE_H_
