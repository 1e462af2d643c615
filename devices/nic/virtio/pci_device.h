// What the driver of a virtio network device on PCI sets up through either interface, and what
// comes of it (virtio 1.2, sections 2.1, 2.2, 3.1 and 4.1): status, features, and where queues lie.
//
// Queues are used where they lie in memory. Memory may go away and come back, as in a machine that
// remaps it, and so may the right to reach it: queues then stand still and go on where they were.
// That is found out before anything is done with a queue, by refresh(). A queue that a driver has
// set up where there is no memory to be seen, and one that makes no sense, is told to it by
// DEVICE_NEEDS_RESET.
//
// Drivers of the legacy interface may use queues before they say DRIVER_OK, and know no
// FEATURES_OK (section 3.1.2), so what they write takes effect at once.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_PCI_DEVICE_H_
#define SLUICE_DEVICES_NIC_VIRTIO_PCI_DEVICE_H_

#include <array>
#include <cstdint>

#include "devices/nic/virtio/net.h"
#include "devices/nic/virtio/pci_interrupts.h"
#include "devices/nic/virtio/pci_memory.h"

namespace sluice {

class VirtioPciDevice final : private VirtioTransport {
 public:
  static constexpr std::uint16_t kMaxSize = 256;  // places of a queue, the largest that iPXE knows

  enum Status : std::uint8_t {
    kAcknowledge = 0x01,
    kDriver = 0x02,
    kDriverOk = 0x04,
    kFeaturesOk = 0x08,
    kNeedsReset = 0x40,
    kFailed = 0x80,
  };

  struct Queue {
    std::uint16_t size = kMaxSize;
    std::uint16_t vector = VirtioPciInterrupts::kNoVector;
    bool enabled = false;
    std::uint64_t descriptors = 0;
    std::uint64_t driver = 0;
    std::uint64_t device = 0;
    VirtioQueue::Position position{};  // where it goes on when it is started
  };

  // `slot` and `config` outlive it.
  VirtioPciDevice(const VirtioNetOptions& options, PciSlot& slot, PciConfig& config);
  VirtioPciDevice(const VirtioPciDevice&) = delete;
  VirtioPciDevice& operator=(const VirtioPciDevice&) = delete;

  // How many queues, and messages, a device of these options has.
  static unsigned queues_of(const VirtioNetOptions& options);
  static unsigned messages_of(const VirtioNetOptions& options) { return queues_of(options) + 1; }
  unsigned queue_count() const { return queue_count_; }

  void reset();
  // To be called before anything is done with queues.
  void refresh();

  std::uint8_t status() const { return status_; }
  void write_status(std::uint8_t value);
  void write_legacy_status(std::uint8_t value);

  std::uint64_t offered_features() const { return net_.offered_features(); }
  std::uint64_t driver_features() const { return driver_features_; }
  // Of no effect from FEATURES_OK on.
  void write_driver_features(std::uint64_t features);
  void write_legacy_features(std::uint32_t features);

  // Defaults for one that there is not.
  const Queue& queue(unsigned number) const;
  // What is not about a queue that runs.
  void set_size(unsigned number, std::uint16_t size);
  void set_areas(unsigned number, std::uint64_t descriptors, std::uint64_t driver,
                 std::uint64_t device);
  void set_vector(unsigned number, std::uint16_t vector);
  void enable(unsigned number);
  // Where all of it lies, in pages; 0 ends its use (section 4.1.5.1.3.1).
  void set_legacy_page(unsigned number, std::uint32_t page);

  std::uint16_t configuration_vector() const { return configuration_vector_; }
  void set_configuration_vector(std::uint16_t vector);
  std::uint8_t generation() const { return generation_; }
  void set_link(bool up);

  // The driver has something in a queue; `legacy`, also before it is DRIVER_OK.
  void notify(unsigned number, bool legacy);
  bool has_work() const { return notified_ || net_.more(); }
  gsl::span<const Frame> receive();

  VirtioNet& net() { return net_; }
  const VirtioNet& net() const { return net_; }
  VirtioPciInterrupts& interrupts() { return interrupts_; }
  const VirtioPciInterrupts& interrupts() const { return interrupts_; }
  bool is_fresh() const { return seen_ == memory_.state(); }

 private:
  SharedMemory& memory() override { return memory_; }
  void interrupt(unsigned queue) override;
  void on_broken(unsigned queue) override;

  bool exists(unsigned number) const { return number < queue_count_; }
  bool accepts_features() const;
  void go_live();
  bool start(unsigned number);
  void start_or_complain(unsigned number);
  void need_reset();
  void tell_configuration();
  void reset_net();

  const unsigned queue_count_;
  VirtioPciMemory memory_;
  VirtioPciMemory::State seen_;
  VirtioPciInterrupts interrupts_;
  VirtioNet net_;
  std::uint8_t status_ = 0;
  std::uint64_t driver_features_ = 0;
  std::array<Queue, VirtioNet::kMaxQueues> queues_;
  std::uint16_t configuration_vector_ = VirtioPciInterrupts::kNoVector;
  std::uint8_t generation_ = 0;
  bool live_ = false;      // queues that are enabled run
  bool notified_ = false;  // and is not looked after yet
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_PCI_DEVICE_H_
