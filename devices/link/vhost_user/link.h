// A guest's virtio network device by vhost-user, of which this is the back end: the guest's memory
// and queues are shared, and frames cross no socket.
//
// This end listens; a front end, such as QEMU or User Mode Linux, connects, and the next one when
// it has gone. A front end that breaks the protocol's rules is sent away.
//
// As long as frames come, the queues are looked at without asking anybody whether they should be;
// the socket and what else is waited for has its turn when they are empty, and now and then.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_LINK_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_LINK_H_

#include <string>

#include "devices/link/guest_link.h"
#include "devices/link/stream_peer.h"
#include "devices/link/vhost_user/channel.h"
#include "devices/link/vhost_user/device.h"

namespace sluice {

class VhostUserLink final : public GuestLink {
 public:
  // Listens at a unix socket. Throws std::system_error. The process ignores SIGPIPE.
  VhostUserLink(const std::string& path, const VirtioNetOptions& options, StreamPeer::Tell tell);
  // Over a socket that is connected with a front end.
  VhostUserLink(Descriptor connected, const VirtioNetOptions& options, StreamPeer::Tell tell);
  VhostUserLink(const VhostUserLink&) = delete;
  VhostUserLink& operator=(const VhostUserLink&) = delete;

  int descriptor() const override { return polls_.descriptor(); }
  gsl::span<const Frame> receive() override;
  bool more() const override { return device_.net().more() || control_waits_ || unseen_; }
  bool closed() const override { return peer_.gone(); }
  const Counters& counters() const override { return device_.net().counters(); }

  LinkCapabilities capabilities() const override { return device_.net().capabilities(); }
  MutableBytes reserve(std::size_t size) override { return device_.net().reserve(size); }
  // What finds no room in the guest is counted as Drop::kLinkFull.
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override {
    device_.net().commit(size, payload, offload);
  }
  bool has_room(const MacAddress& to) const override { return device_.net().has_room(to); }
  void flush() override { device_.net().flush(); }

 private:
  void begin();
  void take_events();
  void take_messages();
  void lose(const std::string& why);

  const StreamPeer::Tell tell_;
  PollSet polls_;
  StreamPeer peer_;
  vhost_user::Channel channel_;
  vhost_user::Device device_;
  unsigned batches_ = 0;        // since events were looked for
  bool control_waits_ = false;  // there may be another message
  bool unseen_ = false;         // there may have been an event that receive() has not looked at
  vhost_user::Announcement announcement_{};
  Frame announcement_frame_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_LINK_H_
