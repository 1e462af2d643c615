// What a driver does with an 82540EM, for tests: it sets up rings in memory and goes through
// registers and descriptors.

#ifndef SLUICE_DEVICES_NIC_E1000_DRIVER_H_
#define SLUICE_DEVICES_NIC_E1000_DRIVER_H_

#include <optional>
#include <vector>

#include "devices/nic/e1000/descriptors.h"
#include "devices/nic/e1000/e1000.h"
#include "devices/nic/e1000/registers.h"
#include "devices/nic/test_machine.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/octets.h"

namespace sluice::e1000 {

// Where things lie in the guest's memory.
inline constexpr std::uint64_t kTxRing = 0x2000;
inline constexpr std::uint64_t kRxRing = 0x4000;
inline constexpr std::uint64_t kTxData = 0x10000;
inline constexpr std::uint64_t kRxData = 0x80000;

class Driver {
 public:
  static constexpr std::uint32_t kRing = 16;  // descriptors

  struct Sent {
    Octets frame;
    Offload offload;
  };
  struct Received {
    Octets frame;
    std::uint8_t status = 0;  // of the last descriptor
    std::uint8_t errors = 0;
    std::uint16_t special = 0;
    std::uint16_t checksum = 0;
    unsigned descriptors = 0;
  };

  // Probes the card and starts both directions: buffers of 2048 bytes, the frame check sequence is
  // stripped, broadcasts are accepted.
  Driver();

  std::uint32_t read(std::uint32_t offset) {
    return static_cast<std::uint32_t>(card.read_bar(now, 0, offset, 4));
  }
  void write(std::uint32_t offset, std::uint32_t value) {
    card.write_bar(now, 0, offset, 4, value);
  }
  void start_transmitter(std::uint32_t ring = kRing);
  void start_receiver(std::uint32_t rctl = kRctlEn | kRctlBam | kRctlSecrc,
                      std::uint32_t ring = kRing, std::uint32_t buffer = 2048);

  std::uint16_t read_phy(unsigned number);
  void write_phy(unsigned number, std::uint16_t value);
  // The same by the pins of the chip.
  std::uint16_t read_eeprom(unsigned address);

  // Puts bytes behind those that were put before; returns where they are.
  std::uint64_t put(Bytes bytes);
  template <typename Descriptor>
  void post(const Descriptor& descriptor) {
    const auto raw = std::bit_cast<Raw>(descriptor);
    slot.memory().write(kTxRing + tx_tail * kDescriptorSize, raw);
    tx_tail = (tx_tail + 1) % tx_ring;
  }
  void post_legacy(Bytes data, std::uint8_t command, std::uint16_t special = 0);
  void post_context(const ContextDescriptor& context, std::uint8_t tucmd, std::uint32_t paylen = 0);
  void post_data(Bytes data, std::uint8_t dcmd, std::uint8_t popts = 0, std::uint16_t special = 0);
  // Moves the tail behind what was posted.
  void kick() { write(kTdt, tx_tail); }
  // Whether the descriptor says that it is done.
  bool done(std::uint32_t index);
  std::vector<Sent> take();
  // The only frame that was sent.
  Sent take_one();

  // A frame from the network. It comes in one piece, or with `payload` behind it.
  void deliver(Bytes frame, const Offload& offload = {}, gsl::span<const Bytes> payload = {});
  // What is in the ring next, whose buffers are given back.
  std::optional<Received> receive();

  // Time passes until the card wants to be called, and it is.
  void step();

  TestSlot slot;
  E1000 card{slot, kGuestMac};
  Time now{};
  std::uint32_t tx_tail = 0;
  std::uint32_t tx_ring = kRing;
  std::uint32_t rx_head = 0;
  std::uint32_t rx_ring = kRing;

 private:
  std::uint64_t next_data_ = kTxData;
  std::uint32_t buffer_ = 2048;
};

// The frame as it goes on a wire, if it is not to be cut.
Octets finished(const Driver::Sent& sent);

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_DRIVER_H_
