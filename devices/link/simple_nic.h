// The simplest card, for tests of what reaches cards.

#ifndef SLUICE_DEVICES_LINK_SIMPLE_NIC_H_
#define SLUICE_DEVICES_LINK_SIMPLE_NIC_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "devices/nic/nic.h"

namespace sluice {

// A card that does at once what is written into its registers, each a double word: it sends a frame
// of 64 bytes from an address of memory, or keeps the address that the next frame is written to.
class SimpleNic final : public Nic {
 public:
  static constexpr std::uint64_t kSend = 0;
  static constexpr std::uint64_t kReceiveAt = 4;
  static constexpr std::uint64_t kInterrupt = 8;
  static constexpr std::uint64_t kWake = 12;  // when on_time() is to be called, in nanoseconds
  static constexpr std::size_t kFrame = 64;

  explicit SimpleNic(PciSlot& slot) : slot_(slot) {
    const std::array<std::uint8_t, 4> msi{0, 0, 0x04, 0};
    const std::array<std::uint8_t, 4> msi_x{0, 0, 0x02, 0};
    const std::array<std::uint8_t, 4> fixed{};
    config_.add_capability(0x05, msi, fixed);
    config_.add_capability(0x11, msi_x, fixed);
  }

  std::uint32_t read_config(std::size_t offset, unsigned size) override {
    return config_.read(offset, size);
  }
  void write_config(Time, std::size_t offset, unsigned size, std::uint32_t value) override {
    config_.write(offset, size, value);
  }
  std::uint64_t read_bar(Time, unsigned bar, std::uint64_t offset, unsigned size) override {
    return bar << 24 | size << 16 | offset;
  }
  void write_bar(Time, unsigned bar, std::uint64_t offset, unsigned size,
                 std::uint64_t value) override {
    writes.push_back({bar, offset, size, value});
    if (bar != 0) return;
    switch (offset) {
      case kSend: {
        std::array<std::uint8_t, kFrame>& room = frames_.at(count_);
        if (!slot_.memory().read(value, room)) return;
        batch_.at(count_++) = {.bytes = room, .offload = {}};
        break;
      }
      case kReceiveAt:
        receive_at_ = value;
        break;
      case kInterrupt:
        slot_.set_interrupt(value != 0);
        break;
      case kWake:
        deadline_ = Time(std::chrono::nanoseconds(value));
        break;
      default:
        break;
    }
  }
  const PciBars& bars() const override { return config_.bars(); }
  void reset(Time) override { ++resets; }
  std::optional<Time> deadline() const override { return deadline_; }
  void on_time(Time) override {
    ++woken;
    deadline_.reset();
  }
  void set_time(Time) override {}
  void set_link(Time, bool up) override { link = up; }
  gsl::span<const Frame> take_frames() override {
    return gsl::span<const Frame>(batch_).first(std::exchange(count_, 0));
  }
  bool takes(unsigned frames) override { return frames <= places; }
  void remind(Time) override { ++reminded; }
  const Counters& counters() const override { return counters_; }

  LinkCapabilities capabilities() const override { return {}; }
  MutableBytes reserve(std::size_t size) override { return MutableBytes(room_).first(size); }
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload&) override {
    --places;
    slot_.memory().write(receive_at_, Bytes(room_).first(size));
    for (const Bytes piece : payload) slot_.memory().write(receive_at_ + size, piece);
  }
  bool has_room(const MacAddress& /*to*/) const override { return !full; }
  void flush() override {
    ++flushed;
    slot_.set_interrupt(true);
  }

  struct Write {
    unsigned bar;
    std::uint64_t offset;
    unsigned size;
    std::uint64_t value;
    friend bool operator==(const Write&, const Write&) = default;
  };
  std::vector<Write> writes;
  unsigned places = 1000;  // for frames, each of which takes one
  bool full = false;       // for who can wait
  bool link = true;
  int flushed = 0;
  int reminded = 0;
  int resets = 0;
  int woken = 0;

 private:
  PciSlot& slot_;
  PciConfig config_{{.vendor = 0x1234, .device = 0x5678},
                    {{{PciBar::Kind::kMemory, 0x100}, {PciBar::Kind::kIo, 0x20}}}};
  std::array<std::array<std::uint8_t, kFrame>, 300> frames_{};
  std::array<Frame, 300> batch_;
  std::size_t count_ = 0;
  std::uint64_t receive_at_ = 0;
  std::optional<Time> deadline_;
  Counters counters_;
  std::vector<std::uint8_t> room_ = std::vector<std::uint8_t>(Link::kMaxReserve);
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_SIMPLE_NIC_H_
