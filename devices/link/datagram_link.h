// A link over datagrams, each of which is a frame: UDP to one other or to a multicast group, and
// unix sockets. Where frames are wrapped, as those of tunnels are, an envelope knows how. The other
// end takes over nothing.
//
// Many come and go with one call. What the socket has no room for waits, up to what
// FrameStreamWriter holds. Of UDP, only what the named peer sends is taken; of a group, what
// anybody sends but us.

#ifndef SLUICE_DEVICES_LINK_DATAGRAM_LINK_H_
#define SLUICE_DEVICES_LINK_DATAGRAM_LINK_H_

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>

#include "devices/link/frame_stream.h"
#include "devices/link/guest_link.h"
#include "devices/link/poll_set.h"
#include "devices/link/socket_place.h"
#include "posix/socket_file.h"
#include "stack/segmenter.h"

namespace sluice {

// What stands in front of frames in datagrams.
class DatagramEnvelope {
 public:
  DatagramEnvelope() = default;
  DatagramEnvelope(const DatagramEnvelope&) = delete;
  DatagramEnvelope& operator=(const DatagramEnvelope&) = delete;
  virtual ~DatagramEnvelope() = default;

  // The frame in a datagram; nullopt if there is none for us.
  virtual std::optional<Bytes> open(Bytes datagram) const = 0;
  // Writes what stands in front of the frame that follows `sent` others; returns its size, at most
  // kMaxSize.
  virtual std::size_t seal(std::uint64_t sent, MutableBytes into) const = 0;

  static constexpr std::size_t kMaxSize = 512;
};

class DatagramLink final : public GuestLink {
 public:
  // Sends to `remote`, receives at `local`. Throws std::system_error.
  DatagramLink(const SocketPlace& remote, const SocketPlace& local);
  // A multicast group of IPv4, on the interface that has the address; unspecified: on that which
  // the system chooses. Throws std::system_error.
  static std::unique_ptr<DatagramLink> of_group(const Endpoint& group, const IpAddress& interface);
  // Over a socket that has a peer.
  explicit DatagramLink(Descriptor connected, std::unique_ptr<DatagramEnvelope> envelope = {});
  DatagramLink(const DatagramLink&) = delete;
  DatagramLink& operator=(const DatagramLink&) = delete;

  int descriptor() const override { return polls_.descriptor(); }
  gsl::span<const Frame> receive() override;
  bool more() const override { return more_; }
  bool closed() const override { return closed_; }
  const Counters& counters() const override { return counters_; }

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override;
  // What finds no room is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  bool has_room(const MacAddress& /*to*/) const override { return writer_.has_room(); }
  void flush() override;

 private:
  static constexpr std::size_t kBatch = 64;
  // A cache line more than the largest frame: else all would begin in the same few sets of the
  // cache.
  static constexpr std::size_t kStride = kMaxReserve + 64;

  struct Slot {
    SocketAddress source;
    iovec piece{};
  };

  // Receives by one socket and sends by the other, or by the same if there is no other. With a
  // `remote`, to there; else the socket has a peer.
  DatagramLink(Descriptor in, Descriptor out, std::optional<SocketPlace> remote);
  // The frame for us in a datagram.
  std::optional<Bytes> frame_in(Bytes datagram, const SocketAddress& source, bool cut);
  // Sends what waits as far as one call takes it. False: there is no room for more.
  bool send_some();
  int out() const { return out_ ? out_.get() : in_.get(); }

  PollSet polls_;
  Descriptor in_;
  Descriptor out_;                      // of a group
  std::optional<PlaceAddress> remote_;  // where the socket has no peer
  std::optional<Endpoint> only_from_;   // of UDP
  std::optional<Endpoint> ourselves_;   // of a group: as whom we are heard
  std::optional<SocketFile> file_;      // of a unix socket
  std::unique_ptr<DatagramEnvelope> envelope_;
  std::unique_ptr<std::uint8_t[]> seals_;  // of one call's frames
  std::uint64_t sent_ = 0;
  Counters counters_;
  // Not touched before use: only what datagrams have filled is ever backed by memory.
  std::unique_ptr<std::uint8_t[]> input_;
  std::array<Slot, kBatch> slots_;
  std::array<mmsghdr, kBatch> messages_{};
  std::array<Frame, kBatch> frames_;
  FrameStreamWriter writer_;
  std::unique_ptr<std::uint8_t[]> output_;
  std::size_t reserved_ = 0;
  bool more_ = false;
  bool closed_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_DATAGRAM_LINK_H_
