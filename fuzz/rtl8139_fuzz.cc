// A life of the network card RTL8139C+: a driver that writes any register and any memory at any
// time, the network, and time between them. The input is a program of one-byte operations with
// their arguments; some of them are what an honest driver does, so that others find it at work. The
// first byte says by its lowest two bits which card it is, by the others how often memory changes
// while it is read.
//
// Whatever happens, no call takes long, what is due comes to an end, and the frames that the card
// sends are such that whoever takes them can do what they ask for.

#include <array>
#include <vector>

#include "devices/nic/rtl8139/rtl8139.h"
#include "fuzz/program.h"
#include "fuzz/restless_memory.h"
#include "stack/segmenter.h"
#include "stack/wire/ethernet.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

constexpr unsigned kManyFrames = 46;  // as one large one is cut into
constexpr std::uint32_t kMemory = 0x1000;
constexpr std::size_t kMemorySize = std::size_t{128} << 10;
constexpr std::uint32_t kNormalRing = kMemory;
constexpr std::uint32_t kHighRing = kMemory + 0x400;
constexpr std::uint32_t kReceiveRing = kMemory + 0x800;
constexpr std::uint32_t kBuffers = kMemory + 0x1000;

constexpr RestlessMemory::Shape kShape{
    .begin = kMemory,
    .end = kMemory + kMemorySize,
    .size = kMemorySize,
    .max_accesses = 60'000,
    .max_bytes = std::size_t{20} << 20,
};

class Slot final : public PciSlot {
 public:
  RestlessMemory& memory() override { return memory_; }
  void set_interrupt(bool asserted) override {
    require(asserted != level_);
    level_ = asserted;
  }
  void send_message(unsigned /*vector*/) override { require(false); }

 private:
  RestlessMemory memory_{kShape};
  bool level_ = false;
};

class Life {
 public:
  explicit Life(Bytes bytes)
      : program_(bytes),
        setup_(program_.number()),
        card_(slot_, {.address = kAddress,
                      .revision = static_cast<std::uint8_t>(setup_ % 4 == 3 ? 16 : 32)}) {
    slot_.memory().set_period(setup_ / 4U);
    card_.write_config(now_, 4, 2, 7);
  }

  void run() {
    for (int steps = 0; steps < 300 && !program_.at_end(); ++steps) {
      slot_.memory().begin();
      step();
    }
    settle();
  }

 private:
  static constexpr MacAddress kAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};

  std::uint32_t number32() {
    const std::uint32_t high = program_.number16();
    return high << 16 | program_.number16();
  }
  void out(std::uint64_t offset, unsigned size, std::uint64_t value) {
    slot_.memory().begin();
    card_.write_bar(now_, 1, offset, size, value);
  }

  void step() {
    switch (program_.number() % 16) {
      case 0: {
        const std::uint64_t offset = program_.number();
        const unsigned size = 1U << program_.number() % 4;
        const std::uint64_t low = number32();
        return out(size == 1 ? offset : offset / size * size, size,
                   size == 8 ? low << 32 | number32() : low);
      }
      case 1: {
        const unsigned bar = program_.number() % 3;
        const std::uint64_t offset = program_.number16();
        card_.read_bar(now_, bar, offset, program_.number() % 10);
        return;
      }
      case 2: {
        const std::uint32_t address = kMemory + program_.number16();
        slot_.memory().write(address, program_.piece());
        return;
      }
      case 3:
        return arrive();
      case 4:
        now_ += std::chrono::microseconds(program_.number() * program_.number16());
        return;
      case 5:
        return take();
      case 6:
        return settle();
      case 7:
        return card_.set_link(now_, program_.number() % 4 != 0);
      case 8: {
        const std::size_t offset = program_.number();
        return card_.write_config(now_, offset, 1U << program_.number() % 3, number32());
      }
      case 9:
        if (program_.number() % 4 == 0) card_.reset(now_);
        return card_.write_config(now_, 4, 2, 7);
      case 10:
      case 11:
        return describe();
      case 12:
        return drive_plus();
      case 13:
        return drive_legacy();
      case 14:
        return out(0xd9, 1, program_.number());
      default:
        return use_slot();
    }
  }

  void arrive() {
    const std::uint8_t choice = program_.number();
    const std::size_t size = choice % 4 == 0 ? program_.number() : program_.number16();
    std::vector<std::uint8_t> frame(std::min<std::size_t>(size, Link::kMaxReserve));
    const Bytes start = program_.piece();
    copy_bytes(start.first(std::min(start.size(), frame.size())), frame);
    if (choice % 8 < 6 && frame.size() >= EthernetHeader::kSize)
      copy_bytes(kAddress.octets(), frame);
    Offload offload;
    std::size_t head = frame.size();
    if (frame.size() >= 74 && (choice & 0x18) != 0) {
      const bool v4 = (choice & 0x20) != 0;
      offload.checksum = ChecksumState::kPartial;
      offload.checksum_start = v4 ? 34 : 54;
      offload.checksum_offset = 16;
      offload.header_size = static_cast<std::uint16_t>(offload.checksum_start + 20);
      if ((choice & 0x10) != 0) {
        offload.segmentation = v4 ? Segmentation::kTcp4 : Segmentation::kTcp6;
        offload.segment_size = static_cast<std::uint16_t>(200 + program_.number() * 8);
      }
      if ((choice & 0x40) != 0) head = offload.header_size;
    }
    if (offload.segmentation != Segmentation::kNone && !can_be_cut(frame, offload)) offload = {};
    const std::array<Bytes, 1> payload{Bytes(frame).subspan(head)};
    card_.set_time(now_);
    copy_bytes(Bytes(frame).first(head), card_.reserve(head));
    card_.takes(kManyFrames);
    card_.commit(head, payload, offload);
    if ((choice & 0x80) != 0) card_.flush();
  }

  void take() {
    for (const Frame& frame : card_.take_frames()) {
      const Offload& offload = frame.offload;
      require(!frame.bytes.empty() && frame.bytes.size() <= Link::kMaxReserve);
      std::vector<std::uint8_t> bytes(frame.bytes.begin(), frame.bytes.end());
      if (offload.segmentation == Segmentation::kNone) {
        complete_checksum(bytes, {}, offload);
        continue;
      }
      require(offload.header_size < bytes.size());
      // As switches ask of what a guest wants cut.
      if (!can_be_cut(bytes, offload)) continue;
      std::vector<std::uint8_t> room(std::size_t{offload.header_size} + offload.segment_size);
      Segmenter segmenter(bytes, {}, offload);
      for (int i = 0; i < 20 && segmenter.next(room) > 0; ++i) {
      }
    }
  }

  // All that is due, while memory stays as it is; a card never says that something is and then does
  // nothing.
  void settle() {
    const unsigned period = slot_.memory().period();
    slot_.memory().set_period(0);
    run_what_is_due();
    slot_.memory().set_period(period);
  }
  void run_what_is_due() {
    for (int calls = 0; calls < 20'000; ++calls) {
      take();
      const auto deadline = card_.deadline();
      if (!deadline || *deadline > now_) return;
      slot_.memory().begin();
      card_.on_time(now_);
    }
    require(false);
  }

  void describe() {
    const std::uint8_t where = program_.number();
    const std::array<std::uint32_t, 4> rings{kNormalRing, kReceiveRing, kHighRing, kNormalRing};
    const std::uint32_t at = rings.at(where >> 6) + 16 * (where & 63U);
    std::array<std::uint8_t, 16> bytes{};
    store_little(MutableBytes(bytes), 0, number32());
    store_little(MutableBytes(bytes), 4, std::uint32_t{program_.number()} << 12);
    store_little(MutableBytes(bytes), 8, kBuffers + std::uint32_t{program_.number()} * 64);
    slot_.memory().write(at, bytes);
  }

  void drive_plus() {
    out(0xe0, 2, program_.number());
    out(0xe4, 8, 0);
    out(0xe4, 4, kReceiveRing);
    out(0x20, 8, kNormalRing);
    out(0x28, 8, kHighRing);
    out(0x37, 1, 0x0c);
    out(0x44, 4, 0x0f);
    out(0x3c, 2, program_.number16());
  }

  void drive_legacy() {
    out(0x37, 1, 0x0c);
    out(0x30, 4, kBuffers);
    out(0x44, 4, 0x0f | program_.number16());
    out(0x3c, 2, 0xffff);
  }

  void use_slot() {
    const std::uint8_t slot = program_.number() % 4;
    out(0x20 + 4U * slot, 4, kBuffers + std::uint32_t{program_.number()} * 64);
    out(0x10 + 4U * slot, 4, program_.number16());
  }

  Program program_;
  const std::uint8_t setup_;
  Time now_{};
  Slot slot_;
  Rtl8139 card_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Bytes(data, size)).run();
  return 0;
}
