// A guest forward that leads to the program that this is a part of: an emulator's character device,
// say.
//
// What guests send goes to a sink, of all connections alike. What the program has to say goes to
// the guest that connected last; it waits here until the guest's window takes it, and the program
// is told how much may wait. The program never says that a connection is to end, so one ends when
// the guest has finished and then for kLinger nothing was said to it.

#ifndef SLUICE_SERVICES_GUESTFWD_PROGRAM_STREAMS_H_
#define SLUICE_SERVICES_GUESTFWD_PROGRAM_STREAMS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "nat/service.h"

namespace sluice {

class ProgramSink {
 public:
  // Bytes from a guest. What is not taken, which is told by a short count, is offered again.
  virtual Transfer take(Bytes bytes) = 0;
  // receive() takes bytes again, where it took none.
  virtual void on_room() = 0;

 protected:
  ~ProgramSink() = default;
};

class ProgramStreams final : public StreamService, private TimerHandler {
 public:
  // All of them outlive it.
  ProgramStreams(StreamEvents& events, TimerWheel& timers, ProgramSink& sink);
  ProgramStreams(const ProgramStreams&) = delete;
  ProgramStreams& operator=(const ProgramStreams&) = delete;
  ~ProgramStreams();

  // How many bytes say() takes; 0 when nobody is connected.
  std::size_t room() const;
  // Bytes for the guest that connected last. Returns how many were taken.
  std::size_t say(Time now, Bytes bytes);

  // What the program has said on that stream and the flow has not fetched yet.
  Bytes waiting(SocketId id);
  // The same, of a stream that goes on here.
  void restore(SocketId id, Bytes bytes);

  SocketId open(Time now, Token token, const Endpoint& from) override;
  Transfer send(SocketId id, gsl::span<const Bytes> pieces) override;
  Transfer receive(SocketId id, gsl::span<const MutableBytes> pieces) override;
  void shutdown_send(SocketId id) override;
  std::errc take_error(SocketId id) override;
  void close(SocketId id, CloseMode mode) override;

  static constexpr std::size_t kMaxStreams = 64;
  static constexpr std::size_t kMaxWaiting = std::size_t{128} << 10;  // bytes for one guest
  static constexpr Duration kRetry = std::chrono::milliseconds(10);   // of a sink that is full
  static constexpr Duration kLinger = std::chrono::seconds(10);

 private:
  struct Stream;

  Stream* find(SocketId id);
  // The one that say() talks to; null if there is none.
  Stream* latest() const;
  void on_timer(Time now, Timer& timer) override;

  StreamEvents& events_;
  TimerWheel& timers_;
  ProgramSink& sink_;
  std::vector<std::unique_ptr<Stream>> streams_;  // in the order they were opened
  Time now_{};                                    // of the last call that told it
  std::uint32_t last_id_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_GUESTFWD_PROGRAM_STREAMS_H_
