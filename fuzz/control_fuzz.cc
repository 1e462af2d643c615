// A client of a control socket, whose bytes come in two pieces: whatever it says, each answer is a
// line of JSON, it has a whole request's answer whichever way it is cut, and what reaches the
// network is something that can be tried.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/control/session.h"
#include "app/options/forward.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

class AskedNetwork final : public sluice::Controlled {
 public:
  std::vector<sluice::NetdevInfo> netdevs() const override {
    return {{.id = "a", .type = "tap", .text = "tap,id=a", .hub = 1, .port = std::nullopt}};
  }
  void add_netdev(const sluice::Netdev& netdev) override {
    require(!netdev.text.empty());
    ++asked;
  }
  void remove_netdev(std::string_view id) override {
    ++asked;
    if (id != "a") throw sluice::Refused("there is none");
  }
  void set_link(std::string_view /*id*/, bool /*up*/) override { ++asked; }
  std::optional<std::string> user_network_id() const override { return "u"; }
  sluice::NetworkReport report() const override { return {}; }
  std::uint16_t add_host_forward(const sluice::HostForward& forward) override {
    require(forward.guest.port != 0);
    const std::string text = sluice::emit_host_forward(forward);
    require(sluice::emit_host_forward(sluice::parse_host_forward(text)) == text);
    ++asked;
    return 7;
  }
  void remove_host_forward(const sluice::ListenAddress& /*listen*/) override { ++asked; }
  void quit() override { ++asked; }

  unsigned asked = 0;
};

struct Heard {
  std::string output;
  unsigned asked = 0;
};

Heard converse(std::string_view first, std::string_view second) {
  AskedNetwork network;
  const sluice::ApiAnswer answer_api = [](const sluice::ApiRequest&) { return "{}"; };
  sluice::Session session(network, answer_api);
  for (const std::string_view piece : {first, second}) {
    session.receive(piece);
    while (session.step()) {
    }
  }
  return {session.output(), network.asked};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const std::string_view all(text);
  const Heard heard = converse(all, {});
  const Heard in_pieces = converse(all.substr(0, size / 2), all.substr(size / 2));
  require(heard.output == in_pieces.output && heard.asked == in_pieces.asked);
  std::string_view rest = heard.output;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    require(sluice::Json::accept(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return 0;
}
