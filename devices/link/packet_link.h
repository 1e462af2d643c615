// Plain Ethernet frames, each a packet of a descriptor.
//
// Such is a seqpacket socket that User Mode Linux (its transport "bess") connects to, and a tap
// that somebody else has opened without virtio headers. The other end takes over nothing: every
// frame that it gets is within the MTU, and its checksums are there.

#ifndef SLUICE_DEVICES_LINK_PACKET_LINK_H_
#define SLUICE_DEVICES_LINK_PACKET_LINK_H_

#include <array>
#include <memory>

#include "devices/link/guest_link.h"
#include "devices/link/packet_io.h"
#include "posix/descriptor.h"
#include "stack/segmenter.h"

namespace sluice {

class PacketLink final : public GuestLink {
 public:
  // Throws std::system_error if the descriptor can't be made nonblocking. The process ignores
  // SIGPIPE, which a socket without its other end would cause.
  explicit PacketLink(Descriptor descriptor);
  PacketLink(const PacketLink&) = delete;
  PacketLink& operator=(const PacketLink&) = delete;

  int descriptor() const override { return descriptor_.get(); }
  gsl::span<const Frame> receive() override;
  bool more() const override { return reader_.more(); }
  bool closed() const override { return closed_ || reader_.closed(); }
  const Counters& counters() const override { return counters_; }

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override;
  // What the other end has no room for is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override {}

  // The largest frame: 64 KiB of IP packet and the headers of the link below it.
  static constexpr std::size_t kMaxFrame = 65536 + 64;

 private:
  void send(Bytes head, gsl::span<const Bytes> payload);

  Descriptor descriptor_;
  Counters counters_;
  PacketReader reader_{kMaxFrame};
  std::array<Frame, PacketReader::kBatch> frames_;
  std::unique_ptr<std::uint8_t[]> output_;
  std::unique_ptr<std::uint8_t[]> segment_;
  std::size_t reserved_ = 0;
  bool closed_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_PACKET_LINK_H_
