// DNS over TCP as guests speak it (RFC 7766): streams of messages, each behind its length.
//
// A stream takes bytes until a whole query is there and hands it out; answers are put into the
// stream in whatever order they come. A guest may send several queries without waiting, up to
// kMaxPending; then, or while it does not read its answers, no more of its bytes are taken.
//
// The Streams interface carries no time, and a query needs one. So what a stream is given is only
// kept, and a timer that is due at once hands it out when it fires.
//
// What a stream may hold: one query, kOutputLimit bytes of answers, and kMaxPending short replies.

#ifndef SLUICE_SERVICES_DNS_STREAMS_H_
#define SLUICE_SERVICES_DNS_STREAMS_H_

#include <memory>
#include <vector>

#include "nat/service.h"
#include "services/dns/counters.h"
#include "stack/timer_wheel.h"

namespace sluice {

class DnsStreamClient {
 public:
  // A message came on a stream; its bytes are valid until this returns. True if it is going to be
  // answered, or was already, by one call to DnsStreams::answer(); false if it never will be.
  virtual bool on_stream_message(Time now, SocketId stream, Bytes message) = 0;
  // The guest has closed the stream: nothing can be answered any more.
  virtual void on_stream_closed(SocketId stream) = 0;

 protected:
  ~DnsStreamClient() = default;
};

class DnsStreams final : public StreamService, private TimerHandler {
 public:
  // All of these outlive it. Messages above `max_message` bytes end their stream.
  DnsStreams(StreamEvents& events, TimerWheel& timers, DnsStreamClient& client,
             std::size_t max_message, DnsCounters& counters);
  ~DnsStreams();
  DnsStreams(const DnsStreams&) = delete;
  DnsStreams& operator=(const DnsStreams&) = delete;

  // Puts an answer into a stream, behind its length. False, and nothing is put, if the guest has
  // not read enough of those before it: a message of at most kShortReply bytes always fits. For a
  // stream that is gone there is nothing to do, and that is true.
  bool answer(Time now, SocketId stream, Bytes message);

  SocketId open(Time now, Token token, const Endpoint& from) override;
  Transfer send(SocketId id, gsl::span<const Bytes> pieces) override;
  Transfer receive(SocketId id, gsl::span<const MutableBytes> pieces) override;
  void shutdown_send(SocketId id) override;
  std::errc take_error(SocketId /*id*/) override { return {}; }
  void close(SocketId id, CloseMode mode) override;

  static constexpr std::size_t kMaxStreams = 64;
  static constexpr unsigned kMaxPending = 16;                         // queries per stream
  static constexpr std::size_t kOutputPause = std::size_t{64} << 10;  // no more queries above it
  static constexpr std::size_t kOutputLimit = std::size_t{128} << 10;
  static constexpr std::size_t kShortReply = 512;
  static constexpr Duration kIdle = std::chrono::seconds(30);

 private:
  struct Stream;

  void on_timer(Time now, Timer& timer) override;
  Stream* find(SocketId id);
  // Has the stream looked at when the time is known again.
  void wake(Stream& stream);
  void look_at(Time now, Stream& stream);
  void hand_out(Time now, Stream& stream);
  void announce(const Stream& stream, Readiness ready);

  StreamEvents& events_;
  TimerWheel& timers_;
  DnsStreamClient& client_;
  const std::size_t max_message_;
  DnsCounters& counters_;
  Time latest_{};  // the last time that was told
  Timer work_;
  std::vector<std::unique_ptr<Stream>> streams_;  // places, made when first needed
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_STREAMS_H_
