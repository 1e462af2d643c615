// What is behind a Slirp: a Nat, the host's sockets, the services, and the program's callbacks.
//
// The program polls one descriptor, that of the epoll instance which all sockets are registered
// with; so what a poll costs it does not depend on how many connections there are.
//
// Frames come one by one, and one by one they would be expensive: a system call and an
// acknowledgment each. So segments of open connections, and datagrams to the outside, wait for each
// other until the next poll: all but the first since the last poll, as its answer may be all that
// the guest waits for. Every other frame, and the kBurstFrames'th, is taken at once and takes along
// what waits. The program is told to poll soon, and its poll is woken, as not every program that
// can be told does something about it.
//
// A callback is made from the midst of the core, and the program may call the library from there.
// What it calls then must not reach the core: frames wait in a queue until the call that is under
// way is done with; what only tells does so; what would change forwards or load a state is refused
// with EBUSY, but for the end of a forward of the program's own. The C functions keep the instance
// alive until the last of them returns: see api.cc.

#ifndef SLUICE_APP_LIBSLIRP_INSTANCE_H_
#define SLUICE_APP_LIBSLIRP_INSTANCE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/guest_services.h"
#include "app/libslirp/callback_link.h"
#include "app/libslirp/callbacks.h"
#include "app/libslirp/frame_queue.h"
#include "app/libslirp/guest_clock.h"
#include "app/libslirp/program_forward.h"
#include "app/libslirp/settings.h"
#include "nat/host/directory_files.h"
#include "nat/host/event_queue.h"
#include "nat/host/name_server_file.h"
#include "nat/host/system_host.h"
#include "nat/nat.h"
#include "services/dhcp/server.h"
#include "services/ncsi/controller.h"

namespace sluice {

class Instance {
 public:
  // Throws what setting up throws.
  Instance(const Settings& settings, const Callbacks& callbacks);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  Callbacks& callbacks() { return callbacks_; }
  const Counters& counters() const { return nat_.counters(); }

  // The descriptor to poll, which is to become readable.
  int descriptor() const { return queue_.descriptor(); }
  // As which the program polls it; once for each time that it waits. Negative: it does not.
  void set_poll_index(int index) {
    poll_index_ = index < 0 ? std::nullopt : std::optional(index);
    may_sleep_ = true;
  }
  std::optional<int> take_poll_index() {
    may_sleep_ = false;
    return std::exchange(poll_index_, std::nullopt);
  }
  // Milliseconds until the program is to come back, at most `wanted`. It knows from now on.
  std::uint32_t timeout(std::uint32_t wanted);
  // The program has waited. `ready`: the descriptor was readable.
  void on_poll(bool ready);
  void on_frame(Bytes frame);

  // 0, or an errno.
  int add_host_forward(const HostForward& forward);
  int remove_host_forward(const ListenAddress& listen);
  // Where `server` has no address, it gets one.
  int add_guest_forward(Endpoint& server, const StreamTarget& target);
  int add_guest_forward(Endpoint& server, SlirpWriteCb write, void* opaque);
  int remove_guest_forward(const Endpoint& server);
  // How much say() takes for that forward.
  std::size_t room(const Endpoint& server);
  void say(const Endpoint& server, Bytes bytes);

  void save(SlirpWriteCb write, void* opaque);
  // 0 or an errno, and then nothing has changed.
  int load(SlirpReadCb read, void* opaque);

  std::string connections();
  std::string neighbors();

 private:
  // How many bytes and frames wait at most while a callback is under way, and how many of them one
  // call works off: what is behind comes with the next one.
  static constexpr std::size_t kMaxQueuedBytes = std::size_t{4} << 20;
  static constexpr std::size_t kMaxQueuedFrames = 4096;
  static constexpr std::size_t kMaxFramesOfCall = 4096;
  // How many frames wait for the next poll, and how many bytes of them.
  static constexpr std::size_t kBurstFrames = 64;
  static constexpr std::size_t kBurstBytes = std::size_t{128} << 10;

  // Does something with the core, at the time that it is now, and then what has come up meanwhile.
  template <typename Input>
  void enter(Input input);
  void work_off_queue(Time now);
  void take_frames(Time now, const FrameQueue& frames);
  std::optional<Time> deadline() const;
  // Tells the program if it is to come back earlier than it knows.
  void notify_if_due();
  // EBUSY, and says so: the core is at work.
  int refuse(const char* what) const;
  // 0 or an errno, whatever `change` throws.
  template <typename Change>
  int change(Change change);
  void complete(Endpoint& server) const;
  ProgramForward* find(const Endpoint& server);

  const Settings settings_;
  Callbacks callbacks_;
  GuestClock clock_;
  EventQueue queue_;
  SystemHost host_;
  CallbackLink link_;
  Nat nat_;
  NameServerFile name_servers_;
  std::unique_ptr<DirectoryFiles> files_;  // null: there is no TFTP
  GuestServices services_;
  ServiceContext program_context_;
  std::vector<std::unique_ptr<ProgramForward>> program_forwards_;
  NcsiController ncsi_;

  std::optional<int> poll_index_;
  bool may_sleep_ = false;  // the program, until its poll has ended
  bool in_core_ = false;
  bool in_burst_ = false;  // a frame has been taken since the last poll
  FrameQueue queued_;      // frames that wait
  FrameQueue taken_;       // those that the core is being given
  std::vector<Frame> batch_;
  std::vector<Endpoint> to_remove_;  // guest forwards, meanwhile
  Time told_ = Time::min();          // when the program knows that it is to come back
  bool room_opened_ = false;         // a forward's program may say more, and does not know
};

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_INSTANCE_H_
