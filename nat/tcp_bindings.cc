// What addresses of the virtual network lead to comes and goes, and what there is to tell of flows.

#include <algorithm>
#include <limits>

#include <gsl/assert>

#include "nat/tcp_flows.h"

namespace sluice {

bool TcpFlows::has_room_for_service() const {
  return streams_.size() <= std::numeric_limits<std::uint8_t>::max() ||
         std::find(streams_.begin(), streams_.end(), nullptr) != streams_.end();
}

std::uint8_t TcpFlows::place_for(StreamService& service) {
  Expects(has_room_for_service());
  const auto free = std::find(streams_.begin(), streams_.end(), nullptr);
  const auto place = static_cast<std::uint8_t>(free - streams_.begin());
  if (free == streams_.end()) {
    streams_.push_back(&service);
  } else {
    *free = &service;
  }
  return place;
}

bool TcpFlows::is_bound(const IpAddress& address) const {
  return std::any_of(bindings_.begin(), bindings_.end(),
                     [&](const Binding& binding) { return binding.at.address == address; });
}

bool TcpFlows::unbind(const Endpoint& at) {
  const auto found = std::find_if(bindings_.begin(), bindings_.end(),
                                  [&](const Binding& binding) { return binding.at == at; });
  if (found == bindings_.end()) return false;
  const Binding binding = *found;
  bindings_.erase(found);
  if (binding.service == nullptr) return true;
  table_.for_each([&](TcpFlow& flow) {
    if (flow.streams != binding.streams || flow.stream == SocketId::kNone) return;
    close_stream(flow, CloseMode::kReset);
    flow.failed = true;
    mark(flow);
  });
  // No flow has a stream of it any more, so none looks there.
  streams_[binding.streams] = nullptr;
  return true;
}

std::optional<Endpoint> TcpFlows::destination_of(const TcpFlow& flow) const {
  const Endpoint& remote = flow.key().remote;
  if (flow.streams != kHostStreams) return std::nullopt;
  if (const Binding* const binding = find_binding(remote)) {
    const auto* const endpoint = std::get_if<Endpoint>(&binding->target);
    return endpoint != nullptr ? std::optional(*endpoint) : std::nullopt;
  }
  const auto outward = context_.translation.outward(remote.address);
  return outward ? std::optional(Endpoint{*outward, remote.port}) : std::nullopt;
}

void TcpFlows::describe(std::vector<FlowInfo>& flows) const {
  table_.for_each([&](const TcpFlow& flow) {
    FlowInfo info{.protocol = FlowInfo::Protocol::kTcp,
                  .guest = flow.key().guest,
                  .remote = flow.key().remote,
                  .state = flow.connection.state(),
                  .connecting = flow.connecting,
                  .from_outside = flow.connection.is_active(),
                  .destination = destination_of(flow),
                  .account = accounts_[flow.index()]};
    if (flow.streams == kHostStreams) info.socket = flow.stream;
    if (flow.buffers) {
      info.to_host = flow.buffers->to_host.size();
      info.to_guest = flow.buffers->to_guest.size();
    }
    flows.push_back(info);
  });
}

}  // namespace sluice
