#include "app/options/netdev_type.h"
#include "app/options/values.h"

namespace sluice {
namespace {

constexpr std::string_view kName = "l2tpv3";

struct L2tpv3Draft {
  std::string id;
  std::optional<IpAddress> source;
  std::optional<IpAddress> destination;
  std::optional<std::uint16_t> source_port;
  std::optional<std::uint16_t> destination_port;
  bool udp = false;
  std::optional<bool> ipv6;
  bool cookie64 = false;
  std::optional<std::uint64_t> receive_cookie;
  std::optional<std::uint64_t> send_cookie;
  bool counter = false;
  bool pinned_counter = false;
  std::optional<std::uint32_t> receive_session;
  std::optional<std::uint32_t> send_session;
  std::uint8_t offset = 0;
};

std::uint32_t parse_session(std::string_view value) {
  const auto session = parse_code(value, UINT32_MAX);
  if (!session || *session == 0) {
    throw UsageError("expected a number from 1 to 0xffffffff");
  }
  return static_cast<std::uint32_t>(*session);
}

std::uint64_t parse_cookie(std::string_view value) {
  const auto cookie = parse_code(value, UINT64_MAX);
  if (!cookie) throw UsageError("expected a number, for example 0x12345678");
  return *cookie;
}

constexpr auto kRows = std::to_array<KeyRow<L2tpv3Draft>>({
    {kNetdevIdHelp, [](L2tpv3Draft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"src", "HOST", "The address of this end."},
     [](L2tpv3Draft& d, std::string_view v) { d.source = parse_host(v); }},
    {{"dst", "HOST", "The address of the other end, the only one that is heard."},
     [](L2tpv3Draft& d, std::string_view v) { d.destination = parse_host(v); }},
    {{"udp", "on|off",
      "on puts messages into UDP; off into packets of IP's protocol 115, which takes CAP_NET_RAW. "
      "Default: off."},
     [](L2tpv3Draft& d, std::string_view v) { d.udp = parse_switch(v); },
     true},
    {{"srcport", "PORT", "The port of this end; for udp."},
     [](L2tpv3Draft& d, std::string_view v) { d.source_port = parse_port(v); }},
    {{"dstport", "PORT", "The port of the other end; for udp."},
     [](L2tpv3Draft& d, std::string_view v) { d.destination_port = parse_port(v); }},
    {{"ipv6", "on|off", "Whether the addresses are of IPv6. Default: what they are."},
     [](L2tpv3Draft& d, std::string_view v) { d.ipv6 = parse_switch(v); },
     true},
    {{"txsession", "NUMBER", "The session's number at the other end. May begin with 0x."},
     [](L2tpv3Draft& d, std::string_view v) { d.send_session = parse_session(v); }},
    {{"rxsession", "NUMBER", "The session's number at this end. Default: that of the other."},
     [](L2tpv3Draft& d, std::string_view v) { d.receive_session = parse_session(v); }},
    {{"txcookie", "NUMBER", "The cookie that the other end expects; needs rxcookie."},
     [](L2tpv3Draft& d, std::string_view v) { d.send_cookie = parse_cookie(v); }},
    {{"rxcookie", "NUMBER", "The cookie that this end expects; needs txcookie."},
     [](L2tpv3Draft& d, std::string_view v) { d.receive_cookie = parse_cookie(v); }},
    {{"cookie64", "on|off", "Cookies have 64 bits; otherwise 32. Default: off."},
     [](L2tpv3Draft& d, std::string_view v) { d.cookie64 = parse_switch(v); },
     true},
    {{"counter", "on|off", "Messages have numbers. Default: off."},
     [](L2tpv3Draft& d, std::string_view v) { d.counter = parse_switch(v); },
     true},
    {{"pincounter", "on|off",
      "With counter, there is room for numbers but there are none, as Linux has it by itself. "
      "Default: off."},
     [](L2tpv3Draft& d, std::string_view v) { d.pinned_counter = parse_switch(v); },
     true},
    {{"offset", "BYTES", "What stands between the header and the frame, up to 255. Default: 0."},
     [](L2tpv3Draft& d, std::string_view v) {
       const auto offset = parse_number(v, UINT8_MAX);
       if (!offset) throw UsageError("expected 0 to 255");
       d.offset = static_cast<std::uint8_t>(*offset);
     }},
});
constexpr KeyTable<L2tpv3Draft> kTable("--netdev l2tpv3", kRows);

void check(const L2tpv3Draft& draft) {
  if (!draft.source || !draft.destination) fail_netdev(kName, "src and dst are both needed");
  const bool v4 = draft.source->is_v4();
  if (draft.destination->is_v4() != v4) fail_netdev(kName, "src and dst are of different families");
  if (draft.ipv6 && *draft.ipv6 == v4) {
    fail_netdev(kName, v4 ? "ipv6=on: src and dst are addresses of IPv4"
                          : "ipv6=off: src and dst are addresses of IPv6");
  }
  if (!draft.send_session) fail_netdev(kName, "txsession is missing");
  const bool ports = draft.source_port && draft.destination_port;
  if (draft.udp && !ports) fail_netdev(kName, "udp: srcport and dstport are both needed");
  if (!draft.udp && (draft.source_port || draft.destination_port)) {
    fail_netdev(kName, "srcport and dstport belong to udp; expected udp=on");
  }
  if (draft.send_cookie.has_value() != draft.receive_cookie.has_value()) {
    fail_netdev(kName, "rxcookie and txcookie are both needed");
  }
  if (draft.pinned_counter && !draft.counter) {
    fail_netdev(kName, "pincounter belongs to counter; expected counter=on");
  }
  if (draft.cookie64 && !draft.send_cookie) {
    fail_netdev(kName, "cookie64: rxcookie and txcookie are missing");
  }
  const std::uint64_t most = draft.cookie64 ? UINT64_MAX : UINT32_MAX;
  if (draft.send_cookie.value_or(0) > most || draft.receive_cookie.value_or(0) > most) {
    fail_netdev(kName, "a cookie has more than 32 bits; expected cookie64=on");
  }
}

Netdev netdev_of(L2tpv3Draft draft) {
  check(draft);
  using Cookie = L2tpv3Format::Cookie;
  L2tpv3Options options{
      .local = {*draft.source, draft.source_port.value_or(0)},
      .remote = {*draft.destination, draft.destination_port.value_or(0)},
      .format = {.over_udp = draft.udp,
                 .cookie = !draft.send_cookie ? Cookie::kNone
                           : draft.cookie64   ? Cookie::k64
                                              : Cookie::k32,
                 .sublayer = draft.counter,
                 .padding = draft.offset},
      .send_session = *draft.send_session,
      .receive_session = draft.receive_session.value_or(*draft.send_session),
      .send_cookie = draft.send_cookie.value_or(0),
      .receive_cookie = draft.receive_cookie.value_or(0),
      .numbered = !draft.pinned_counter,
  };
  return {std::move(draft.id), options};
}

}  // namespace

NetdevType l2tpv3_netdev() {
  return {kName,
          [](const std::vector<KeyValue>& items) { return netdev_of(read_netdev(kTable, items)); },
          [] { return kTable.help(); }};
}

}  // namespace sluice
