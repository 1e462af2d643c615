// An 82540EM whose driver, memory, network and clock do anything at all.
//
// The first byte says what a driver has set up before (bit 0: rings, bit 1: VLANs, bit 2:
// checksums, bit 3: interrupts), and by its upper half how often memory changes while it is read.
// Then each byte is what happens next, and is followed by what that takes:
//   0 a register is written   1 one is read        2 memory is written
//   3 a descriptor is posted  4 a frame comes      5 time passes
//   6 frames are fetched      7 configuration, the cable, or accesses of odd sizes
// Registers are those of a list, or any. Memory is small and repeats, up to where there is none.
// Whatever happens, no call reads more than a bounded amount of memory, and what the card sends can
// be sent on. In the end the card is reset and works.

#include <algorithm>
#include <array>
#include <vector>

#include "devices/nic/e1000/e1000.h"
#include "fuzz/program.h"
#include "fuzz/restless_memory.h"
#include "stack/segmenter.h"

namespace sluice::e1000 {
namespace {

constexpr unsigned kManyFrames = 46;  // as one large one is cut into
constexpr MacAddress kAddress({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
// Two calls' descriptors and data, and what a frame to itself takes of the other ring.
constexpr std::size_t kMaxRead = 2 * (Transmitter::kMaxBytes + (std::size_t{64} << 10));
constexpr std::uint32_t kTxRing = 0x1000;
constexpr std::uint32_t kRxRing = 0x2000;
constexpr std::uint32_t kRing = 64;  // descriptors

constexpr RestlessMemory::Shape kMemory{
    .end = std::uint64_t{1} << 33,
    .size = std::size_t{16} << 10,
};

class Slot final : public PciSlot {
 public:
  RestlessMemory& memory() override { return memory_; }
  void set_interrupt(bool asserted) override {
    require(asserted != level);
    level = asserted;
  }
  void send_message(unsigned /*vector*/) override { require(false); }

  bool level = false;

 private:
  RestlessMemory memory_{kMemory};
};

constexpr std::array kRegisters{kCtrl,  kStatus, kEecd, kEerd, kCtrlExt, kMdic,   kVet,    kIcr,
                                kItr,   kIcs,    kIms,  kImc,  kRctl,    kRdbal,  kRdbah,  kRdlen,
                                kRdh,   kRdt,    kRdtr, kRadv, kRsrpd,   kRxcsum, kTctl,   kTdbal,
                                kTdbah, kTdlen,  kTdh,  kTdt,  kTidv,    kTadv,   kTxdctl, kPba,
                                kMta,   kRal,    kRah,  kVfta, kSwsm,    kGotcl,  kMpc};

class World {
 public:
  explicit World(Bytes input) : program_(input) {
    const unsigned setup = program_.number();
    card_.write_config(now_, 4, 2, 7);
    if ((setup & 1U) != 0) set_up();
    if ((setup & 2U) != 0) write(kCtrl, kCtrlVme);
    if ((setup & 4U) != 0) write(kRxcsum, kRxcsumIpofl | kRxcsumTuofl);
    if ((setup & 8U) != 0) write(kIms, kIcrCauses);
    slot_.memory().set_period(setup >> 4);
  }

  void run() {
    while (!program_.at_end()) {
      slot_.memory().begin();
      step(program_.number());
      require(slot_.memory().bytes_read() <= kMaxRead);
    }
    end();
  }

 private:
  void set_up() {
    write(kTdbal, kTxRing);
    write(kTdlen, static_cast<std::uint32_t>(kRing * kDescriptorSize));
    write(kTctl, kTctlEn | kTctlPsp);
    write(kRdbal, kRxRing);
    write(kRdlen, static_cast<std::uint32_t>(kRing * kDescriptorSize));
    write(kRdt, kRing - 1);
    write(kRctl, kRctlEn | kRctlUpe | kRctlMpe | kRctlBam | kRctlLpe);
  }

  void write(std::uint32_t offset, std::uint32_t value) {
    card_.write_bar(now_, 0, offset, 4, value);
  }
  std::uint32_t read(std::uint32_t offset) {
    return static_cast<std::uint32_t>(card_.read_bar(now_, 0, offset, 4));
  }

  std::uint32_t number32() {
    const std::uint32_t high = program_.number16();
    return high << 16 | program_.number16();
  }
  std::uint32_t offset() {
    const std::size_t index = program_.number();
    return index < kRegisters.size() ? kRegisters.at(index)
                                     : std::uint32_t{program_.number16()} * 4;
  }
  // Small, with one bit, or any.
  std::uint32_t value() {
    const unsigned kind = program_.number();
    if (kind < 128) return kind;
    return kind < 160 ? 1U << (kind - 128) : number32();
  }

  void step(unsigned what) {
    switch (what % 8) {
      case 0: {
        const std::uint32_t at = offset();
        write(at, value());
        break;
      }
      case 1:
        read(offset());
        break;
      case 2: {
        const std::uint64_t address = program_.number16();
        slot_.memory().write(address, program_.piece());
        break;
      }
      case 3:
        post();
        break;
      case 4:
        deliver();
        break;
      case 5:
        pass();
        break;
      case 6:
        fetch();
        break;
      default:
        others();
    }
  }

  // Sixteen bytes where the transmit ring's tail is, and the tail behind them.
  void post() {
    const std::uint32_t tail = read(kTdt);
    std::array<std::uint8_t, kDescriptorSize> raw{};
    for (std::uint8_t& byte : raw) byte = program_.number();
    const std::uint64_t base = std::uint64_t{read(kTdbah)} << 32 | read(kTdbal);
    slot_.memory().write(base + std::uint64_t{tail} * kDescriptorSize, raw);
    const std::uint32_t count = read(kTdlen) / static_cast<std::uint32_t>(kDescriptorSize);
    write(kTdt, tail + 1 < count ? tail + 1 : 0);
  }

  // A frame as the core builds it, of TCP or of anything.
  void deliver() {
    const unsigned kind = program_.number();
    const bool v4 = (kind & 1U) != 0;
    const std::size_t transport = v4 ? 34 : 54;
    const std::size_t header = transport + 20;
    std::vector<std::uint8_t> frame(header + std::size_t{program_.number()} * (1 + kind / 16));
    store_big<std::uint16_t>(frame, 12, v4 ? 0x0800 : 0x86dd);
    frame[14] = v4 ? 0x45 : 0x60;
    store_big(frame, v4 ? 16 : 18, static_cast<std::uint16_t>(frame.size() - (v4 ? 14 : 54)));
    frame[v4 ? 23 : 20] = 6;
    frame[transport + 12] = 0x50;
    const Bytes piece = program_.piece();
    copy_bytes(piece.first(std::min(piece.size(), frame.size())), frame);
    Offload offload;
    if ((kind & 2U) != 0) {
      offload.checksum = ChecksumState::kPartial;
      offload.checksum_start = static_cast<std::uint16_t>(transport);
      offload.checksum_offset = 16;
    }
    if ((kind & 6U) == 6 && frame.size() > header) {
      offload.segmentation = v4 ? Segmentation::kTcp4 : Segmentation::kTcp6;
      offload.segment_size = static_cast<std::uint16_t>(64 + 8 * (kind & 0xf0U));
      offload.header_size = static_cast<std::uint16_t>(header);
    }
    if (offload.segmentation != Segmentation::kNone && !can_be_cut(frame, offload)) offload = {};
    card_.set_time(now_);
    const std::size_t head = (kind & 8U) != 0 ? header : frame.size();
    copy_bytes(Bytes(frame).first(head), card_.reserve(head));
    const std::array<Bytes, 1> payload{Bytes(frame).subspan(head)};
    card_.takes(kManyFrames);
    card_.commit(head, payload, offload);
    card_.flush();
  }

  void pass() {
    const auto deadline = card_.deadline();
    const unsigned how = program_.number();
    if (how == 0 && deadline) {
      now_ = std::max(now_, *deadline);
    } else {
      now_ += std::chrono::microseconds(how * how);
    }
    card_.on_time(now_);
    // Who wants to be called again at once, has done something.
    fetch();
    const std::size_t before = slot_.memory().bytes_read();
    if (wants_to_go_on()) {
      card_.on_time(now_);
      require(slot_.memory().bytes_read() != before || !wants_to_go_on());
    }
  }
  bool wants_to_go_on() const {
    const auto deadline = card_.deadline();
    return deadline && *deadline <= now_;
  }

  void fetch() {
    for (const Frame& frame : card_.take_frames()) check(frame);
  }

  static void check(const Frame& frame) {
    const Offload& offload = frame.offload;
    require(!frame.bytes.empty() && frame.bytes.size() <= Link::kMaxReserve);
    if (offload.checksum != ChecksumState::kPartial) {
      require(offload.checksum == ChecksumState::kInPacket);
      require(offload.segmentation == Segmentation::kNone);
      return;
    }
    require(offload.checksum_start >= 14);
    require(std::size_t{offload.checksum_start} + offload.checksum_offset + 2 <=
            frame.bytes.size());
    std::vector<std::uint8_t> copy(frame.bytes.begin(), frame.bytes.end());
    if (offload.segmentation == Segmentation::kNone) {
      complete_checksum(copy, {}, offload);
      return;
    }
    require(offload.segment_size > 0 && offload.header_size >= offload.checksum_start + 20);
    require(offload.header_size + std::size_t{offload.segment_size} < frame.bytes.size());
    // As switches ask of what a guest wants cut.
    if (!can_be_cut(copy, offload)) return;
    std::vector<std::uint8_t> room(Link::kMaxReserve);
    Segmenter segmenter(copy, {}, offload);
    while (segmenter.next(room) != 0) {
    }
  }

  void others() {
    const unsigned what = program_.number();
    const unsigned size = 1U << (what >> 2 & 3U);
    switch (what & 3U) {
      case 0:
        card_.write_config(now_, program_.number(), size, value());
        card_.read_config(program_.number(), size);
        break;
      case 1:
        card_.set_link(now_, (what & 4U) != 0);
        break;
      case 2: {
        const std::uint32_t at = offset() + program_.number() % 8;
        card_.write_bar(now_, what >> 4 & 3U, at, size, std::uint64_t{value()} << 32 | value());
        break;
      }
      default:
        card_.read_bar(now_, what >> 4 & 3U, offset() + program_.number() % 8, size);
    }
  }

  void end() {
    slot_.memory().set_period(0);
    card_.reset(now_);
    require(!card_.deadline() && !slot_.level);
    card_.take_frames();
    card_.set_link(now_, true);
    card_.write_config(now_, 4, 2, 7);
    set_up();
    // A legacy descriptor of 100 bytes, which is all of the packet.
    const std::array<std::uint8_t, kDescriptorSize> raw{0,   0, 0, 0,      0, 0, 0, 0,
                                                        100, 0, 0, kTxEop, 0, 0, 0, 0};
    slot_.memory().write(kTxRing, raw);
    write(kTdt, 1);
    require(card_.take_frames().size() == 1);
  }

  Program program_;
  Time now_ = Time{} + std::chrono::hours(1);
  Slot slot_;
  E1000 card_{slot_, kAddress};
};

void run(Bytes input) {
  World(input).run();
}

}  // namespace
}  // namespace sluice::e1000

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::e1000::run({data, size});
  return 0;
}
