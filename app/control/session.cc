#include "app/control/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/control/commands.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 3> kApiCommands = {"add_hostfwd", "list_hostfwd",
                                                          "remove_hostfwd"};

}  // namespace

void Session::greet() {
  if (!std::exchange(greeted_, true)) output_ += emit_greeting();
}

bool Session::step() {
  if (ended_) return false;
  const auto text = frames_.next();
  if (!text) {
    if (frames_.problem().empty()) return false;
    greet();
    complain({.text = frames_.problem()});
    ended_ = true;
    return true;
  }
  const auto parsed = parse_request(*text);
  const auto* const request = std::get_if<Request>(&parsed);
  if (request != nullptr && is_api_request(*text, *request)) return true;
  greet();
  if (request != nullptr) {
    answer(*request);
  } else {
    complain(std::get<Complaint>(parsed));
  }
  return true;
}

bool Session::is_api_request(const std::string& text, const Request& request) {
  if (greeted_ || std::ranges::find(kApiCommands, request.name) == kApiCommands.end()) return false;
  output_ += answer_api_(parse_api_request(text));
  ended_ = true;
  return true;
}

void Session::answer(const Request& request) {
  if ((request.name == "qmp_capabilities") == negotiated_) {
    complain({.kind = ErrorClass::kCommandNotFound,
              .text = negotiated_ ? "qmp_capabilities has been said already"
                                  : "expected qmp_capabilities before any other command",
              .id = request.id});
    return;
  }
  if (!negotiated_) {
    negotiated_ = true;
    output_ += emit_return(request.id, OrderedJson::object());
    return;
  }
  auto result = execute(network_, request);
  if (auto* const value = std::get_if<OrderedJson>(&result)) {
    output_ += emit_return(request.id, std::move(*value));
  } else {
    complain(std::get<Complaint>(result));
  }
}

}  // namespace sluice
