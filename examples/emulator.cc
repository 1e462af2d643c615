// What an emulator does with a network card of ours: a machine with memory and one PCI slot, a card
// in it, and a network behind the card. In place of a processor with a driver,
// ask_for_the_gateway() does what a driver does first: it switches the card on and sends one frame,
// which asks who has 10.0.2.2.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "devices/nic/e1000/e1000.h"
#include "nat/host/clock.h"
#include "nat/host/event_queue.h"
#include "nat/host/seed.h"
#include "nat/host/system_host.h"
#include "nat/nat.h"

namespace sluice {
namespace {

// Memory from address 0 on, all of which the card may use, and a line to the interrupt controller.
class Machine final : public PciSlot, public GuestMemory {
 public:
  GuestMemory& memory() override { return *this; }
  void set_interrupt(bool asserted) override { interrupt = asserted; }
  void send_message(unsigned /*vector*/) override {}  // this card has no MSI

  bool read(std::uint64_t address, MutableBytes into) override {
    const Bytes bytes = view(address, into.size());
    std::copy(bytes.begin(), bytes.end(), into.begin());
    return bytes.size() == into.size();
  }
  bool write(std::uint64_t address, Bytes bytes) override {
    if (view(address, bytes.size()).size() != bytes.size()) return false;
    std::copy(bytes.begin(), bytes.end(), ram.begin() + static_cast<std::ptrdiff_t>(address));
    return true;
  }
  Bytes view(std::uint64_t address, std::size_t size) override {
    if (address > ram.size() || size > ram.size() - address) return {};
    return Bytes(ram).subspan(address, size);
  }

  std::vector<std::uint8_t> ram = std::vector<std::uint8_t>(1 << 20);
  bool interrupt = false;
};

constexpr std::uint64_t kTransmitRing = 0x1000;
constexpr std::uint64_t kReceiveRing = 0x2000;
constexpr std::uint64_t kFrame = 0x4000;
constexpr std::uint64_t kBuffer = 0x8000;

// True if the answer has come.
bool ask_for_the_gateway() {
  Machine machine;
  E1000 card(machine, MacAddress({0x52, 0x54, 0x00, 0x12, 0x34, 0x56}));
  EventQueue queue;
  SystemHost host(queue);
  Nat nat(NatConfig{}, card, host, random_seed(), monotonic_now());

  // The emulator's own side of the seam: an access of the processor goes to the card, and then
  // frames that the card has sent go to the network.
  const auto turn = [&](gsl::span<const epoll_event> fetched = {}) {
    const Time now = monotonic_now();
    card.set_time(now);
    if (const auto due = card.deadline(); due && *due <= now) card.on_time(now);
    nat.on_frames(now, card.take_frames());
    nat.on_host(now, host.events(fetched));
    if (const auto due = nat.deadline(); due && *due <= now) nat.on_time(now);
  };
  const auto write = [&](std::uint64_t offset, std::uint32_t value) {
    card.write_bar(monotonic_now(), 0, offset, 4, value);
    turn();
  };

  // A driver: the command register allows memory accesses and mastering the bus; then rings of
  // eight descriptors each.
  card.write_config(monotonic_now(), 4, 2, 0x6);
  const std::array<std::uint8_t, 42> arp = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52,
                                            0x54, 0,    0x12, 0x34, 0x56, 8,    6,  // to everybody
                                            0,    1,    8,    0,    6,    4,    0,
                                            1,    0x52, 0x54, 0,    0x12, 0x34, 0x56,
                                            10,   0,    2,    15,  // I am 10.0.2.15
                                            0,    0,    0,    0,    0,    0,    10,
                                            0,    2,    2};  // who is 10.0.2.2?
  machine.write(kFrame, arp);
  machine.write(kReceiveRing, std::array<std::uint8_t, 8>{0x00, 0x80});  // the address of kBuffer
  machine.write(kTransmitRing, std::array<std::uint8_t, 16>{0x00, 0x40, 0, 0, 0, 0, 0, 0,  // kFrame
                                                            42, 0, 0, 0x0b});  // EOP, IFCS, RS
  write(0x2800, kReceiveRing);                                                 // RDBAL
  write(0x2808, 128);                                                          // RDLEN
  write(0x2818, 7);                                                            // RDT
  write(0x0100, 0x8002);         // RCTL: enabled, broadcasts too
  write(0x00d0, 0x80);           // IMS: an interrupt when a frame has come
  write(0x3800, kTransmitRing);  // TDBAL
  write(0x3808, 128);            // TDLEN
  write(0x0400, 0x0a);           // TCTL: enabled, short frames are padded
  write(0x3818, 1);              // TDT: there is one

  for (int i = 0; i < 100 && !machine.interrupt; ++i)
    turn(queue.fetch(std::chrono::milliseconds(10)));
  if (!machine.interrupt) return false;
  const Bytes reply = machine.view(kBuffer + 22, 6);  // the sender in the answer
  std::printf("10.0.2.2 is at %02x:%02x:%02x:%02x:%02x:%02x\n", reply[0], reply[1], reply[2],
              reply[3], reply[4], reply[5]);
  return true;
}

}  // namespace
}  // namespace sluice

int main() {
  return sluice::ask_for_the_gateway() ? EXIT_SUCCESS : EXIT_FAILURE;
}
