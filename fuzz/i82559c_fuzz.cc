// The 82559C in the hands of a driver that does anything at all, in memory that holds anything and
// may change while it is read.
//
// The first byte of input says how often it changes. Then come steps, a byte for which, and what it
// needs:
//   0  write a register: offset, size, value     1  read one: offset, size
//   2  write memory: address, a piece            3  a command to both units: pointer, command
//   4  a command block: where, command, link, 8 bytes of parameters
//   5  a receive frame descriptor: where, command, link, size
//   6  a frame from the network: kind, size      7  time passes: microseconds
//   8  fetch frames   9  write configuration space: offset, value   10  plug, unplug, reset
// No call may do more than so much, and after a reset the card works.

#include <chrono>
#include <vector>

#include "devices/nic/i82559c/i82559c.h"
#include "fuzz/program.h"
#include "fuzz/restless_memory.h"
#include "stack/address.h"
#include "stack/segmenter.h"

namespace sluice {
namespace {

constexpr MacAddress kMac({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});

constexpr unsigned kManyFrames = 46;  // as one large one is cut into

// What one call may do: 64 command blocks of 255 buffers each, or the segments of a large frame.
constexpr std::size_t kMaxAccesses = std::size_t{64} * (2 * 255 + 32);
constexpr std::size_t kMaxBytes = std::size_t{64} * 2 * (Link::kMaxReserve + 4096);

constexpr RestlessMemory::Shape kMemory{
    .end = std::uint64_t{64} << 10,
    .size = std::size_t{64} << 10,
    .max_accesses = kMaxAccesses,
    .max_bytes = kMaxBytes,
};

class Slot final : public PciSlot {
 public:
  RestlessMemory& memory() override { return memory_; }
  void set_interrupt(bool asserted) override {
    require(asserted != level_);
    level_ = asserted;
  }
  void send_message(unsigned /*vector*/) override { require(false); }
  bool level() const { return level_; }

 private:
  RestlessMemory memory_{kMemory};
  bool level_ = false;
};

class Machine {
 public:
  explicit Machine(unsigned period) {
    slot_.memory().set_period(period);
    enable();
  }

  void step(Program& program) {
    slot_.memory().begin();
    switch (program.number() % 11) {
      case 0: {
        const std::uint8_t offset = program.number();
        const std::uint8_t how = program.number();
        return card_.write_bar(now_, how >> 4 & 3, offset & 0x3f, 1U << (how & 3), word(program));
      }
      case 1: {
        const std::uint8_t offset = program.number();
        const std::uint8_t how = program.number();
        card_.read_bar(now_, how >> 4 & 3, offset, 1U << (how & 3));
        return;
      }
      case 2: {
        const std::uint16_t address = program.number16();
        slot_.memory().write(address, program.piece());
        return;
      }
      case 3: {
        const std::uint16_t pointer = program.number16();
        return command(pointer, program.number());
      }
      case 4:
        return put_block(program);
      case 5: {
        const std::uint16_t at = program.number16();
        std::array<std::uint8_t, 16> descriptor{};
        const MutableBytes bytes(descriptor);
        store_little(bytes, 2, program.number16());
        store_little(bytes, 4, std::uint32_t{program.number16()});
        store_little(bytes, 14, program.number16());
        slot_.memory().write(at, descriptor);
        return;
      }
      case 6:
        return give(program);
      case 7:
        now_ += std::chrono::microseconds(program.number16());
        return card_.on_time(now_);
      case 8:
        return fetch();
      case 9: {
        const std::uint8_t offset = program.number();
        return card_.write_config(now_, offset, 1, program.number());
      }
      default:
        return disturb(program.number());
    }
  }

  // A driver comes that means well.
  void finish() {
    slot_.memory().begin();
    slot_.memory().set_period(0);
    card_.set_link(now_, true);
    card_.reset(now_);
    require(!slot_.level() && !card_.deadline() && card_.take_frames().empty());
    enable();
    // Its own address, then a frame; the receive unit has one descriptor, the last one.
    constexpr std::array<std::uint8_t, 14> kSetUp{0, 0,    0x01, 0, 0x40, 0x10, 0,
                                                  0, 0x52, 0x54, 0, 0x12, 0x34, 0x56};
    constexpr std::array<std::uint8_t, 16> kSend{0,    0,    0x04, 0xc0, 0,  0,    0, 0,
                                                 0xff, 0xff, 0xff, 0xff, 64, 0x80, 0, 0};
    constexpr std::array<std::uint8_t, 16> kTake{0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4};
    slot_.memory().write(0x1000, kSetUp);
    slot_.memory().write(0x1040, kSend);
    slot_.memory().write(0x2000, kTake);
    command(0x1000, 0x10);
    require(card_.take_frames().size() == 1);
    command(0x2000, 0x01);
    copy_bytes(kMac.octets(), card_.reserve(100));
    card_.commit(100, {}, {});
    card_.flush();
    require(slot_.level() && (slot_.memory().view(0x2001, 1)[0] & 0x80) != 0);
  }

 private:
  static std::uint32_t word(Program& program) {
    const std::uint32_t high = program.number16();
    return high << 16 | program.number16();
  }

  void enable() { card_.write_config(now_, 0x04, 2, 0x0007); }

  void command(std::uint16_t pointer, std::uint8_t command) {
    card_.write_bar(now_, 0, 0x04, 4, pointer);
    card_.write_bar(now_, 0, 0x02, 1, command);
  }

  void put_block(Program& program) {
    const std::uint16_t at = program.number16();
    std::array<std::uint8_t, 16> block{};
    const MutableBytes bytes(block);
    store_little(bytes, 2, program.number16());
    store_little(bytes, 4, std::uint32_t{program.number16()});
    for (std::uint8_t& byte : bytes.subspan(8)) byte = program.number();
    slot_.memory().write(at, block);
  }

  void give(Program& program) {
    const std::uint8_t kind = program.number();
    const std::size_t size = 14 + program.number16() % 4000;
    const MutableBytes frame = card_.reserve(size);
    std::fill(frame.begin(), frame.end(), kind);
    if ((kind & 1) != 0) copy_bytes(kMac.octets(), frame);
    if ((kind & 2) != 0) copy_bytes(MacAddress::broadcast().octets(), frame);
    if ((kind & 4) != 0) store_big(frame, 12, std::uint16_t{0x8808});
    if ((kind & 8) != 0) store_big(frame, 12, std::uint16_t{20});
    if ((kind & 32) != 0) copy_bytes(IpAddress::all_nodes().multicast_mac().octets(), frame);
    Offload offload;
    constexpr std::size_t kIp = 14;
    constexpr std::size_t kHeaders = kIp + 20 + 20;
    if ((kind & 16) != 0 && size > kHeaders) {
      offload = {.checksum = ChecksumState::kPartial,
                 .segmentation = Segmentation::kTcp4,
                 .checksum_start = 34,
                 .checksum_offset = 16,
                 .segment_size = static_cast<std::uint16_t>(100 + kind),
                 .header_size = kHeaders};
      frame[kIp] = 0x45;
      if (!can_be_cut(frame, offload)) offload = {};
    }
    card_.takes(kManyFrames);
    card_.commit(size, {}, offload);
    card_.flush();
  }

  void fetch() {
    const auto frames = card_.take_frames();
    require(frames.size() <= FrameBatch::kMaxFrames);
    for (const Frame& frame : frames) require(frame.bytes.size() <= Link::kMaxReserve);
  }

  void disturb(std::uint8_t how) {
    if (how < 0x20) return card_.reset(now_);
    if (how < 0x40) return enable();
    card_.set_link(now_, (how & 1) != 0);
  }

  Time now_{};
  Slot slot_;
  I82559c card_{slot_, kMac};
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): the function is all there is
  Program program(Bytes(data, size));
  Machine machine(program.number());
  while (!program.at_end()) machine.step(program);
  machine.finish();
  return 0;
}
