#include "app/libslirp/tables.h"

#include <array>
#include <cstdio>

namespace sluice {
namespace {

struct Line {
  std::string kind;  // "TCP[ESTABLISHED]"
  SocketId socket = SocketId::kNone;
  Endpoint source;
  Endpoint destination;
  std::uint32_t received = 0;  // from the source, and waiting
  std::uint32_t sent = 0;
  bool has_ports = true;
};

std::string address_text(const IpAddress& address) {
  return address.is_unspecified() ? "*" : address.to_string();
}

void add(std::string& table, const Line& line) {
  constexpr std::size_t kLongest = 200;
  std::array<char, kLongest> text{};
  const std::string source = address_text(line.source.address);
  const std::string destination = address_text(line.destination.address);
  const int socket = static_cast<int>(line.socket);
  if (line.has_ports) {
    std::snprintf(text.data(), text.size(), "  %-17s %3d %15s %5d %15s %5d %5u %5u\n",
                  line.kind.c_str(), socket, source.c_str(), line.source.port, destination.c_str(),
                  line.destination.port, line.received, line.sent);
  } else {
    std::snprintf(text.data(), text.size(), "  %-17s %3d %15s  -    %15s  -    %5u %5u\n",
                  line.kind.c_str(), socket, source.c_str(), destination.c_str(), line.received,
                  line.sent);
  }
  table += text.data();
}

std::string kind_of(const FlowInfo& flow) {
  if (flow.protocol == FlowInfo::Protocol::kTcp) {
    return "TCP[" + std::string(state_name(flow.state)) + "]";
  }
  const auto left = flow.left.value_or(Duration::zero()) / std::chrono::seconds(1);
  const std::string name = flow.protocol == FlowInfo::Protocol::kUdp ? "UDP" : "ICMP";
  return name + "[" + std::to_string(left) + " sec]";
}

void add_flows(std::string& table, const std::vector<FlowInfo>& flows, FlowInfo::Protocol protocol,
               const LocalName& local_name) {
  for (const FlowInfo& flow : flows) {
    if (flow.protocol != protocol) continue;
    Line line{.kind = kind_of(flow),
              .socket = flow.socket,
              .source = flow.guest,
              .destination = flow.remote,
              .received = flow.to_host,
              .sent = flow.to_guest,
              .has_ports = protocol != FlowInfo::Protocol::kEcho};
    if (flow.from_outside) {
      line.source = local_name(flow.socket).value_or(flow.remote);
      line.destination = flow.guest;
    }
    add(table, line);
  }
}

void add_forwards(std::string& table, const std::vector<HostForwardInfo>& forwards, bool udp) {
  for (auto it = forwards.rbegin(); it != forwards.rend(); ++it) {
    const HostForward& forward = it->forward;
    if ((forward.listen.protocol == ListenAddress::Protocol::kUdp) != udp) continue;
    const auto* const local = std::get_if<Endpoint>(&forward.listen.local);
    add(table, {.kind = udp ? "UDP[HOST_FORWARD]" : "TCP[HOST_FORWARD]",
                .socket = it->socket,
                .source = local != nullptr ? *local : Endpoint{},
                .destination = forward.guest});
  }
}

}  // namespace

std::string connection_table(const std::vector<FlowInfo>& flows,
                             const std::vector<HostForwardInfo>& forwards,
                             const LocalName& local_name) {
  std::string table =
      "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\n";
  add_flows(table, flows, FlowInfo::Protocol::kTcp, local_name);
  add_forwards(table, forwards, false);
  add_flows(table, flows, FlowInfo::Protocol::kUdp, local_name);
  add_forwards(table, forwards, true);
  add_flows(table, flows, FlowInfo::Protocol::kEcho, local_name);
  return table;
}

std::string neighbor_table(const Neighbors& neighbors) {
  std::string table = "  Table  MacAddr            IP Address\n";
  for (const Neighbors::Entry& entry : neighbors.entries()) {
    table += entry.address.is_v4() ? "    ARP  " : "    NDP  ";
    table += entry.mac.to_string() + "  " + entry.address.to_string() + "\n";
  }
  return table;
}

}  // namespace sluice
