// A descriptor ring of the RTL8139C+ in C+ mode: where it is and which descriptor comes next.
//
// Descriptors lie one behind the other, 64 at most, until one says that it is the last (EOR). One
// that has OWN is the card's; what the card has done with it, it writes over the command, and OWN
// is gone then. The guest may write a descriptor at any time: each is read once.

#ifndef SLUICE_DEVICES_NIC_RTL8139_RING_H_
#define SLUICE_DEVICES_NIC_RTL8139_RING_H_

#include <array>
#include <optional>

#include "devices/nic/guest_memory.h"
#include "devices/nic/little_endian.h"

namespace sluice::rtl8139 {

struct Descriptor {
  Little32 status;  // command and length while it has OWN
  Little32 vlan;
  Little64 address;

  enum Status : std::uint32_t {
    kOwn = 1U << 31,
    kEor = 1U << 30,
    kFs = 1U << 29,  // the frame's first
    kLs = 1U << 28,  // the frame's last
  };
};
static_assert(sizeof(Descriptor) == 16);

// The descriptors of one frame, each with its place in the ring.
struct Place {
  Descriptor descriptor;
  unsigned index = 0;
};

class Ring {
 public:
  static constexpr unsigned kMaxDescriptors = 64;
  using Places = std::array<Place, kMaxDescriptors>;

  // The start address, of which the card ignores the lowest eight bits. It begins anew there.
  void set_base(std::uint64_t address);
  std::uint64_t base() const { return base_; }

  // Reads the descriptor at `index`; nullopt if it can't be.
  std::optional<Descriptor> read(GuestMemory& memory, unsigned index) const;
  // Which one follows `descriptor` at `index`.
  static unsigned after(unsigned index, const Descriptor& descriptor);
  // Hands it back. False if it can't be written.
  bool write_status(GuestMemory& memory, unsigned index, std::uint32_t status) const;
  bool write_vlan(GuestMemory& memory, unsigned index, std::uint32_t vlan) const;

  // The descriptor that comes next.
  unsigned next() const { return next_; }
  void set_next(unsigned index) { next_ = index; }

 private:
  std::uint64_t base_ = 0;
  unsigned next_ = 0;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_RING_H_
