// A network that does nothing but remember what it was asked for, for tests.

#ifndef SLUICE_APP_CONTROL_SCRIPTED_NETWORK_H_
#define SLUICE_APP_CONTROL_SCRIPTED_NETWORK_H_

#include <string>
#include <vector>

#include "app/control/controlled.h"
#include "app/options/forward.h"

namespace sluice {

class ScriptedNetwork final : public Controlled {
 public:
  std::vector<NetdevInfo> netdevs() const override { return has; }
  void add_netdev(const Netdev& netdev) override { say("add " + netdev.text); }
  void remove_netdev(std::string_view id) override { say("remove " + std::string(id)); }
  void set_link(std::string_view id, bool up) override {
    say(std::string(id) + (up ? " up" : " down"));
  }
  std::optional<std::string> user_network_id() const override { return user; }
  NetworkReport report() const override { return reported; }
  std::uint16_t add_host_forward(const HostForward& forward) override {
    say("forward " + emit_host_forward(forward));
    return 4040;
  }
  void remove_host_forward(const ListenAddress& listen) override {
    say("close " + emit_host_forward({listen, {{}, 1}}));
  }
  void quit() override { say("quit"); }

  std::optional<std::string> user = "u";
  std::vector<NetdevInfo> has;
  NetworkReport reported;
  std::vector<std::string> asked;  // in the order of things
  std::string refuses;             // what everything is refused with, if there is something

 private:
  void say(std::string what) {
    asked.push_back(std::move(what));
    if (!refuses.empty()) throw Refused(refuses);
  }
};

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_SCRIPTED_NETWORK_H_
