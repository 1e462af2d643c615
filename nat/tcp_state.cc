// Guests that are saved and loaded: connections with services go on elsewhere, all others go on
// only where the guest comes back to them.

#include "nat/tcp_flows.h"

namespace sluice {
namespace {

std::vector<std::uint8_t> content(const ByteRing& ring) {
  std::vector<std::uint8_t> bytes;
  for (const Bytes piece : ring.pieces(0, ring.size())) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  return bytes;
}

}  // namespace

std::vector<ExportedStream> TcpFlows::export_streams(Time now, const Endpoint& server) {
  std::vector<ExportedStream> streams;
  const Binding* const binding = find_binding(server);
  if (binding == nullptr || binding->service == nullptr) return streams;
  table_.for_each([&](const TcpFlow& flow) {
    if (flow.streams != binding->streams || flow.stream == SocketId::kNone || flow.failed) return;
    const auto snapshot = flow.connection.snapshot(now);
    if (!snapshot) return;
    ExportedStream exported{{.guest = flow.key().guest,
                             .server = server,
                             .connection = *snapshot,
                             .stream_finished = flow.stream_finished,
                             .guest_finished = flow.guest_finished},
                            flow.stream};
    if (flow.buffers) {
      exported.state.to_guest = content(flow.buffers->to_guest);
      exported.state.to_host = content(flow.buffers->to_host);
    }
    streams.push_back(std::move(exported));
  });
  return streams;
}

SocketId TcpFlows::import_stream(Time now, const StreamState& state) {
  const Binding* const binding = find_binding(state.server);
  if (binding == nullptr || binding->service == nullptr || !state.is_sound()) {
    return SocketId::kNone;
  }
  const FlowKey key{state.guest, state.server};
  if (TcpFlow* const old = table_.find(key)) drop(*old);
  if (!make_room()) return SocketId::kNone;
  TcpFlow& flow =
      insert(now, key, tcp::Connection::restore(now, state.connection), binding->streams);
  flow.stream_finished = state.stream_finished;
  flow.guest_finished = state.guest_finished;
  flow.stream = binding->service->open(now, token_of(flow), key.guest);
  bool complete = flow.stream != SocketId::kNone;
  if (complete && !(state.to_guest.empty() && state.to_host.empty())) {
    TcpBuffers& buffers = buffers_of(flow);
    const auto fill = [](ByteRing& ring, Bytes bytes) {
      return bytes.empty() || (bytes.size() <= BufferPool::kLargest &&
                               ring.grow(static_cast<std::uint32_t>(bytes.size())) &&
                               ring.append(bytes) == bytes.size());
    };
    complete = fill(buffers.to_guest, state.to_guest) && fill(buffers.to_host, state.to_host);
  }
  if (!complete) {
    context_.counters.count(Drop::kMemoryLimit);
    drop(flow);
    return SocketId::kNone;
  }
  if (flow.guest_finished) binding->service->shutdown_send(flow.stream);
  flow.readable = !flow.stream_finished;
  flow.writable = true;
  mark(flow);
  return flow.stream;
}

std::vector<FlowPosition> TcpFlows::positions() {
  std::vector<FlowPosition> positions;
  table_.for_each([&](const TcpFlow& flow) {
    const auto position = flow.connection.position();
    if (!position || flow.failed || flow.silent || table_.find(flow.key()) != &flow) return;
    positions.push_back({flow.key().guest, flow.key().remote, *position});
  });
  return positions;
}

void TcpFlows::end_all_but(Time now, gsl::span<const FlowPosition> positions) {
  std::vector<bool> stays;
  const auto stay = [&stays](const TcpFlow& flow) {
    if (stays.size() <= flow.index()) stays.resize(flow.index() + 1);
    stays[flow.index()] = true;
  };
  // What no key finds any more is none of the guest's.
  table_.for_each([&](const TcpFlow& flow) {
    if (table_.find(flow.key()) != &flow) stay(flow);
  });
  for (const FlowPosition& saved : positions) {
    const TcpFlow* const flow = table_.find(FlowKey{saved.guest, saved.remote});
    if (flow != nullptr && flow->connection.position() == saved.position) {
      stay(*flow);
      continue;
    }
    // The guest is to know it before it has waited in vain. Where it has not received all that was
    // sent, it asks again, and is refused where it really is.
    context_.egress.send_tcp(now, saved.remote.address, saved.guest.address,
                             {.source_port = saved.remote.port,
                              .destination_port = saved.guest.port,
                              .sequence = saved.position.nxt,
                              .acknowledgment = saved.position.expected,
                              .flags = {.rst = true, .ack = true}},
                             {}, {}, 0);
  }
  std::vector<FlowName> ended;
  table_.for_each([&](const TcpFlow& flow) {
    if (flow.index() >= stays.size() || !stays[flow.index()]) ended.push_back(flow.name());
  });
  for (const FlowName& name : ended) drop(*table_.find(name));
}

}  // namespace sluice
