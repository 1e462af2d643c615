// Requests to a control socket and the answers to them, in the form of QEMU's machine protocol.
//
//   {"execute": NAME, "arguments": {…}, "id": ANYTHING}
//   {"return": ANYTHING, "id": …}
//   {"error": {"class": "GenericError", "desc": TEXT}, "id": …}
//
// Each answer is one line.

#ifndef SLUICE_APP_CONTROL_REQUEST_H_
#define SLUICE_APP_CONTROL_REQUEST_H_

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

namespace sluice {

// Objects of requests are looked up by key; of answers, members come in the order they were put in.
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

struct Request {
  std::string name;
  Json arguments = Json::object();
  std::optional<OrderedJson> id;
};

enum class ErrorClass : std::uint8_t { kGenericError, kCommandNotFound };

// What was asked for in vain.
struct Complaint {
  ErrorClass kind = ErrorClass::kGenericError;
  std::string text;
  std::optional<OrderedJson> id;
};

// `text` is one object, no deeper than a recursion may be. Never fails.
std::variant<Request, Complaint> parse_request(std::string_view text);

std::string emit_greeting();
std::string emit_return(const std::optional<OrderedJson>& id, OrderedJson value);
std::string emit_complaint(const Complaint& complaint);
// The same version that the greeting tells.
OrderedJson version_value();

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_REQUEST_H_
