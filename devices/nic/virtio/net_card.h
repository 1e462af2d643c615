// The virtio network device as a PCI function (virtio 1.2, section 4.1), a transitional one
// (1af4:1000): drivers of the specification find their registers by capabilities in a memory BAR,
// older ones in an I/O BAR.
//
//   BAR 0, I/O     the legacy interface
//   BAR 1, memory  0x0000 common configuration  0x1000 interrupt status
//                  0x2000 device configuration  0x3000 notification, 4 bytes for each queue
//   BAR 2, memory  0x000 table of messages      0x800 those that are pending
//
// Its queues are used where they lie in the guest's memory, so that has to have windows; queues in
// memory without are answered by DEVICE_NEEDS_RESET. Beside queues for frames there is one for
// commands, by which a driver says what it wants to receive.
//
// The capability by which registers can be reached through configuration space gives the Nic's own
// read_config() an effect.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_CARD_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_CARD_H_

#include "devices/nic/nic.h"
#include "devices/nic/virtio/net.h"
#include "devices/nic/virtio/pci_device.h"
#include "devices/nic/virtio/pci_registers.h"

namespace sluice {

class VirtioNetCard final : public Nic {
 public:
  // `slot` outlives it.
  VirtioNetCard(PciSlot& slot, VirtioNetOptions options);
  VirtioNetCard(const VirtioNetCard&) = delete;
  VirtioNetCard& operator=(const VirtioNetCard&) = delete;

  std::uint32_t read_config(std::size_t offset, unsigned size) override;
  void write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) override;
  std::uint64_t read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) override;
  void write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                 std::uint64_t value) override;
  const PciBars& bars() const override { return config_.bars(); }

  void reset(Time now) override;
  std::optional<Time> deadline() const override;
  void on_time(Time now) override;

  void set_time(Time now) override;
  void set_link(Time now, bool up) override;
  gsl::span<const Frame> take_frames() override;
  bool takes(unsigned frames) override;
  void remind(Time now) override;
  const Counters& counters() const override;

  LinkCapabilities capabilities() const override { return device_.net().capabilities(); }
  MutableBytes reserve(std::size_t size) override { return device_.net().reserve(size); }
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  bool has_room(const MacAddress& to) const override;
  void flush() override;

 private:
  void begin(Time now);
  // Takes frames from the guest, if those that were taken before have been fetched.
  void work();
  // The access that the capability for it describes; none if it describes none that there can be.
  struct Window {
    unsigned bar;
    std::uint64_t offset;
    unsigned size;
  };
  std::optional<Window> window() const;
  std::uint64_t read_memory(std::uint64_t offset, unsigned size);
  void write_memory(std::uint64_t offset, unsigned size, std::uint64_t value);

  PciConfig config_;
  VirtioPciDevice device_;
  VirtioPciRegisters registers_{device_};
  std::size_t window_at_ = 0;    // the capability of that access
  std::size_t messages_at_ = 0;  // and that of messages
  gsl::span<const Frame> frames_;
  Counters own_;
  mutable Counters counters_;
  Time now_{};
  bool link_up_ = true;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_CARD_H_
