// A life of the virtio network card on PCI: a driver that accesses any register and writes any
// memory at any time, the network, and a machine that takes its memory away and gives it back. The
// input is a program of one-byte operations with their arguments; some of them are what an honest
// driver does, so that others find it at work.
//
// Whatever happens, a call takes a bounded number of looks at memory, and what is due comes to an
// end. At last a driver sets the card up as it should, and frames cross both ways.

#include <algorithm>
#include <array>
#include <vector>

#include "devices/nic/virtio/net_card_driver.h"
#include "fuzz/program.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

constexpr std::uint64_t kRings = VirtioNetCardDriver::kRings;
constexpr std::uint64_t kApart = VirtioNetCardDriver::kApart;
constexpr std::uint16_t kSize = VirtioNetCardDriver::kSize;
constexpr std::size_t kReach = std::size_t{64} << 10;  // of what is written

class Life {
 public:
  explicit Life(Bytes bytes) : program_(bytes), guest_(1 + program_.number() % 2) {}

  void run() {
    for (int steps = 0; steps < 300 && !program_.at_end(); ++steps) {
      begin();
      step();
    }
    begin();
    settle();
    expect_works();
  }

 private:
  VirtioNetCard& card() { return guest_.card; }
  TestSharedMemory& memory() { return guest_.slot.memory().inner(); }

  // Of each chain as many pieces as one may have, from all queues.
  void begin() {
    require(guest_.slot.memory().looks < 600'000);
    guest_.slot.memory().looks = 0;
  }
  std::uint32_t number32() {
    const std::uint32_t high = program_.number16();
    return high << 16 | program_.number16();
  }
  unsigned size() { return 1U << program_.number() % 4; }
  SplitTestDriver ring(unsigned queue) {
    return {memory(), kRings + queue * kApart, kSize, true, 4096};
  }

  void step() {
    switch (program_.number() % 16) {
      case 0: {
        const std::uint64_t offset = program_.number() % 64;
        const unsigned bytes = size();
        return guest_.out(VirtioNetCardDriver::kCommon, offset / bytes * bytes, bytes, number32());
      }
      case 1: {
        const unsigned bar = program_.number() % 4;
        const std::uint64_t offset = program_.number16();
        return card().write_bar(guest_.now, bar, offset, program_.number() % 10, number32());
      }
      case 2: {
        const unsigned bar = program_.number() % 4;
        const std::uint64_t offset = program_.number16();
        card().read_bar(guest_.now, bar, offset, program_.number() % 10);
        return;
      }
      case 3: {
        const std::uint64_t at = kRings + program_.number16();
        return memory().put(at, program_.piece());
      }
      case 4:
        return arrive();
      case 5:
        return take();
      case 6:
        return settle();
      case 7:
        return card().set_link(guest_.now, program_.number() % 4 != 0);
      case 8: {
        const std::size_t offset = program_.number();
        card().read_config(offset, 1U << program_.number() % 3);
        return card().write_config(guest_.now, offset, 1U << program_.number() % 3, number32());
      }
      case 9:
        if (program_.number() % 4 == 0) card().reset(guest_.now);
        return guest_.command(7);
      case 10:
        return set_up();
      case 11:
        return set_up_legacy();
      case 12:
        return describe();
      case 13:
        return guest_.notify(program_.number() % 5);
      case 14:
        return guest_.slot.memory().set_visible(program_.number() % 4 != 0);
      default:
        if (program_.number() % 2 == 0) return guest_.enable_messages();
        card().takes(program_.number());
        card().has_room({});
        return card().remind(guest_.now);
    }
  }

  void set_up() {
    const std::uint8_t choice = program_.number();
    std::uint64_t features = virtio::kVersion1 | virtio::kEventIdx | virtio::kStatus;
    if ((choice & 1) != 0) features |= virtio::kMrgRxbuf;
    if ((choice & 2) != 0) features |= virtio::kIndirectDesc;
    if ((choice & 4) != 0) features |= virtio::kRingPacked;
    if ((choice & 8) != 0) features |= VirtioNetCardDriver::kCommands;
    if ((choice & 16) != 0) features |= virtio::kMq;
    guest_.set_up(features);
  }

  void set_up_legacy() {
    const std::uint64_t features = (program_.number() & 1) != 0 ? virtio::kMrgRxbuf : 0;
    guest_.set_up_legacy(features | virtio::kEventIdx);
  }

  // A descriptor, and perhaps more of the ring.
  void describe() {
    const std::uint8_t choice = program_.number();
    SplitTestDriver driver = ring(choice % 3);
    const std::uint8_t place = program_.number();
    const std::uint64_t address = kRings + program_.number16();
    const std::uint16_t length = program_.number16();
    driver.write_descriptor(driver.descriptors_at() + std::uint64_t{16} * place,
                            {address, length, (choice & 8) != 0}, choice >> 4, program_.number());
    if ((choice & 4) == 0) return;
    const std::uint16_t index =
        load_little<std::uint16_t>(memory().view(driver.driver_at() + 2, 2), 0);
    driver.set_available(index);
    driver.make_available(place);
  }

  void arrive() {
    const std::size_t size = 14 + program_.number16() % 20'000;
    static const std::vector<std::uint8_t> bytes(Link::kMaxReserve, 0x45);
    card().set_time(guest_.now);
    const MutableBytes head = card().reserve(14);
    std::fill(head.begin(), head.end(), std::uint8_t{0});
    const Bytes payload = Bytes(bytes).first(size - 14);
    card().commit(14, gsl::span(&payload, 1), {});
    if (program_.number() % 4 != 0) card().flush();
  }

  void take() {
    std::uint8_t all = 0;
    for (const Frame& frame : card().take_frames()) {
      require(frame.bytes.size() <= Link::kMaxReserve);
      // All of it is there to be read.
      for (const std::uint8_t byte : frame.bytes) all |= byte;
    }
    [[maybe_unused]] const volatile std::uint8_t looked_at = all;
  }

  // All that is due; a card never says that something is and then does nothing.
  void settle() {
    for (int calls = 0; calls < 20'000; ++calls) {
      take();
      begin();
      const auto deadline = card().deadline();
      if (!deadline || *deadline > guest_.now) return;
      card().on_time(guest_.now);
      begin();
    }
    require(false);
  }

  void expect_works() {
    guest_.slot.memory().set_visible(true);
    card().reset(guest_.now);
    card().set_link(guest_.now, true);
    guest_.command(7);
    const MutableBytes rings = memory().view(kRings, kReach);
    std::fill(rings.begin(), rings.end(), std::uint8_t{0});
    guest_.set_up();
    guest_.give(1, std::vector<std::uint8_t>(12 + 60));
    guest_.notify(1);
    const auto frames = guest_.fetch();
    require(frames.size() == 1 && frames[0].size() == 60);
    guest_.give(0, {}, 1526);
    guest_.put_to_guest(frames[0]);
    const auto used = guest_.queues.at(0)->take_used();
    require(used.has_value() && used->length == 12 + 60);
  }

  Program program_;
  VirtioNetCardDriver guest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Bytes(data, size)).run();
  return 0;
}
