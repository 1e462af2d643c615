// A link over a stream socket, as emulators have it between each other: a frame follows the other,
// each behind its length (frame_stream.h). The other end takes over nothing.
//
// What is sent in one batch leaves with one call, from where it lies if it need not be cut. What
// the socket has no room for waits, up to what FrameStreamWriter holds; beyond that it is dropped,
// as on a wire. A peer that breaks the rules, or ends, is lost, and what it had half sent with it.

#ifndef SLUICE_DEVICES_LINK_STREAM_LINK_H_
#define SLUICE_DEVICES_LINK_STREAM_LINK_H_

#include <array>
#include <memory>
#include <string>

#include "devices/link/frame_stream.h"
#include "devices/link/gathered_frames.h"
#include "devices/link/guest_link.h"
#include "devices/link/stream_peer.h"
#include "stack/segmenter.h"

namespace sluice {

class StreamLink final : public GuestLink {
 public:
  // As StreamPeer. The process ignores SIGPIPE.
  StreamLink(StreamPeerOptions options, StreamPeer::Tell tell);
  StreamLink(Descriptor connected, StreamPeer::Tell tell);
  StreamLink(const StreamLink&) = delete;
  StreamLink& operator=(const StreamLink&) = delete;

  int descriptor() const override { return peer_.descriptor(); }
  gsl::span<const Frame> receive() override;
  bool more() const override { return full_ || !drained_; }
  bool closed() const override { return peer_.gone(); }
  const Counters& counters() const override { return counters_; }

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override;
  // What finds no room is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  bool has_room(const MacAddress& /*to*/) const override { return writer_.has_room(); }
  void flush() override;

 private:
  static constexpr std::size_t kBatch = 64;

  void read();
  // The peer is of no use any more, and what waited for it has nowhere to go. What it has sent
  // counts still.
  void lose(const std::string& why);
  // Writes what has been gathered; what the socket does not take is copied, and waits.
  void flush_gathered();
  // Writes `bytes`, of which there are some, as far as the socket takes them; returns how many.
  std::size_t write(gsl::span<iovec> pieces);

  StreamPeer peer_;
  Counters counters_;
  FrameStreamReader reader_;
  GatheredFrames gathered_;
  FrameStreamWriter writer_;  // what waits for the socket
  std::array<Frame, kBatch> frames_;
  std::unique_ptr<std::uint8_t[]> output_;
  std::size_t reserved_ = 0;
  bool full_ = false;    // the last batch; what has been read may hold more
  bool drained_ = true;  // the socket had no more when it was read last
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_STREAM_LINK_H_
