#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "app/options/netdev_type.h"
#include "app/options/values.h"

namespace sluice {
namespace {

// HOST:PORT; without a host, `any`.
Endpoint parse_endpoint(std::string_view value, const std::optional<IpAddress>& any) {
  const std::size_t colon = value.rfind(':');
  if (colon == std::string_view::npos) throw UsageError("expected HOST:PORT");
  std::string_view host = value.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() && !any) throw UsageError("expected HOST:PORT");
  return {host.empty() ? *any : parse_host(host), parse_port(value.substr(colon + 1))};
}

// The parts of an address that QEMU spells out: PREFIX.type=inet|unix|fd and what belongs to it.
struct PlaceDraft {
  std::string type;
  std::optional<IpAddress> host;
  std::optional<std::uint16_t> port;
  std::string path;
  bool abstract = false;
  std::optional<int> descriptor;

  bool is_given() const { return !type.empty(); }
};

std::string parse_place_type(std::string_view value) {
  constexpr std::array<std::string_view, 3> kTypes = {"inet", "unix", "fd"};
  if (std::ranges::find(kTypes, value) == kTypes.end()) {
    throw UsageError("no type '" + std::string(value) + "'" + suggestion(value, kTypes));
  }
  return std::string(value);
}

// What the keys that begin with `prefix` name together.
SocketPlace place_of(const PlaceDraft& draft, std::string_view type, const std::string& prefix) {
  if (draft.type == "unix") {
    if (draft.path.empty()) fail_netdev(type, prefix + ".path is missing");
    return UnixSocketName{.path = draft.path, .abstract = draft.abstract};
  }
  if (!draft.host || !draft.port) {
    fail_netdev(type, prefix + ".host and " + prefix + ".port are both needed");
  }
  return Endpoint{*draft.host, *draft.port};
}

struct StreamDraft {
  std::string id;
  PlaceDraft place;
  bool server = false;
  std::optional<Duration> reconnect;
};

Duration parse_wait(std::string_view value, Duration unit) {
  constexpr std::uint32_t kMax = 86'400'000;
  const auto number = parse_number(value, kMax);
  if (!number) throw UsageError("expected a number up to 86400000");
  return *number * unit;
}

constexpr auto kStreamRows = std::to_array<KeyRow<StreamDraft>>({
    {kNetdevIdHelp, [](StreamDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"server", "on|off",
      "on listens there, for one peer at a time; off connects to there. Default: off."},
     [](StreamDraft& d, std::string_view v) { d.server = parse_switch(v); },
     true},
    {{"addr.type", "inet|unix|fd", "What kind of address follows."},
     [](StreamDraft& d, std::string_view v) { d.place.type = parse_place_type(v); }},
    {{"addr.host", "HOST", "An address of the host, or a name; for inet."},
     [](StreamDraft& d, std::string_view v) { d.place.host = parse_host(v); }},
    {{"addr.port", "PORT", "A port of TCP; for inet."},
     [](StreamDraft& d, std::string_view v) { d.place.port = parse_port(v); }},
    {{"addr.path", "PATH", "The socket's name; for unix."},
     [](StreamDraft& d, std::string_view v) { d.place.path = parse_path(v, "a path"); }},
    {{"addr.abstract", "on|off", "The name is in no directory; for unix. Default: off."},
     [](StreamDraft& d, std::string_view v) { d.place.abstract = parse_switch(v); },
     true},
    {{"addr.str", "NUMBER", "The number of a connected socket that was inherited; for fd."},
     [](StreamDraft& d, std::string_view v) { d.place.descriptor = parse_descriptor(v); }},
    {{"reconnect", "SECONDS", "Connects again that long after the end. Default: never."},
     [](StreamDraft& d, std::string_view v) {
       d.reconnect = parse_wait(v, std::chrono::seconds(1));
     }},
    {{"reconnect-ms", "MILLISECONDS", "The same in milliseconds."},
     [](StreamDraft& d, std::string_view v) {
       d.reconnect = parse_wait(v, std::chrono::milliseconds(1));
     }},
});
constexpr KeyTable<StreamDraft> kStreamTable("--netdev stream", kStreamRows);

Netdev stream_of(StreamDraft draft) {
  const PlaceDraft& place = draft.place;
  if (!place.is_given()) fail_netdev("stream", "addr.type is missing; expected inet, unix or fd");
  // Zero is how QEMU says never.
  if (draft.reconnect == Duration::zero()) draft.reconnect.reset();
  if (draft.server && draft.reconnect) fail_netdev("stream", "a server does not reconnect");
  StreamNetdev stream;
  if (place.type == "fd") {
    if (!place.descriptor) fail_netdev("stream", "addr.str is missing");
    stream.peer = GivenDescriptor{*place.descriptor};
  } else {
    stream.peer = StreamPeerOptions{.place = place_of(place, "stream", "addr"),
                                    .listens = draft.server,
                                    .reconnect = draft.reconnect};
  }
  return {std::move(draft.id), std::move(stream)};
}

struct DatagramDraft {
  std::string id;
  PlaceDraft remote;
  PlaceDraft local;
};

constexpr auto kDatagramRows = std::to_array<KeyRow<DatagramDraft>>({
    {kNetdevIdHelp,
     [](DatagramDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"local.type", "inet|unix|fd", "What kind of address frames come to."},
     [](DatagramDraft& d, std::string_view v) { d.local.type = parse_place_type(v); }},
    {{"local.host", "HOST", "An address of this host; of a multicast group's interface."},
     [](DatagramDraft& d, std::string_view v) { d.local.host = parse_host(v); }},
    {{"local.port", "PORT", "A port of UDP."},
     [](DatagramDraft& d, std::string_view v) { d.local.port = parse_port(v); }},
    {{"local.path", "PATH", "The socket's name; for unix."},
     [](DatagramDraft& d, std::string_view v) { d.local.path = parse_path(v, "a path"); }},
    {{"local.str", "NUMBER", "The number of a socket that was inherited and has a peer; for fd."},
     [](DatagramDraft& d, std::string_view v) { d.local.descriptor = parse_descriptor(v); }},
    {{"remote.type", "inet|unix", "What kind of address frames go to."},
     [](DatagramDraft& d, std::string_view v) { d.remote.type = parse_place_type(v); }},
    {{"remote.host", "HOST", "The other end's address, or a multicast group."},
     [](DatagramDraft& d, std::string_view v) { d.remote.host = parse_host(v); }},
    {{"remote.port", "PORT", "Its port of UDP."},
     [](DatagramDraft& d, std::string_view v) { d.remote.port = parse_port(v); }},
    {{"remote.path", "PATH", "Its socket's name; for unix."},
     [](DatagramDraft& d, std::string_view v) { d.remote.path = parse_path(v, "a path"); }},
});
constexpr KeyTable<DatagramDraft> kDatagramTable("--netdev dgram", kDatagramRows);

Netdev datagram_of(const DatagramDraft& draft) {
  DatagramNetdev datagram;
  const auto& [id, remote, local] = draft;
  if (local.type == "fd") {
    if (!local.descriptor) fail_netdev("dgram", "local.str is missing");
    datagram.peer = GivenDescriptor{*local.descriptor};
  } else if (remote.host && remote.host->is_multicast()) {
    if (!remote.host->is_v4()) fail_netdev("dgram", "remote.host: expected a group of IPv4");
    if (!remote.port) fail_netdev("dgram", "remote.port is missing");
    datagram.peer =
        DatagramNetdev::Group{{*remote.host, *remote.port}, local.host.value_or(IpAddress())};
  } else {
    if (!local.is_given() || !remote.is_given()) {
      fail_netdev("dgram", "local.type and remote.type are both needed, but for a multicast group");
    }
    if (local.type != remote.type) fail_netdev("dgram", "local and remote are of different types");
    datagram.peer = DatagramNetdev::Pair{place_of(remote, "dgram", "remote"),
                                         place_of(local, "dgram", "local")};
  }
  return {draft.id, std::move(datagram)};
}

struct SocketDraft {
  std::string id;
  std::optional<Endpoint> listen;
  std::optional<Endpoint> connect;
  std::optional<Endpoint> group;
  std::optional<Endpoint> udp;
  std::string local;
  std::optional<int> descriptor;
};

constexpr auto kSocketRows = std::to_array<KeyRow<SocketDraft>>({
    {kNetdevIdHelp, [](SocketDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"listen", "[HOST]:PORT", "Listens there for one peer at a time."},
     [](SocketDraft& d, std::string_view v) { d.listen = parse_endpoint(v, IpAddress::v4(0)); }},
    {{"connect", "HOST:PORT", "Connects to there."},
     [](SocketDraft& d, std::string_view v) { d.connect = parse_endpoint(v, std::nullopt); }},
    {{"mcast", "GROUP:PORT", "A multicast group that everybody sends to and hears."},
     [](SocketDraft& d, std::string_view v) {
       d.group = parse_endpoint(v, std::nullopt);
       if (!d.group->address.is_v4() || !d.group->address.is_multicast()) {
         throw UsageError("expected a group of IPv4, 224.0.0.0 to 239.255.255.255, and a port");
       }
     }},
    {{"udp", "HOST:PORT", "Sends datagrams to there; needs localaddr."},
     [](SocketDraft& d, std::string_view v) { d.udp = parse_endpoint(v, std::nullopt); }},
    {{"localaddr", "HOST[:PORT]",
      "Where datagrams come to; with mcast, the address of the interface."},
     [](SocketDraft& d, std::string_view v) { d.local = parse_text(v, kMaxNetdevId); }},
    {{"fd", "NUMBER", "The number of a connected socket that was inherited."},
     [](SocketDraft& d, std::string_view v) { d.descriptor = parse_descriptor(v); }},
});
constexpr KeyTable<SocketDraft> kSocketTable("--netdev socket", kSocketRows);

bool is_stream(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
    fail_netdev("socket", "fd=" + std::to_string(descriptor) + " is no socket");
  }
  return type == SOCK_STREAM;
}

Netdev socket_of(const SocketDraft& draft) {
  const auto count = (draft.listen ? 1 : 0) + (draft.connect ? 1 : 0) + (draft.group ? 1 : 0) +
                     (draft.udp ? 1 : 0) + (draft.descriptor ? 1 : 0);
  if (count != 1) fail_netdev("socket", "expected one of listen, connect, mcast, udp and fd");
  if (!draft.local.empty() && !draft.group && !draft.udp) {
    fail_netdev("socket", "localaddr belongs to mcast or udp");
  }
  Netdev netdev{.id = draft.id, .kind = {}};
  try {
    if (draft.listen) {
      netdev.kind = StreamNetdev{StreamPeerOptions{.place = *draft.listen, .listens = true}};
    } else if (draft.connect) {
      netdev.kind = StreamNetdev{StreamPeerOptions{.place = *draft.connect}};
    } else if (draft.group) {
      const IpAddress via = draft.local.empty() ? IpAddress() : parse_host(draft.local);
      netdev.kind = DatagramNetdev{DatagramNetdev::Group{*draft.group, via}};
    } else if (draft.udp) {
      const Endpoint local = parse_endpoint(draft.local, IpAddress::v4(0));
      netdev.kind = DatagramNetdev{DatagramNetdev::Pair{*draft.udp, local}};
    } else if (is_stream(*draft.descriptor)) {
      netdev.kind = StreamNetdev{GivenDescriptor{*draft.descriptor}};
    } else {
      netdev.kind = DatagramNetdev{GivenDescriptor{*draft.descriptor}};
    }
  } catch (const UsageError& error) {
    fail_netdev("socket", "localaddr=" + draft.local + ": " + error.what());
  }
  return netdev;
}

}  // namespace

NetdevType stream_netdev() {
  return {"stream",
          [](const std::vector<KeyValue>& items) {
            return stream_of(read_netdev(kStreamTable, items));
          },
          [] { return kStreamTable.help(); }};
}

NetdevType datagram_netdev() {
  return {"dgram",
          [](const std::vector<KeyValue>& items) {
            return datagram_of(read_netdev(kDatagramTable, items));
          },
          [] { return kDatagramTable.help(); }};
}

NetdevType socket_netdev() {
  return {"socket",
          [](const std::vector<KeyValue>& items) {
            return socket_of(read_netdev(kSocketTable, items));
          },
          [] { return kSocketTable.help(); }};
}

}  // namespace sluice
