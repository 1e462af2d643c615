// A link to a port of a switch of Virtual Distributed Ethernet, by its own library. The other end
// takes over nothing.
//
// libvdeplug knows more than one kind of place, and only some of them are sockets, so each frame
// is a call of the library, and its descriptors are for waiting only. A switch speaks datagrams,
// and takes about ten of them before it must be waited for: what it has no room for waits here, up
// to what FrameStreamWriter holds. A second connection, which is silent, ends when the switch does.

#ifndef SLUICE_DEVICES_LINK_VDE_LINK_H_
#define SLUICE_DEVICES_LINK_VDE_LINK_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "devices/link/frame_stream.h"
#include "devices/link/guest_link.h"
#include "devices/link/packet_io.h"
#include "devices/link/poll_set.h"
#include "stack/segmenter.h"

struct vdeconn;

namespace sluice {

struct VdeOptions {
  std::string place;  // a switch's directory, or a URL of libvdeplug; empty: its default
  int port = 0;       // 0: any
  std::string group;  // that gets this end's socket; empty: none
  std::uint32_t mode = 0700;
};

class VdeLink final : public GuestLink {
 public:
  // Called once, when the other end is gone.
  using TellEnd = std::function<void(const std::string&)>;

  // Throws std::system_error. The process ignores SIGPIPE.
  VdeLink(const VdeOptions& options, TellEnd tell_end);
  VdeLink(const VdeLink&) = delete;
  VdeLink& operator=(const VdeLink&) = delete;

  int descriptor() const override { return polls_.descriptor(); }
  gsl::span<const Frame> receive() override;
  bool more() const override { return reader_.more(); }
  bool closed() const override { return closed_; }
  const Counters& counters() const override { return counters_; }

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override;
  // What finds no room is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  bool has_room(const MacAddress& /*to*/) const override { return writer_.has_room(); }
  void flush() override;

 private:
  struct Close {
    void operator()(vdeconn* connection) const;
  };

  void close();

  const std::string name_;
  const TellEnd tell_end_;
  std::unique_ptr<vdeconn, Close> connection_;
  PollSet polls_;
  Counters counters_;
  PacketReader reader_{kMaxReserve};
  FrameStreamWriter writer_;
  std::array<Frame, PacketReader::kBatch> frames_;
  std::unique_ptr<std::uint8_t[]> output_;
  std::size_t reserved_ = 0;
  bool closed_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_VDE_LINK_H_
