// A virtio network device whose driver does anything at all, also while the device looks.
//
// The first byte chooses features and, by its highest bit, whether payload stays in place, the
// second when and how memory changes by itself. Then each byte is what happens next, and is
// followed by what that takes:
//   0 memory is written       1 a buffer is given to the device     2 the ring is told to be longer
//   3 frames are fetched      4 a frame comes for the guest         5 the ring stops, and goes on
//   6 room is asked for       7 configuration is read
// Memory is small, and rings, tables and buffers lie over each other wherever the driver says.
// Whatever happens, a call takes a bounded number of chains. In the end a driver sets the device up
// as it should, and frames cross both ways.

#include <algorithm>
#include <array>
#include <vector>

#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/test_driver.h"
#include "fuzz/program.h"
#include "stack/scattered_bytes.h"

namespace sluice {
namespace {

constexpr std::uint64_t kRings = TestSharedMemory::kBase;
constexpr std::uint64_t kSecondRing = kRings + 0x800;
constexpr std::uint64_t kBuffers = kRings + 0x1000;
constexpr std::size_t kMemory = std::size_t{16} << 10;
constexpr std::uint16_t kSize = 16;

// Changes while it is looked at.
class RestlessMemory final : public SharedMemory {
 public:
  MutableBytes view(std::uint64_t address, std::size_t size) override {
    return inner_.view(address, size);
  }
  MutableBytes prefix(std::uint64_t address, std::size_t size) override {
    if (period_ != 0 && ++looks_ % period_ == 0) {
      const std::uint64_t at = kRings + (looks_ * 37 + period_) % 0x1100;
      const MutableBytes bytes = inner_.prefix(at, 2);
      std::fill(bytes.begin(), bytes.end(), static_cast<std::uint8_t>(looks_ ^ period_));
    }
    return inner_.prefix(address, size);
  }
  void on_written(Bytes bytes) override { require(!bytes.empty()); }
  bool is_watched() const override { return (period_ & 1) != 0; }

  void set_period(std::uint8_t period) { period_ = period; }
  TestSharedMemory& inner() { return inner_; }
  unsigned looks() const { return looks_; }

 private:
  TestSharedMemory inner_{kMemory, kMemory / 2};
  std::uint8_t period_ = 0;
  unsigned looks_ = 0;
};

class Transport final : public VirtioTransport {
 public:
  explicit Transport(SharedMemory& memory) : memory_(memory) {}
  SharedMemory& memory() override { return memory_; }
  void interrupt(unsigned queue) override { require(queue < 2); }
  void on_broken(unsigned queue) override { require(queue < 2); }

 private:
  SharedMemory& memory_;
};

std::uint64_t features_of(std::uint8_t choice) {
  std::uint64_t features = virtio::kCsum;
  if ((choice & 1) != 0) features |= virtio::kVersion1;
  if ((choice & 2) != 0) features |= virtio::kEventIdx;
  if ((choice & 4) != 0) features |= virtio::kMrgRxbuf;
  if ((choice & 8) != 0) features |= virtio::kIndirectDesc;
  if ((choice & 16) != 0) features |= virtio::kGuestCsum;
  if ((choice & 32) != 0) features |= virtio::kGuestTso4 | virtio::kGuestTso6;
  if ((choice & 64) != 0) features |= virtio::kRingPacked;
  return features;
}

void send_to_guest(VirtioNet& net, std::size_t head, std::size_t payload) {
  static const std::vector<std::uint8_t> bytes(Link::kMaxReserve, 0x45);
  const MutableBytes room = net.reserve(head);
  std::fill(room.begin(), room.end(), std::uint8_t{0});
  const Bytes piece = Bytes(bytes).first(payload);
  net.commit(head, gsl::span(&piece, 1), {});
}

std::size_t fetch(VirtioNet& net) {
  std::size_t size = 0;
  std::uint8_t all = 0;
  const auto frames = net.receive();
  require(frames.size() <= FrameBatch::kMaxFrames);
  for (const Frame& frame : frames) {
    // All of it is there to be read.
    ScatteredBytes(frame.bytes, frame.rest).for_each([&all](Bytes piece) {
      for (const std::uint8_t byte : piece) all |= byte;
    });
    require(frame.rest.size() <= Frame::kMaxRest && frame.size() <= Link::kMaxReserve);
    require(frame.rest.empty() || frame.bytes.size() == Frame::kHeaders);
    size += frame.size();
  }
  [[maybe_unused]] const volatile std::uint8_t looked_at = all;
  return size;
}

void run(Program& program, RestlessMemory& memory, VirtioNet& net) {
  std::array<SplitTestDriver, 2> drivers{SplitTestDriver{memory, kRings, kSize, true},
                                         SplitTestDriver{memory, kSecondRing, kSize, true}};
  net.set_features(features_of(program.number()));
  memory.set_period(program.number());
  for (unsigned i = 0; i < 2; ++i) {
    require(net.start(i, drivers.at(i).areas(), {}));
    net.enable(i, true);
  }
  for (int steps = 0; !program.at_end() && steps < 2000; ++steps) {
    const unsigned before = memory.looks();
    const std::uint8_t what = program.number();
    SplitTestDriver& driver = drivers.at(what >> 3 & 1);
    switch (what & 7) {
      case 0: {
        const std::uint64_t at = kRings + program.number16() % kMemory;
        const Bytes bytes = program.piece();
        memory.inner().put(at,
                           bytes.first(std::min<std::size_t>(bytes.size(), kRings + kMemory - at)));
        break;
      }
      case 1: {
        const std::uint8_t place = program.number();
        const auto flags = static_cast<std::uint16_t>(place >> 4);
        const std::uint64_t address = kRings + program.number16();
        driver.write_descriptor(driver.descriptors_at() + std::uint64_t{place} % kSize * 16,
                                {address, program.number16()}, flags, program.number() % kSize);
        driver.make_available(program.number() % (kSize + 1));
        break;
      }
      case 2:
        driver.set_available(program.number16());
        break;
      case 3:
        fetch(net);
        break;
      case 4:
        send_to_guest(net, 14 + program.number(), program.number16() % (Link::kMaxReserve - 300));
        net.flush();
        break;
      case 5: {
        const unsigned queue = what >> 3 & 1;
        const auto position = net.stop(queue);
        require(position.has_value());
        require(net.start(queue, driver.areas(), *position));
        break;
      }
      case 6:
        net.has_room({});
        net.flush();
        break;
      default: {
        std::array<std::uint8_t, 64> bytes{};
        net.read_config(program.number16(), bytes);
        break;
      }
    }
    // Of each chain, as many pieces as one may have, and one or two looks at a table of them.
    require(memory.looks() - before <= 600 * (VirtioChain::kMaxPieces + 2));
  }
}

void expect_works(RestlessMemory& memory, VirtioNet& net) {
  memory.set_period(0);
  net.reset();
  std::fill_n(memory.inner().view(kRings, 0x1000).begin(), 0x1000, std::uint8_t{0});
  std::array<SplitTestDriver, 2> drivers{SplitTestDriver{memory, kRings, kSize, true},
                                         SplitTestDriver{memory, kSecondRing, kSize, true}};
  net.set_features(features_of(1 | 2 | 4));
  for (unsigned i = 0; i < 2; ++i) {
    require(net.start(i, drivers.at(i).areas(), {}));
    net.enable(i, true);
  }
  memory.inner().put(kBuffers, std::vector<std::uint8_t>(12 + 60));
  drivers[1].add({{kBuffers, 12 + 60}});
  require(fetch(net) == 60);
  drivers[0].add({{kBuffers, 1000, true}});
  send_to_guest(net, 14, 100);
  net.flush();
  const auto used = drivers[0].take_used();
  require(used.has_value() && used->length == 12 + 114);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::Program program(sluice::Bytes(data, size));
  sluice::RestlessMemory memory;
  sluice::Transport transport(memory);
  sluice::VirtioNet net({.in_place = size > 0 && (data[0] & 128) != 0}, transport);
  sluice::run(program, memory, net);
  sluice::expect_works(memory, net);
  return 0;
}
