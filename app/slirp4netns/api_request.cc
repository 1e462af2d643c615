#include "app/slirp4netns/api_request.h"

#include <cmath>
#include <optional>
#include <sstream>

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

// Values that JSON tells apart and callers don't: what is missing, null or (for texts) empty.
bool is_absent(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ||
         (found->is_string() && found->get_ref<const std::string&>().empty());
}

// A whole number from `least` to `most`, also one that is written 80.0.
std::optional<std::int64_t> whole_number(const Json& object, const char* key, std::int64_t least,
                                         std::int64_t most) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const auto number = found->get<double>();
  if (!(number >= static_cast<double>(least)) || !(number <= static_cast<double>(most)) ||
      number != std::floor(number)) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

std::optional<std::uint16_t> port_of(const Json& object, const char* key) {
  const auto port = whole_number(object, key, 1, 65535);
  if (!port) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

// nullopt if there is something else than an IPv4 address.
std::optional<IpAddress> address_of(const Json& object, const char* key, IpAddress absent) {
  if (is_absent(object, key)) return absent;
  const Json& value = object.at(key);
  if (!value.is_string()) return std::nullopt;
  const auto address = IpAddress::parse(value.get_ref<const std::string&>());
  return address && address->is_v4() ? address : std::nullopt;
}

std::optional<ListenAddress::Protocol> protocol_of(const Json& object) {
  const auto found = object.find("proto");
  if (found == object.end()) return std::nullopt;
  // "tcp4" is what newer clients say who mean no IPv6.
  if (*found == "tcp" || *found == "tcp4") return ListenAddress::Protocol::kTcp;
  if (*found == "udp" || *found == "udp4") return ListenAddress::Protocol::kUdp;
  return std::nullopt;
}

BadRequest bad_argument(const std::string& command, const std::string& name) {
  return {command + ": bad arguments." + name};
}

ApiRequest parse_add(const Json& arguments) {
  const std::string command = "add_hostfwd";
  const auto protocol = protocol_of(arguments);
  if (!protocol) return bad_argument(command, "proto");
  const auto host = address_of(arguments, "host_addr", IpAddress::v4(0));
  if (!host) return bad_argument(command, "host_addr");
  const auto host_port = port_of(arguments, "host_port");
  if (!host_port) return bad_argument(command, "host_port");
  const auto guest = address_of(arguments, "guest_addr", IpAddress());
  if (!guest) return bad_argument(command, "guest_addr");
  const auto guest_port = port_of(arguments, "guest_port");
  if (!guest_port) return bad_argument(command, "guest_port");
  return AddHostForward{
      {.listen = {.protocol = *protocol, .local = Endpoint{.address = *host, .port = *host_port}},
       .guest = {.address = *guest, .port = *guest_port}}};
}

ApiRequest parse_remove(const Json& arguments) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;  // as far as a double counts
  const auto id = whole_number(arguments, "id", 1, kMost);
  if (!id) return bad_argument("remove_hostfwd", "id");
  return RemoveHostForward{*id};
}

// One value at the beginning of a text. Discarded: there is none.
struct FirstValue {
  Json json = Json(Json::value_t::discarded);
  bool ended = false;  // the text was over before the value was
};

FirstValue first_value(std::string_view text) {
  FirstValue first;
  std::istringstream stream{std::string(text)};
  try {
    stream >> first.json;
  } catch (const Json::parse_error& error) {
    first.json = Json(Json::value_t::discarded);
    first.ended = error.byte > text.size();
  } catch (const Json::exception&) {  // a number beyond all numbers
    first.json = Json(Json::value_t::discarded);
  }
  return first;
}

}  // namespace

ApiRequest parse_api_request(std::string_view text) {
  const FirstValue first = first_value(text);
  if (first.ended) return UnfinishedRequest{};
  const Json& request = first.json;
  if (request.is_discarded()) return BadRequest{"cannot parse JSON"};
  if (!request.is_object()) return BadRequest{"expected a JSON object"};
  const auto execute = request.find("execute");
  if (execute == request.end() || !execute->is_string()) return BadRequest{"no execute found"};
  if (*execute == "list_hostfwd") return ListHostForwards{};
  const bool adds = *execute == "add_hostfwd";
  if (!adds && *execute != "remove_hostfwd") return BadRequest{"unknown execute"};
  const auto found = request.find("arguments");
  const Json arguments = found != request.end() && found->is_object() ? *found : Json::object();
  return adds ? parse_add(arguments) : parse_remove(arguments);
}

std::string emit_added(std::int64_t id) {
  return OrderedJson{{"return", {{"id", id}}}}.dump();
}

std::string emit_list(const std::vector<std::pair<std::int64_t, HostForward>>& forwards) {
  OrderedJson entries = OrderedJson::array();
  for (const auto& [id, forward] : forwards) {
    const auto& host = std::get<Endpoint>(forward.listen.local);
    const bool udp = forward.listen.protocol == ListenAddress::Protocol::kUdp;
    entries.push_back({{"id", id},
                       {"proto", udp ? "udp" : "tcp"},
                       {"host_addr", host.address.to_string()},
                       {"host_port", host.port},
                       {"guest_addr", forward.guest.address.to_string()},
                       {"guest_port", forward.guest.port}});
  }
  // Not inside a "return", which the original's manual has and its answers have not.
  return OrderedJson{{"entries", entries}}.dump();
}

std::string emit_removed() {
  return OrderedJson{{"return", OrderedJson::object()}}.dump();
}

std::string emit_error(std::string_view reason) {
  // A reason may quote what is no UTF-8.
  return OrderedJson{{"error", {{"desc", "bad request: " + std::string(reason)}}}}.dump(
      -1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace sluice
