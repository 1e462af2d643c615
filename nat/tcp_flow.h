// One TCP flow: a connection with a guest on one side, a stream on the other.

#ifndef SLUICE_NAT_TCP_FLOW_H_
#define SLUICE_NAT_TCP_FLOW_H_

#include <memory>
#include <optional>

#include "nat/flow_table.h"
#include "nat/host.h"
#include "stack/byte_ring.h"
#include "stack/tcp/connection.h"
#include "stack/timer_wheel.h"

namespace sluice {

// Payload on its way. A flow has this only while there is some.
struct TcpBuffers {
  explicit TcpBuffers(BufferPool& pool) : to_guest(pool), to_host(pool) {}

  ByteRing to_guest;  // from the first byte that the guest has not acknowledged
  ByteRing to_host;   // acknowledged to the guest, refused by the stream so far
};

struct TcpFlow final : FlowEntry, Timer {
  TcpFlow(TimerHandler& handler, tcp::Connection guest_side, std::uint8_t other_side)
      : Timer(handler), connection(std::move(guest_side)), streams(other_side) {}

  // Which of the table's lists it is in.
  enum class Listed : std::uint8_t { kNowhere, kHalfOpen, kTimeWait };

  tcp::Connection connection;
  std::unique_ptr<TcpBuffers> buffers;
  SocketId stream = SocketId::kNone;  // none before it is open, and when both ways are finished
  FlowLinks links;
  std::uint8_t streams;  // what the stream belongs to: TcpFlows knows what that is
  Listed listed = Listed::kNowhere;

  bool connecting : 1 = false;       // the stream is not open yet; the guest's SYN waits
  bool readable : 1 = false;         // the stream may have bytes
  bool writable : 1 = false;         // the stream may take bytes
  bool more : 1 = false;             // behind a short count it may have more, or its end
  bool stream_finished : 1 = false;  // its end has been read
  bool guest_finished : 1 = false;   // the end of the guest's bytes has been passed on
  bool failed : 1 = false;           // the stream is reset, and so the guest is to be
  bool silent : 1 = false;           // the other side is gone without a word, and so are we
  bool dirty : 1 = false;            // has its turn when the batch ends
  bool held : 1 = false;             // has broken off its turn for a link that was full
};
// What an idle flow takes of its table, next to its descriptor and a few words that find it.
static_assert(sizeof(std::optional<TcpFlow>) <= 256);

}  // namespace sluice

#endif  // SLUICE_NAT_TCP_FLOW_H_
