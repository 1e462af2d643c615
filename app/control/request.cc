#include "app/control/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "app/cli/version.h"
#include "app/control/refused.h"
#include "app/options/nearest.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 3> kMembers = {"execute", "arguments", "id"};

std::string line_of(const OrderedJson& value) {
  // What is quoted of a request may be cut in the midst of a letter.
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\r\n";
}

void add_id(OrderedJson& answer, const std::optional<OrderedJson>& id) {
  if (id) answer["id"] = *id;
}

}  // namespace

std::variant<Request, Complaint> parse_request(std::string_view text) {
  // A number beyond all numbers is an exception whatever is asked for.
  Json object(Json::value_t::discarded);
  try {
    object = Json::parse(text.begin(), text.end());
  } catch (const Json::exception&) {
    return Complaint{.text = "the request is no JSON"};
  }
  if (!object.is_object()) return Complaint{.text = "expected a JSON object"};
  Request request;
  const auto id = object.find("id");
  if (id != object.end()) request.id = OrderedJson(*id);
  const auto complain = [&](std::string what) {
    return Complaint{.text = std::move(what), .id = request.id};
  };
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(kMembers, key) == kMembers.end()) {
      return complain("a request has no member " + in_quotes(key) + suggestion(key, kMembers));
    }
  }
  const auto execute = object.find("execute");
  if (execute == object.end()) return complain("the request has no member 'execute'");
  if (!execute->is_string()) return complain("execute: expected the name of a command");
  request.name = execute->get<std::string>();
  const auto arguments = object.find("arguments");
  if (arguments != object.end()) {
    if (!arguments->is_object()) return complain("arguments: expected an object");
    request.arguments = std::move(*arguments);
  }
  return request;
}

OrderedJson version_value() {
  constexpr std::array<const char*, 3> kParts = {"major", "minor", "micro"};
  OrderedJson numbers = OrderedJson::object();
  std::string_view rest = kVersion;
  for (const char* const part : kParts) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(std::min<std::size_t>(end - rest.data() + 1, rest.size()));
    numbers[part] = number;
  }
  return {{"sluice", numbers}, {"package", ""}};
}

std::string emit_greeting() {
  return line_of({{"QMP", {{"version", version_value()}, {"capabilities", OrderedJson::array()}}}});
}

std::string emit_return(const std::optional<OrderedJson>& id, OrderedJson value) {
  OrderedJson answer = OrderedJson::object();
  answer["return"] = std::move(value);
  add_id(answer, id);
  return line_of(answer);
}

std::string emit_complaint(const Complaint& complaint) {
  const bool unknown = complaint.kind == ErrorClass::kCommandNotFound;
  OrderedJson answer = OrderedJson::object();
  answer["error"] = {{"class", unknown ? "CommandNotFound" : "GenericError"},
                     {"desc", complaint.text}};
  add_id(answer, complaint.id);
  return line_of(answer);
}

}  // namespace sluice
