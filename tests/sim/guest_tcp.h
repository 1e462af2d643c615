// The guest's end of a TCP connection: a whole TCP machine, as a real guest has one.

#ifndef SLUICE_TESTS_SIM_GUEST_TCP_H_
#define SLUICE_TESTS_SIM_GUEST_TCP_H_

#include <map>
#include <string>

#include "stack/tcp/connection.h"
#include "tests/sim/sim.h"

namespace sluice {

class GuestTcp {
 public:
  // Connects from `port` of the guest, from its address of that family, to `remote`.
  // Its sequence numbers begin `later` than those of the first connection from that port.
  GuestTcp(Sim& sim, std::uint16_t port, const Endpoint& remote, std::uint32_t later = 0);
  // Listens at `port` and takes the first connection that comes.
  GuestTcp(Sim& sim, std::uint16_t port);
  ~GuestTcp();
  GuestTcp(const GuestTcp&) = delete;
  GuestTcp& operator=(const GuestTcp&) = delete;

  void write(std::string_view bytes);
  void finish();
  void reset();
  // Bytes that are kept unread; beyond it the window closes.
  void set_space(std::uint32_t bytes);

  const std::string& received() const { return received_; }
  bool established() const { return connection_ && connection_->synchronized(); }
  bool peer_finished() const { return connection_ && connection_->peer_finished(); }
  bool closed() const { return connection_ && connection_->closed(); }
  tcp::CloseReason close_reason() const { return connection_->close_reason(); }
  const Endpoint& remote() const { return remote_; }

  // For the Sim: a frame for this connection; time; segments that are due.
  bool takes(const SeenFrame& frame) const;
  void on_frame(Time now, const SeenFrame& frame);
  void on_time(Time now);
  std::optional<Time> deadline(Time now) const;
  // True if it sent anything.
  bool send_segments(Time now);

 private:
  tcp::Parameters parameters(std::uint32_t later) const;

  Sim& sim_;
  std::uint16_t port_;
  Endpoint remote_;
  std::optional<tcp::Connection> connection_;
  std::uint32_t space_ = 1U << 20;
  std::string queue_;  // from the first byte that is not acknowledged
  std::string received_;
  std::map<std::size_t, std::string> aside_;  // by place in received_
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_GUEST_TCP_H_
