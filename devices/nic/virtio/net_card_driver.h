// A driver of a virtio network card on PCI, for tests: it finds the registers by their
// capabilities, or uses those of the legacy interface.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_CARD_DRIVER_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_CARD_DRIVER_H_

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "devices/nic/virtio/net_card.h"
#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/test_driver.h"

namespace sluice {

// The same memory for both sides, as long as it is not taken away.
class WindowedMemory final : public GuestMemory {
 public:
  bool read(std::uint64_t address, MutableBytes into) override {
    const Bytes bytes = view(address, into.size());
    copy_bytes(bytes, into.first(bytes.size()));
    return bytes.size() == into.size();
  }
  bool write(std::uint64_t address, Bytes bytes) override {
    const MutableBytes room = inner_.view(address, bytes.size());
    copy_bytes(bytes.first(room.size()), room);
    return bytes.size() == room.size();
  }
  Bytes view(std::uint64_t address, std::size_t size) override {
    return inner_.view(address, size);
  }
  MutableBytes window(std::uint64_t address, std::size_t size) override {
    ++looks;
    return visible_ ? inner_.prefix(address, size) : MutableBytes{};
  }
  std::uint64_t generation() const override { return generation_; }

  void set_visible(bool visible) {
    visible_ = visible;
    ++generation_;
  }
  TestSharedMemory& inner() { return inner_; }

  std::size_t looks = 0;

 private:
  TestSharedMemory inner_{std::size_t{512} << 10};
  bool visible_ = true;
  std::uint64_t generation_ = 0;
};

class WindowedSlot final : public PciSlot {
 public:
  WindowedMemory& memory() override { return memory_; }
  void set_interrupt(bool asserted) override { level = asserted; }
  void send_message(unsigned vector) override { messages.push_back(vector); }

  bool level = false;
  std::vector<unsigned> messages;

 private:
  WindowedMemory memory_;
};

class VirtioNetCardDriver {
 public:
  static constexpr std::uint64_t kRings = TestSharedMemory::kBase;
  static constexpr std::uint64_t kApart = 0x4000;  // of rings
  static constexpr std::uint64_t kBuffers = kRings + 0x40000;
  static constexpr std::uint16_t kSize = 256;
  static constexpr std::uint64_t kCommands = virtio::kCtrlVq | virtio::kCtrlRx |
                                             virtio::kCtrlRxExtra | virtio::kCtrlVlan |
                                             virtio::kCtrlMacAddr;
  static constexpr std::uint64_t kUsual =
      virtio::kVersion1 | virtio::kMrgRxbuf | virtio::kEventIdx | virtio::kStatus | kCommands;
  static constexpr std::uint64_t kLegacyUsual = virtio::kEventIdx | virtio::kStatus;
  enum Structure : std::uint8_t { kCommon = 1, kNotify, kIsr, kDevice, kWindow };

  struct Place {
    unsigned bar = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::size_t capability = 0;
  };

  explicit VirtioNetCardDriver(std::uint16_t pairs = 1)
      : card(slot, {.mac = MacAddress({2, 0, 0, 0, 0, 1}), .mtu = 1400, .pairs = pairs}) {
    command(7);
    for (std::size_t at = config(0x34, 1); at != 0; at = config(at + 1, 1)) {
      if (config(at, 1) == 0x11) messages_at = at;
      if (config(at, 1) != 9) continue;
      places[static_cast<std::uint8_t>(config(at + 3, 1))] = {config(at + 4, 1), config(at + 8, 4),
                                                              config(at + 12, 4), at};
    }
  }

  std::uint32_t config(std::size_t offset, unsigned size) { return card.read_config(offset, size); }
  void command(std::uint32_t value) { card.write_config(now, 4, 2, value); }
  void enable_messages() {
    card.write_config(now, messages_at + 2, 2, 0x8000);
    for (unsigned i = 0; i < 4; ++i) card.write_bar(now, 2, 16 * i + 12, 4, 0);
  }

  std::uint64_t in(Structure structure, std::uint64_t offset, unsigned size) {
    const Place& place = places.at(structure);
    return card.read_bar(now, place.bar, place.offset + offset, size);
  }
  void out(Structure structure, std::uint64_t offset, unsigned size, std::uint64_t value) {
    const Place& place = places.at(structure);
    card.write_bar(now, place.bar, place.offset + offset, size, value);
  }
  std::uint64_t io_in(std::uint64_t offset, unsigned size) {
    return card.read_bar(now, 0, offset, size);
  }
  void io_out(std::uint64_t offset, unsigned size, std::uint64_t value) {
    card.write_bar(now, 0, offset, size, value);
  }

  std::uint64_t status() { return in(kCommon, 20, 1); }
  std::uint64_t offered() {
    out(kCommon, 0, 4, 0);
    const std::uint64_t low = in(kCommon, 4, 4);
    out(kCommon, 0, 4, 1);
    return low | in(kCommon, 4, 4) << 32;
  }
  // Whether the device goes along with them.
  bool negotiate(std::uint64_t features) {
    out(kCommon, 20, 1, 0);
    out(kCommon, 20, 1, 3);
    for (unsigned i = 0; i < 2; ++i) {
      out(kCommon, 8, 4, i);
      out(kCommon, 12, 4, features >> (32 * i) & 0xffffffff);
    }
    out(kCommon, 20, 1, 11);
    return (status() & 8) != 0;
  }
  void set_up_queue(unsigned number, std::uint64_t features) {
    const std::uint64_t at = kRings + number * kApart;
    TestSharedMemory& memory = slot.memory().inner();
    const bool event_index = (features & virtio::kEventIdx) != 0;
    std::array<std::uint64_t, 3> areas{};
    if ((features & virtio::kRingPacked) != 0) {
      queues[number] = std::make_unique<PackedTestDriver>(memory, at, kSize, event_index);
      // As that one has them.
      areas = {at, at + std::uint64_t{16} * kSize, at + std::uint64_t{16} * kSize + 4};
    } else {
      auto split = std::make_unique<SplitTestDriver>(memory, at, kSize, event_index, 4096);
      areas = {split->descriptors_at(), split->driver_at(), split->device_at()};
      queues[number] = std::move(split);
    }
    out(kCommon, 22, 2, number);
    out(kCommon, 24, 2, kSize);
    out(kCommon, 26, 2, number + 1);
    for (unsigned i = 0; i < 3; ++i) {
      out(kCommon, 32 + 8 * i, 4, areas.at(i) & 0xffffffff);
      out(kCommon, 36 + 8 * i, 4, areas.at(i) >> 32);
    }
    out(kCommon, 28, 2, 1);
  }
  // All that it takes, with an interrupt for each that is given back.
  void set_up(std::uint64_t features = kUsual) {
    negotiate(features);
    out(kCommon, 16, 2, 0);
    for (unsigned i = 0; i < 3; ++i) set_up_queue(i, features);
    out(kCommon, 20, 1, 15);
    for (unsigned i = 0; i < 3; ++i) queues.at(i)->set_interrupts(true);
  }
  void set_up_legacy_queue(unsigned number, std::uint64_t features) {
    queues[number] =
        std::make_unique<SplitTestDriver>(slot.memory().inner(), kRings + number * kApart, kSize,
                                          (features & virtio::kEventIdx) != 0, 4096);
    io_out(14, 2, number);
    io_out(8, 4, (kRings + number * kApart) / 4096);
  }
  void set_up_legacy(std::uint64_t features = kLegacyUsual) {
    io_out(18, 1, 0);
    io_out(18, 1, 3);
    io_out(4, 4, features);
    for (unsigned i = 0; i < 2; ++i) set_up_legacy_queue(i, features);
    io_out(18, 1, 7);
    for (unsigned i = 0; i < 2; ++i) queues.at(i)->set_interrupts(true);
  }

  // A buffer of the guest's with these bytes goes into a queue.
  void give(unsigned queue, const std::vector<std::uint8_t>& bytes, std::uint32_t room = 0) {
    slot.memory().inner().put(kBuffers, bytes);
    std::vector<TestBuffer> buffers;
    if (!bytes.empty()) buffers.push_back({kBuffers, static_cast<std::uint32_t>(bytes.size())});
    if (room != 0) buffers.push_back({kBuffers + 0x10000, room, true});
    queues.at(queue)->add(buffers);
  }
  void notify(unsigned queue) { out(kNotify, std::uint64_t{4} * queue, 2, queue); }

  // The answer to a command; nothing if there is none.
  std::optional<std::uint8_t> order(const std::vector<std::uint8_t>& bytes) {
    give(2, bytes, 1);
    notify(2);
    fetch();
    const auto used = queues.at(2)->take_used();
    return used && used->length == 1 ? std::optional(received(1).front()) : std::nullopt;
  }

  // Fetches until there is nothing to do.
  std::vector<std::vector<std::uint8_t>> fetch() {
    std::vector<std::vector<std::uint8_t>> frames;
    for (int i = 0; i < 100; ++i) {
      for (const Frame& frame : card.take_frames()) {
        frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
      }
      const auto deadline = card.deadline();
      if (!deadline || *deadline > now) break;
      card.on_time(now);
    }
    return frames;
  }
  void put_to_guest(Bytes frame) {
    card.set_time(now);
    copy_bytes(frame, card.reserve(frame.size()));
    card.commit(frame.size(), {}, {});
    card.flush();
  }
  std::vector<std::uint8_t> received(std::size_t size) {
    return slot.memory().inner().get(kBuffers + 0x10000, size);
  }

  Time now{};
  WindowedSlot slot;
  VirtioNetCard card;
  std::map<std::uint8_t, Place> places;
  std::size_t messages_at = 0;
  std::map<unsigned, std::unique_ptr<TestDriver>> queues;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_CARD_DRIVER_H_
