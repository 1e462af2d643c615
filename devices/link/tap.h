// A tap: the end of a Linux network interface that a program reads and writes frames at.
//
// open_tap() makes the interface in the network namespace of the caller; whoever holds the
// descriptor is the other end of the wire, from any namespace. So a short-lived helper inside the
// guest's namespace opens it and hands it out through a unix socket, and Tap needs no privilege.
//
// The kernel hands over what an application wrote, up to 64 KiB with neither checksum nor
// segmentation done, and takes the same, because the interface is told that this end does that work
// (TUNSETOFFLOAD). It never has to be done: the frame ends here, and its payload goes on through a
// socket of the host. What each frame still lacks stands in its virtio header (vnet_header.h).
//
// Output is written at once by commit(), from where header and payload lie (packet_io.h). So the
// payload is copied once, by the kernel.

#ifndef SLUICE_DEVICES_LINK_TAP_H_
#define SLUICE_DEVICES_LINK_TAP_H_

#include <array>
#include <memory>
#include <string>

#include "devices/link/guest_link.h"
#include "devices/link/packet_io.h"
#include "posix/descriptor.h"
#include "stack/wire/vnet_header.h"

namespace sluice {

struct TapOptions {
  std::string device = "/dev/net/tun";  // absolute path of the clone device
  bool vnet_headers = true;             // in front of each frame; else there are bare frames
  bool one_of_many = false;             // a queue of an interface that has several
};

// Makes the tap interface `name` in the current network namespace, or attaches to a persistent one
// that nobody holds; with `one_of_many`, that anybody holds
// the same way. An empty name, or one with a "%d", lets the kernel choose a number; tap_name()
// tells. The interface is down and goes away with the descriptor, which is nonblocking and closed
// on exec.
// Throws std::system_error that says what is missing and how to get it.
Descriptor open_tap(const std::string& name, const TapOptions& options = {});

// Whether a descriptor is a tap with virtio headers, as open_tap() makes them.
bool has_vnet_headers(const Descriptor& descriptor);

// Whether it is a tap at which each packet is nothing but a frame.
bool has_bare_frames(const Descriptor& descriptor);

// The name of the interface behind a descriptor of open_tap(). It stays what it is when the
// descriptor is handed to another namespace. Throws std::system_error for any other descriptor.
std::string tap_name(const Descriptor& tap);

class Tap final : public GuestLink {
 public:
  // Takes a descriptor of open_tap() and agrees with the kernel on the header and the offloads:
  // checksums, TCP segmentation, and UDP segmentation where the kernel has it. Throws
  // std::system_error.
  explicit Tap(Descriptor tap);
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  int descriptor() const override { return tap_.get(); }
  std::string name() const { return tap_name(tap_); }

  // At most kBatch frames. One with an impossible header is counted as Drop::kMalformed, one that
  // is too long as Drop::kTruncated.
  gsl::span<const Frame> receive() override;
  bool more() const override { return reader_.more(); }
  // The interface is gone. The end of a namespace does not come this way: the descriptor itself
  // keeps the namespace, and the interface in it, alive.
  bool closed() const override { return closed_ || reader_.closed(); }
  const Counters& counters() const override { return counters_; }

  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override;
  // Writes the frame. What the kernel does not take (the interface is down or gone, its memory is
  // spent) is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override {}

  static constexpr std::size_t kBatch = PacketReader::kBatch;
  // The largest frame: 64 KiB of IP packet and the headers of the link below it.
  static constexpr std::size_t kMaxFrame = 65536 + 64;

 private:
  Descriptor tap_;
  Counters counters_;
  LinkCapabilities capabilities_;
  PacketReader reader_{kVnetHeaderSize + kMaxFrame};
  bool closed_ = false;
  std::array<Frame, kBatch> frames_;
  std::unique_ptr<std::uint8_t[]> output_;  // virtio header, then the reserved room
  std::size_t reserved_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_TAP_H_
