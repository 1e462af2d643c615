#include "app/control/commands.h"

#include <algorithm>
#include <array>
#include <exception>

#include "app/control/arguments.h"
#include "app/control/netdev_request.h"
#include "app/control/report.h"
#include "app/options/forward.h"
#include "app/options/nearest.h"

namespace sluice {
namespace {

OrderedJson nothing() {
  return OrderedJson::object();
}

OrderedJson add_netdev(Controlled& network, const Json& arguments) {
  network.add_netdev(parse_netdev_request(arguments));
  return nothing();
}

OrderedJson remove_netdev(Controlled& network, const Json& object) {
  network.remove_netdev(Arguments(object, {"id"}).text("id"));
  return nothing();
}

OrderedJson set_link(Controlled& network, const Json& object) {
  const Arguments arguments(object, {"name", "up"});
  network.set_link(arguments.text("name"), arguments.boolean("up"));
  return nothing();
}

// The user network may be named, and then it must be the one that there is.
std::string user_network(const Controlled& network, const Arguments& arguments) {
  const auto id = network.user_network_id();
  const auto wanted = arguments.optional_text("netdev");
  if (!id) throw Refused("there is no user network; start 'sluice run' with --netdev user");
  if (wanted && *wanted != *id) {
    throw Refused("the user network is '" + *id + "', not '" + *wanted + "'");
  }
  return *id;
}

OrderedJson add_host_forward(Controlled& network, const Json& object) {
  const Arguments arguments(object, {"netdev", "hostfwd"});
  user_network(network, arguments);
  HostForward forward = parse_host_forward(arguments.text("hostfwd"));
  const std::uint16_t port = network.add_host_forward(forward);
  if (auto* const local = std::get_if<Endpoint>(&forward.listen.local)) local->port = port;
  return {{"hostfwd", emit_host_forward(forward)}};
}

OrderedJson remove_host_forward(Controlled& network, const Json& object) {
  const Arguments arguments(object, {"netdev", "hostfwd"});
  user_network(network, arguments);
  network.remove_host_forward(parse_listen_address(arguments.text("hostfwd")));
  return nothing();
}

OrderedJson query_user_network(Controlled& network, const Json& object) {
  const Arguments arguments(object, {"netdev", "max"});
  const std::string id = user_network(network, arguments);
  const std::size_t most = arguments.optional_number("max").value_or(kMaxFlows);
  return user_network_value(id, network.report(), std::min(most, kMaxFlows));
}

OrderedJson query_netdevs(Controlled& network, const Json& object) {
  const Arguments none(object, {});
  return netdevs_value(network.netdevs());
}

OrderedJson query_version(Controlled& /*network*/, const Json& object) {
  const Arguments none(object, {});
  return version_value();
}

OrderedJson query_commands(Controlled& /*network*/, const Json& object) {
  const Arguments none(object, {});
  OrderedJson commands = OrderedJson::array();
  for (const std::string_view name : command_names()) commands.push_back({{"name", name}});
  return commands;
}

OrderedJson quit(Controlled& network, const Json& object) {
  const Arguments none(object, {});
  network.quit();
  return nothing();
}

struct Verb {
  std::string_view name;
  OrderedJson (*execute)(Controlled& network, const Json& arguments);
};

constexpr std::string_view kGreeted = "qmp_capabilities";

constexpr auto kVerbs = std::to_array<Verb>({
    {"hostfwd_add", &add_host_forward},
    {"hostfwd_remove", &remove_host_forward},
    {"netdev_add", &add_netdev},
    {"netdev_del", &remove_netdev},
    {"query-commands", &query_commands},
    {"query-netdev", &query_netdevs},
    {"query-usernet", &query_user_network},
    {"query-version", &query_version},
    {"quit", &quit},
    {"set_link", &set_link},
});

}  // namespace

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names{kGreeted};
  for (const Verb& verb : kVerbs) names.push_back(verb.name);
  std::ranges::sort(names);
  return names;
}

std::variant<OrderedJson, Complaint> execute(Controlled& network, const Request& request) {
  const auto* const verb = std::ranges::find(kVerbs, request.name, &Verb::name);
  if (verb == kVerbs.end()) {
    const std::vector<std::string_view> names = command_names();
    return Complaint{
        .kind = ErrorClass::kCommandNotFound,
        .text = "there is no command '" + request.name + "'" + suggestion(request.name, names),
        .id = request.id};
  }
  try {
    return verb->execute(network, request.arguments);
  } catch (const std::exception& error) {
    return Complaint{.text = error.what(), .id = request.id};
  }
}

}  // namespace sluice
