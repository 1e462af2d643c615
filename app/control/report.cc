#include "app/control/report.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "app/options/forward.h"

namespace sluice {
namespace {

std::string_view protocol_name(FlowInfo::Protocol protocol) {
  switch (protocol) {
    case FlowInfo::Protocol::kTcp:
      return "tcp";
    case FlowInfo::Protocol::kUdp:
      return "udp";
    case FlowInfo::Protocol::kEcho:
      return "icmp";
  }
  return "";
}

std::int64_t seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

// An echo's port is the identifier at the guest, and none at the other end.
std::string endpoint_text(const FlowInfo& flow, const Endpoint& endpoint) {
  const bool has_port = flow.protocol != FlowInfo::Protocol::kEcho;
  return has_port ? endpoint.to_string() : endpoint.address.to_string();
}

OrderedJson flow_value(const FlowInfo& flow, Time now) {
  OrderedJson value = OrderedJson::object();
  value["protocol"] = protocol_name(flow.protocol);
  if (flow.protocol == FlowInfo::Protocol::kTcp) {
    value["state"] = flow.connecting ? "CONNECTING" : state_name(flow.state);
    value["incoming"] = flow.from_outside;
  }
  value["guest"] = endpoint_text(flow, flow.guest);
  value["remote"] = endpoint_text(flow, flow.remote);
  if (flow.destination) value["destination"] = endpoint_text(flow, *flow.destination);
  value["bytes-to-host"] = flow.account.to_host;
  value["bytes-to-guest"] = flow.account.to_guest;
  if (flow.protocol == FlowInfo::Protocol::kTcp) {
    value["waiting-to-host"] = flow.to_host;
    value["waiting-to-guest"] = flow.to_guest;
  }
  value["age"] = seconds(now - flow.account.opened);
  value["idle"] = seconds(now - flow.account.moved);
  if (flow.left) value["left"] = seconds(*flow.left);
  return value;
}

OrderedJson limits_value(const Limits& limits) {
  return {{"tcp-flows", limits.tcp_flows},
          {"half-open-tcp-flows", limits.half_open_tcp_flows},
          {"udp-flows", limits.udp_flows},
          {"icmp-flows", limits.echo_flows},
          {"datagram-peers", limits.datagram_peers},
          {"buffer-bytes", limits.buffer_bytes}};
}

OrderedJson counters_value(const Counters& counters) {
  return {{"frames-from-guest", counters.frames_in}, {"bytes-from-guest", counters.bytes_in},
          {"frames-to-guest", counters.frames_out},  {"bytes-to-guest", counters.bytes_out},
          {"tcp-flows", counters.tcp_flows},         {"udp-flows", counters.udp_flows},
          {"icmp-flows", counters.echo_flows}};
}

OrderedJson drops_value(const Counters& counters) {
  OrderedJson value = OrderedJson::object();
  for (std::size_t i = 0; i < counters.drops.size(); ++i) {
    value[std::string(drop_name(static_cast<Drop>(i)))] = counters.drops.at(i);
  }
  return value;
}

}  // namespace

OrderedJson netdevs_value(const std::vector<NetdevInfo>& netdevs) {
  OrderedJson values = OrderedJson::array();
  for (const NetdevInfo& netdev : netdevs) {
    OrderedJson value = {{"id", netdev.id}, {"type", netdev.type}, {"info", netdev.text}};
    if (netdev.hub) value["hub"] = *netdev.hub;
    if (netdev.port) {
      const SwitchLink::Traffic& traffic = netdev.port->traffic;
      value["up"] = netdev.port->up;
      value["closed"] = netdev.port->closed;
      value["counters"] = {{"frames-sent", traffic.frames_sent},
                           {"bytes-sent", traffic.bytes_sent},
                           {"frames-received", traffic.frames_received},
                           {"bytes-received", traffic.bytes_received},
                           {"dropped", netdev.port->dropped}};
    }
    values.push_back(std::move(value));
  }
  return values;
}

OrderedJson user_network_value(const std::string& id, NetworkReport report, std::size_t most) {
  OrderedJson value = {{"id", id}, {"flow-count", report.flows.size()}};
  std::ranges::stable_sort(report.flows, std::ranges::greater(),
                           [](const FlowInfo& flow) { return flow.account.moved; });
  if (report.flows.size() > most) report.flows.resize(most);
  OrderedJson& flows = value["flows"] = OrderedJson::array();
  for (const FlowInfo& flow : report.flows) flows.push_back(flow_value(flow, report.now));
  OrderedJson& forwards = value["hostfwd"] = OrderedJson::array();
  for (const HostForwardInfo& info : report.forwards) {
    forwards.push_back(emit_host_forward(info.forward));
  }
  OrderedJson& guests = value["guests"] = OrderedJson::array();
  for (const Neighbors::Entry& guest : report.guests) {
    guests.push_back({{"address", guest.address.to_string()}, {"mac", guest.mac.to_string()}});
  }
  value["limits"] = limits_value(report.limits);
  value["counters"] = counters_value(report.counters);
  value["drops"] = drops_value(report.counters);
  return value;
}

}  // namespace sluice
