// What the RTL8139C+ does to a frame on its way out when a descriptor of C+ mode asks for it:
// checksums, large send, the VLAN tag, and filling it up to what a wire takes.
//
// Checksums are not computed here but asked for (Offload), and a large segment leaves as one frame:
// whoever takes it may have no need for either. Only the tag is put in here, and as nobody further
// on can cut a large frame that has one, such a frame is cut here, with the tag in each piece. So
// is one that returns to the card itself.
//
// The data sheet promises all this for IPv4; the same bits work for IPv6 here.

#ifndef SLUICE_DEVICES_NIC_RTL8139_OFFLOAD_H_
#define SLUICE_DEVICES_NIC_RTL8139_OFFLOAD_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "stack/frame.h"
#include "stack/segmenter.h"

namespace sluice::rtl8139 {

// A VLAN's tag control information (IEEE 802.1Q), as on the wire. Descriptors have it in this
// order.
using Tag = std::array<std::uint8_t, 2>;

// What the first descriptor of a frame says.
struct Command {
  bool ip_checksum = false;
  bool udp_checksum = false;
  bool tcp_checksum = false;
  std::uint16_t segment_size = 0;  // of a large send; 0: it is none
  std::optional<Tag> vlan;         // the tag to be put in

  static Command of(std::uint32_t status, std::uint32_t vlan);
};

// A frame that can go.
struct Outgoing {
  std::size_t size = 0;  // bytes; 0: there is nothing to send
  Offload offload;
};

class TransmitOffload {
 public:
  // Does what `command` says to the frame that is the first `size` bytes of `room`, in place;
  // `room` has kGrowth more. A frame that is to be cut, as all large ones are unless
  // `large_may_leave`, goes piece by piece, by next() from now on.
  Outgoing apply(MutableBytes room, std::size_t size, const Command& command, bool large_may_leave);
  static constexpr std::size_t kGrowth = 64;

  // Whether a frame is being cut. Until it has been cut to its end, no other is applied.
  bool cutting() const { return cut_.has_value(); }
  // Writes the next piece to `room`.
  Outgoing next(MutableBytes room);
  // Forgets what is being cut.
  void reset() { cut_.reset(); }

 private:
  void cut(Bytes frame, const Offload& offload);
  // The frame as it leaves: filled up, and with the tag if it has one.
  Outgoing tagged(MutableBytes room, std::size_t size, Offload offload) const;

  std::unique_ptr<std::uint8_t[]> large_;  // what is being cut; there since it was needed first
  std::optional<Segmenter> cut_;
  std::optional<Tag> vlan_;  // its tag
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_OFFLOAD_H_
