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
// A tap has no system call for more than one frame. Input is read frame behind frame into one
// buffer until the queue is empty or there is no room for another of the largest, so that a batch
// of small frames is many and stays in a few cache lines; output is written at once by commit(),
// one writev from where header and payload lie. So the payload is copied once, by the kernel.

#ifndef SLUICE_DEVICES_LINK_TAP_H_
#define SLUICE_DEVICES_LINK_TAP_H_

#include <array>
#include <memory>
#include <string>

#include "devices/link/vnet_header.h"
#include "posix/descriptor.h"
#include "stack/counters.h"
#include "stack/link.h"

namespace sluice {

struct TapOptions {
  std::string device = "/dev/net/tun";  // absolute path of the clone device
};

// Makes the tap interface `name` in the current network namespace, or attaches to a persistent one
// that nobody holds. An empty name, or one with a "%d", lets the kernel choose a number; tap_name()
// tells. The interface is down and goes away with the descriptor, which is nonblocking and closed
// on exec.
// Throws std::system_error that says what is missing and how to get it.
Descriptor open_tap(const std::string& name, const TapOptions& options = {});

// The name of the interface behind a descriptor of open_tap(). It stays what it is when the
// descriptor is handed to another namespace. Throws std::system_error for any other descriptor.
std::string tap_name(const Descriptor& tap);

class Tap final : public Link {
 public:
  // Which work this end takes over from the guest's kernel, and leaves to it.
  enum class Offloads : std::uint8_t {
    kAll,   // checksums, TCP segmentation, and UDP segmentation where the kernel has it
    kNone,  // every frame is whole and within the MTU
  };

  // Takes a descriptor of open_tap() and agrees with the kernel on the header and the offloads.
  // `counters` outlives the Tap: drops are counted there. Throws std::system_error.
  Tap(Descriptor tap, Counters& counters, Offloads offloads = Offloads::kAll);
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // To wait for input on; level-triggered and edge-triggered both work with more().
  int descriptor() const { return tap_.get(); }
  std::string name() const { return tap_name(tap_); }

  // Reads what has come, at most kBatch frames. They stay until the next call. A frame with an
  // impossible header is counted as Drop::kMalformed, one that is too long as Drop::kTruncated.
  gsl::span<const Frame> receive();
  // The last receive() ended because its buffer was full: there may be more, which an
  // edge-triggered wait won't announce.
  bool more() const { return more_; }
  // The interface is gone: nothing will come and nothing can be sent. The end of a namespace does
  // not come this way: the descriptor itself keeps the namespace, and the interface in it, alive.
  bool closed() const { return closed_; }

  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override;
  // Writes the frame. What the kernel does not take (the interface is down or gone, its memory is
  // spent) is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override {}

  static constexpr std::size_t kBatch = 64;
  // The largest frame: 64 KiB of IP packet and the headers of the link below it.
  static constexpr std::size_t kMaxFrame = 65536 + 64;

 private:
  // What a read is offered: one byte more than the largest frame fills, so that one that fills it
  // was cut short.
  static constexpr std::size_t kRead = kVnetHeaderSize + kMaxFrame + 1;
  // Together with the copies that the kernel makes of it, half of a usual second-level cache.
  static constexpr std::size_t kInputSize = std::size_t{1024} << 10;

  Descriptor tap_;
  Counters& counters_;
  LinkCapabilities capabilities_;
  bool more_ = false;
  bool closed_ = false;
  // Not initialised: a page is the kernel's until a frame reaches into it.
  std::unique_ptr<std::uint8_t[]> input_;
  std::array<Frame, kBatch> frames_;
  std::unique_ptr<std::uint8_t[]> output_;  // virtio header, then the reserved room
  std::size_t reserved_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_TAP_H_
