// An RTL8139C+ in a machine, and drivers for it as operating systems have them: registers, memory
// and no other way in.

#ifndef SLUICE_DEVICES_NIC_RTL8139_TEST_DRIVER_H_
#define SLUICE_DEVICES_NIC_RTL8139_TEST_DRIVER_H_

#include <algorithm>
#include <optional>
#include <vector>

#include "devices/nic/rtl8139/rtl8139.h"
#include "devices/nic/test_machine.h"
#include "stack/wire/ethernet.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/octets.h"

namespace sluice::rtl8139 {

class Machine {
 public:
  // Registers as a driver names them: offset, whatever their size.
  enum Port : unsigned {
    kCr = 0x37,
    kCapr = 0x38,
    kCbr = 0x3a,
    kImr = 0x3c,
    kIsr = 0x3e,
    kConfig0 = 0x51,
    kConfig1 = 0x52,
    kConfig3 = 0x59,
    kConfig4 = 0x5a,
    kRerid = 0x5e,
    kBmcr = 0x62,
    kBmsr = 0x64,
    kAnar = 0x66,
    kAnlpar = 0x68,
    kAner = 0x6a,
    kTpPoll = 0xd9,
    kRms = 0xda,
  };
  static constexpr std::uint32_t kAllPhysical = 0x0f;  // RCR: physical, multicast and broadcast

  explicit Machine(std::uint8_t revision = Rtl8139::kFirstPlusRevision)
      : card_(slot, {.address = kGuestMac, .revision = revision}) {
    card_.write_config(now, 4, 2, 7);
  }

  TestSlot slot;
  Time now{};

  Rtl8139& nic() { return card_; }
  TestMemory& memory() { return slot.memory(); }

  std::uint8_t in8(unsigned port) { return static_cast<std::uint8_t>(in(port, 1)); }
  std::uint16_t in16(unsigned port) { return static_cast<std::uint16_t>(in(port, 2)); }
  std::uint32_t in32(unsigned port) { return static_cast<std::uint32_t>(in(port, 4)); }
  void out8(unsigned port, unsigned value) { nic().write_bar(now, 0, port, 1, value); }
  void out16(unsigned port, unsigned value) { nic().write_bar(now, 0, port, 2, value); }
  void out32(unsigned port, std::uint32_t value) { nic().write_bar(now, 0, port, 4, value); }

  void reset_chip() { out8(kCr, 0x10); }
  void unlock() { out8(k9346cr, 0xc0); }
  void lock() { out8(k9346cr, 0); }
  // What has happened; it is forgotten then.
  std::uint16_t interrupts() {
    const std::uint16_t status = in16(kIsr);
    out16(kIsr, status);
    return status;
  }

  // A word of the EEPROM, by the wires.
  std::uint16_t eeprom_word(unsigned address, unsigned address_bits = 6) {
    out8(k9346cr, 0x80);
    const unsigned command = 6U << address_bits | address;
    for (unsigned bit = address_bits + 3; bit-- > 0;) clock_eeprom(command >> bit & 1);
    unsigned word = 0;
    for (unsigned bit = 0; bit < 16; ++bit) word = word << 1 | clock_eeprom(0);
    out8(k9346cr, 0x80);
    lock();
    return static_cast<std::uint16_t>(word);
  }
  // A bit in, and one out.
  unsigned clock_eeprom(unsigned bit) {
    out8(k9346cr, 0x88 | bit << 1);
    out8(k9346cr, 0x8c | bit << 1);
    const unsigned answer = in8(k9346cr) & 1U;
    out8(k9346cr, 0x88 | bit << 1);
    return answer;
  }

  // A frame from the network.
  void arrive(Bytes frame, const Offload& offload = {}) {
    commit(frame, {}, offload);
    nic().flush();
  }
  void commit(Bytes head, gsl::span<const Bytes> payload, const Offload& offload = {}) {
    nic().set_time(now);
    copy_bytes(head, nic().reserve(head.size()));
    nic().commit(head.size(), payload, offload);
  }

  // What the card does by itself, until it waits for something else; the frames that it has sent.
  struct Sent {
    Octets bytes;
    Offload offload;
  };
  std::vector<Sent> sent() {
    std::vector<Sent> all;
    for (;;) {
      const auto frames = nic().take_frames();
      for (const Frame& frame : frames) {
        all.push_back({Octets(frame.bytes.begin(), frame.bytes.end()), frame.offload});
      }
      const auto deadline = nic().deadline();
      if (!deadline || *deadline > now) return all;
      nic().on_time(now);
    }
  }

  Octets read_memory(std::uint64_t address, std::size_t size) {
    Octets bytes(size);
    memory().read(address, bytes);
    return bytes;
  }

 private:
  std::uint64_t in(unsigned port, unsigned size) { return nic().read_bar(now, 1, port, size); }

  Rtl8139 card_;
};

// A driver that knows no C+ mode.
class LegacyDriver {
 public:
  static constexpr std::uint32_t kBuffer = 0x10000;
  static constexpr std::uint32_t kSlots = 0x30000;  // 8 KiB each

  // `rcr` in addition to the address filter.
  explicit LegacyDriver(Machine& machine, std::uint32_t rcr = 0) : machine_(machine) {
    machine.reset_chip();
    machine.out8(Machine::kCr, 0x0c);
    machine.out32(kRcr, Machine::kAllPhysical - 1 + rcr);
    machine.out32(kTcr, 0x0700);
    machine.out32(kRbstart, kBuffer);
    machine.out16(Machine::kImr, 0xe07f);
    length_ = 8192U << ((machine.in32(kRcr) >> 11) & 3);
  }

  void send(Bytes frame) {
    const std::uint32_t address = kSlots + slot_ * 0x2000;
    machine_.memory().write(address, frame);
    machine_.out32(kTsad0 + 4 * slot_, address);
    machine_.out32(kTsd0 + 4 * slot_, static_cast<std::uint32_t>(frame.size()));
    slot_ = (slot_ + 1) % 4;
  }

  struct Received {
    unsigned status = 0;
    Octets frame;  // without the CRC
  };
  // The next frame, if the card says that there is one.
  std::optional<Received> receive() {
    if ((machine_.in8(Machine::kCr) & 1) != 0) return std::nullopt;
    const auto status = machine_.memory().load<std::uint16_t>(kBuffer + offset_);
    const auto size = machine_.memory().load<std::uint16_t>(kBuffer + offset_ + 2);
    const bool wraps = (machine_.in32(kRcr) & 0x80) == 0;
    Received received{status, {}};
    for (unsigned i = 0; i + 4 < size; ++i) {
      const std::uint32_t at = offset_ + 4 + i;
      received.frame.push_back(
          machine_.memory().load<std::uint8_t>(kBuffer + (wraps ? at % length_ : at)));
    }
    offset_ = (offset_ + 4 + size + 3) / 4 * 4 % length_;
    machine_.out16(Machine::kCapr, (offset_ - 16) & 0xffff);
    return received;
  }

 private:
  Machine& machine_;
  std::uint32_t length_ = 0;
  std::uint32_t offset_ = 0;
  unsigned slot_ = 0;
};

// A driver of C+ mode.
class PlusDriver {
 public:
  static constexpr std::uint32_t kNormalRing = 0x40000;
  static constexpr std::uint32_t kHighRing = 0x41000;
  static constexpr std::uint32_t kReceiveRing = 0x42000;
  static constexpr std::uint32_t kSendBuffers = 0x50000;
  static constexpr std::uint32_t kReceiveBuffers = 0x80000;
  static constexpr std::uint32_t kOwn = 1U << 31;
  static constexpr std::uint32_t kEor = 1U << 30;
  static constexpr std::uint32_t kFs = 1U << 29;
  static constexpr std::uint32_t kLs = 1U << 28;
  static constexpr std::uint32_t kLargeSend = 1U << 27;
  static constexpr std::uint32_t kIpSum = 1U << 18;
  static constexpr std::uint32_t kUdpSum = 1U << 17;
  static constexpr std::uint32_t kTcpSum = 1U << 16;
  static constexpr std::uint32_t kTag = 1U << 17;

  struct Rings {
    unsigned send = 16;
    unsigned receive = 16;
    unsigned buffer = 1536;     // bytes of a receive buffer
    std::uint16_t cpcr = 0x6b;  // both rings, checksums, tags
    std::uint32_t rcr = Machine::kAllPhysical - 1;
  };

  explicit PlusDriver(Machine& machine) : PlusDriver(machine, Rings()) {}
  PlusDriver(Machine& machine, const Rings& rings) : machine_(machine), rings_(rings) {
    machine.reset_chip();
    machine.out16(kCpcr, rings.cpcr);
    for (unsigned i = 0; i < rings.receive; ++i) give(i);
    machine.out32(kThpds, kHighRing);
    machine.out32(kThpds + 4, 0);
    machine.out32(kRdsar, kReceiveRing);
    machine.out32(kRdsarHigh, 0);
    machine.out32(kTnpds, kNormalRing);
    machine.out32(kTnpds + 4, 0);
    machine.out8(Machine::kCr, 0x0c);
    machine.out32(kRcr, rings.rcr);
    machine.out16(Machine::kImr, 0xe1ff);
  }

  // Puts a frame into the ring, in pieces of `piece` bytes, and does not say so.
  void queue(Bytes frame, std::uint32_t command = 0, std::uint32_t vlan = 0,
             std::size_t piece = 0xffff) {
    std::uint32_t first = kFs;
    std::size_t taken = 0;
    do {
      const Bytes part = frame.subspan(taken, std::min(piece, frame.size() - taken));
      taken += part.size();
      machine_.memory().write(buffer_, part);
      const std::uint32_t status = kOwn | first | (taken == frame.size() ? kLs : 0) | command |
                                   static_cast<std::uint32_t>(part.size());
      describe(kNormalRing, next_, status | (next_ + 1 == rings_.send ? kEor : 0), vlan, buffer_);
      buffer_ += static_cast<std::uint32_t>(part.size());
      if (buffer_ > kSendBuffers + 0x20000) buffer_ = kSendBuffers;
      next_ = (next_ + 1) % rings_.send;
      first = 0;
    } while (taken < frame.size());
  }
  void poll() { machine_.out8(Machine::kTpPoll, 0x40); }
  void send(Bytes frame, std::uint32_t command = 0, std::uint32_t vlan = 0,
            std::size_t piece = 0xffff) {
    queue(frame, command, vlan, piece);
    poll();
  }
  std::uint32_t status(unsigned index, std::uint32_t ring = kNormalRing) {
    return machine_.memory().load<std::uint32_t>(ring + 16 * index);
  }
  void describe(std::uint32_t ring, unsigned index, std::uint32_t status, std::uint32_t vlan,
                std::uint64_t address) {
    machine_.memory().store<std::uint32_t>(ring + 16 * index + 4, vlan);
    machine_.memory().store<std::uint64_t>(ring + 16 * index + 8, address);
    machine_.memory().store<std::uint32_t>(ring + 16 * index, status);
  }

  struct Received {
    std::uint32_t status = 0;  // of the last descriptor
    std::uint32_t vlan = 0;
    Octets frame;  // without the CRC
    unsigned descriptors = 0;
  };
  // The next frame, if there is one. Its buffers are given back.
  std::optional<Received> receive() {
    Received received;
    for (;;) {
      const std::uint32_t status = this->status(current_, kReceiveRing);
      if ((status & kOwn) != 0) return std::nullopt;
      const bool last = (status & kLs) != 0;
      const std::size_t length = status & 0x1fff;
      const std::size_t part = last ? length - received.frame.size() : length;
      const Octets bytes = machine_.read_memory(buffer_of(current_), part);
      received.frame.insert(received.frame.end(), bytes.begin(), bytes.end());
      received.status = status;
      received.vlan = machine_.memory().load<std::uint32_t>(kReceiveRing + 16 * current_ + 4);
      ++received.descriptors;
      give(current_);
      current_ = (current_ + 1) % rings_.receive;
      if (last) break;
    }
    received.frame.resize(received.frame.size() - 4);
    return received;
  }

 private:
  std::uint32_t buffer_of(unsigned index) const { return kReceiveBuffers + index * rings_.buffer; }
  void give(unsigned index) {
    const std::uint32_t end = index + 1 == rings_.receive ? kEor : 0;
    describe(kReceiveRing, index, kOwn | end | rings_.buffer, 0, buffer_of(index));
  }

  Machine& machine_;
  Rings rings_;
  unsigned next_ = 0;
  unsigned current_ = 0;
  std::uint32_t buffer_ = kSendBuffers;
};

// A frame to the guest from the gateway, otherwise as one from it.
inline Octets turned(Octets frame) {
  std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6);
  return frame;
}

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_TEST_DRIVER_H_
