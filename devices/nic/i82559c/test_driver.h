// A driver of the card for tests, in a machine of its own: it knows registers and structures, and
// says what it does.

#ifndef SLUICE_DEVICES_NIC_I82559C_TEST_DRIVER_H_
#define SLUICE_DEVICES_NIC_I82559C_TEST_DRIVER_H_

#include <chrono>
#include <vector>

#include "devices/nic/i82559c/i82559c.h"
#include "devices/nic/i82559c/registers.h"
#include "devices/nic/test_machine.h"
#include "tests/sim/octets.h"

namespace sluice::i82559c {

using Frames = std::vector<Octets>;

inline constexpr MacAddress kCardMac({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});

class TestDriver {
 public:
  TestDriver() { card.write_config(now, 0x04, 2, 0x0007); }

  std::uint8_t read8(std::size_t offset) {
    return static_cast<std::uint8_t>(card.read_bar(now, 0, offset, 1));
  }
  std::uint16_t read16(std::size_t offset) {
    return static_cast<std::uint16_t>(card.read_bar(now, 0, offset, 2));
  }
  std::uint32_t read32(std::size_t offset) {
    return static_cast<std::uint32_t>(card.read_bar(now, 0, offset, 4));
  }
  void write8(std::size_t offset, std::uint8_t value) { card.write_bar(now, 0, offset, 1, value); }
  void write16(std::size_t offset, std::uint16_t value) {
    card.write_bar(now, 0, offset, 2, value);
  }
  void write32(std::size_t offset, std::uint32_t value) {
    card.write_bar(now, 0, offset, 4, value);
  }

  void command(CuCommand command, std::uint32_t pointer = 0) {
    write32(kScbGeneralPointer, pointer);
    write8(kScbCommand, static_cast<std::uint8_t>(static_cast<unsigned>(command) << 4));
  }
  void command(RuCommand command, std::uint32_t pointer = 0) {
    write32(kScbGeneralPointer, pointer);
    write8(kScbCommand, static_cast<std::uint8_t>(command));
  }
  CuState cu_state() { return static_cast<CuState>(read8(kScbStatus) >> 6); }
  RuState ru_state() { return static_cast<RuState>(read8(kScbStatus) >> 2 & 0xf); }
  // What is pending, acknowledged.
  std::uint8_t take_interrupts() {
    const std::uint8_t causes = read8(kScbStatAck);
    write8(kScbStatAck, causes);
    return causes;
  }

  TestMemory& memory() { return slot.memory(); }
  void put(std::uint32_t address, Bytes bytes) { memory().write(address, bytes); }
  Octets get(std::uint32_t address, std::size_t size) {
    const Bytes bytes = memory().view(address, size);
    return {bytes.begin(), bytes.end()};
  }

  // A command block; its link leads to `next`.
  void put_block(std::uint32_t address, Action action, std::uint16_t flags, std::uint32_t next = 0,
                 Bytes parameters = {}) {
    memory().store(address, std::uint16_t{0});
    memory().store(address + 2, static_cast<std::uint16_t>(static_cast<unsigned>(action) | flags));
    memory().store(address + 4, next);
    put(address + 8, parameters);
  }
  std::uint16_t status_of(std::uint32_t block) { return memory().load<std::uint16_t>(block); }
  // Executes one command that is the only one.
  std::uint16_t act(Action action, Bytes parameters, std::uint16_t flags = 0) {
    put_block(kScratch, action, static_cast<std::uint16_t>(kCbEl | flags), 0, parameters);
    command(CuCommand::kStart, kScratch);
    return status_of(kScratch);
  }

  // A usual configuration: extended blocks and counters, no CRC in memory.
  static Octets usual_configuration() {
    return {0x16, 0x08, 0x00, 0x01, 0x00, 0x00, 0x06, 0x03, 0x01, 0x00, 0x2e,
            0x00, 0x60, 0x00, 0xf2, 0x48, 0x00, 0x40, 0xfa, 0x80, 0x3f, 0x05};
  }
  void configure(const Octets& bytes) { act(Action::kConfigure, bytes); }

  // `count` receive frame descriptors of which each leads to the next, and the last to the first;
  // each with `size` bytes behind it. Returns where they are.
  std::vector<std::uint32_t> put_ring(std::size_t count, std::uint16_t size) {
    std::vector<std::uint32_t> ring;
    for (std::size_t i = 0; i < count; ++i) {
      ring.push_back(static_cast<std::uint32_t>(kRing + i * kRingStep));
    }
    for (std::size_t i = 0; i < count; ++i) put_descriptor(ring[i], 0, ring[(i + 1) % count], size);
    return ring;
  }
  void put_descriptor(std::uint32_t address, std::uint16_t command, std::uint32_t next,
                      std::uint16_t size) {
    memory().store(address, std::uint16_t{0});
    memory().store(address + 2, command);
    memory().store(address + 4, next);
    memory().store(address + 8, ~std::uint32_t{0});
    memory().store(address + 12, std::uint16_t{0});
    memory().store(address + 14, size);
  }
  // What a descriptor has got.
  Octets received(std::uint32_t descriptor) {
    return get(descriptor + 16,
               memory().load<std::uint16_t>(descriptor + 12) & std::size_t{kCountBits});
  }

  // A frame from the network.
  void give(Bytes frame, const Offload& offload = {}) {
    commit(frame, offload);
    card.flush();
  }
  void commit(Bytes frame, const Offload& offload = {}) {
    copy_bytes(frame, card.reserve(frame.size()));
    card.commit(frame.size(), {}, offload);
  }
  // The frames that the card has sent.
  Frames sent() {
    Frames frames;
    for (const Frame& frame : card.take_frames()) {
      frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
    }
    return frames;
  }
  // Lets time pass until nothing is left to do.
  void settle() {
    while (const auto deadline = card.deadline()) {
      now = std::max(now, *deadline);
      card.on_time(now);
    }
  }

  static constexpr std::uint32_t kScratch = 0x2000;
  static constexpr std::uint32_t kRing = 0x20000;
  static constexpr std::uint32_t kRingStep = 0x800;

  Time now{};
  TestSlot slot;
  I82559c card{slot, kCardMac};
};

// A frame of `size` bytes from nobody in particular.
inline Octets frame_to(const MacAddress& destination, std::size_t size) {
  Octets frame(size);
  for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  copy_bytes(destination.octets(), frame);
  const std::array<std::uint8_t, 8> rest{0x52, 0x55, 0x0a, 0x00, 0x02, 0x02, 0x08, 0x00};
  copy_bytes(rest, MutableBytes(frame).subspan(MacAddress::kSize));
  return frame;
}

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_TEST_DRIVER_H_
