// A program that uses libslirp's interface, and a guest in it, for tests.
//
// The program waits as real ones do: fill, poll(2), poll. Its clock is the machine's, as long as a
// test does not stop it or push it on.

#ifndef SLUICE_APP_LIBSLIRP_SCRIPTED_PROGRAM_H_
#define SLUICE_APP_LIBSLIRP_SCRIPTED_PROGRAM_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/libslirp.h"
#include "stack/tcp/connection.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/seen_frame.h"

namespace sluice {

// The gateway of the program's network, and an address of it that a test forwards.
inline constexpr IpAddress kGateway = IpAddress::v4(10, 0, 2, 2);
inline constexpr Endpoint kForward{IpAddress::v4(10, 0, 2, 100), 1234};

in_addr raw(const char* text);
// Asks for the gateway's link address.
Octets arp_question(const IpAddress& from = kGuestAddress);

class ProgramGuestTcp;

class ScriptedProgram {
 public:
  // With the config and callbacks of the program, which a test may change before start(). The guest
  // has shown its address when start() returns.
  ScriptedProgram();
  ScriptedProgram(const ScriptedProgram&) = delete;
  ScriptedProgram& operator=(const ScriptedProgram&) = delete;
  ~ScriptedProgram();

  // False if slirp_new() gives none.
  bool start();
  void stop();

  // A frame from the guest, and all that follows from it at once.
  void from_guest(const Octets& frame);
  // Hands frames between the library and the guest's connections until nobody has any.
  void settle();
  // Waits until `done`. False if that takes too long.
  bool run_until(const std::function<bool()>& done);
  // What the library has to do for the time that `nanoseconds` more on the clock make.
  void let_pass(std::int64_t nanoseconds);
  // One round, which waits no longer than `patience` milliseconds.
  void turn(int patience);

  // Frames for the guest since the last call that no connection took.
  std::vector<SeenFrame> take_seen();
  std::string connections() const;

  Slirp* slirp = nullptr;
  SlirpConfig config{};
  SlirpCb callbacks{};
  // Called with each frame for the guest, in the midst of the library.
  std::function<void(const SeenFrame&)> on_frame;
  std::vector<std::string> errors;  // that guest_error told
  int notified = 0;
  std::vector<int> registered;
  std::vector<int> unregistered;
  std::uint32_t timeout = 0;  // as the last fill left it
  int polled = 0;             // descriptors that the last fill named

 private:
  friend class ProgramGuestTcp;

  bool deliver();
  std::int64_t clock() const;

  static ssize_t on_send_packet(const void* frame, std::size_t size, void* self);
  static int on_add_poll(int descriptor, int events, void* self);
  static int on_get_events(int index, void* self);

  struct Polled {
    int descriptor;
    int events;
    int ready;
  };
  std::vector<Polled> polls_;
  std::vector<SeenFrame> arrived_;
  std::vector<SeenFrame> seen_;
  std::vector<ProgramGuestTcp*> connections_;
  std::int64_t pushed_ = 0;  // nanoseconds
};

// The guest's end of a TCP connection.
class ProgramGuestTcp {
 public:
  // Connects from `port` to `remote`.
  ProgramGuestTcp(ScriptedProgram& program, std::uint16_t port, const Endpoint& remote);
  // Listens at `port` and takes the first connection that comes.
  ProgramGuestTcp(ScriptedProgram& program, std::uint16_t port);
  ~ProgramGuestTcp();
  ProgramGuestTcp(const ProgramGuestTcp&) = delete;
  ProgramGuestTcp& operator=(const ProgramGuestTcp&) = delete;

  // The guest goes on in another program; what was on its way to it is lost.
  void move_to(ScriptedProgram& program);

  void write(std::string_view bytes);
  void finish() { connection_->finish(); }
  const std::string& received() const { return received_; }
  bool established() const { return connection_ && connection_->synchronized(); }
  bool peer_finished() const { return connection_ && connection_->peer_finished(); }
  bool closed() const { return connection_ && connection_->closed(); }
  tcp::CloseReason close_reason() const { return connection_->close_reason(); }

  // For the program.
  bool takes(const SeenFrame& frame) const;
  void on_frame(const SeenFrame& frame);
  bool send_segments();

 private:
  friend class ScriptedProgram;

  static constexpr std::uint32_t kSpace = 1U << 20;

  static tcp::Parameters parameters();
  Time now() const;

  ScriptedProgram* program_;  // null once it has ended
  const std::uint16_t port_;
  Endpoint remote_;
  std::optional<tcp::Connection> connection_;
  std::string queue_;  // from the first byte that is not acknowledged
  std::string received_;
};

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_SCRIPTED_PROGRAM_H_
