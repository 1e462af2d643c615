// Requests to the API socket of slirp4netns: each is understood or refused, an answer is always one
// line, and what begins a request is never refused before it is whole.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/slirp4netns/api_forwards.h"
#include "app/slirp4netns/api_request.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_unfinished(const sluice::ApiRequest& request) {
  return std::holds_alternative<sluice::UnfinishedRequest>(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const sluice::Network network;
  sluice::ApiForwards forwards(
      network, sluice::IpAddress::v4(10, 0, 2, 100),
      {.open =
           [&](const sluice::HostForward& forward) {
             require(forward.guest.port != 0 && network.v4.subnet.contains(forward.guest.address));
             require(std::get<sluice::Endpoint>(forward.listen.local).port != 0);
           },
       .close = [](const sluice::ListenAddress&) {},
       .is_open = [](const sluice::ListenAddress&) { return true; }});
  const sluice::ApiRequest request = sluice::parse_api_request(text);
  const std::string answer = forwards.answer(request);
  require(answer.starts_with('{') && answer.ends_with('}'));
  require(answer.find('\n') == std::string::npos);
  if (!is_unfinished(request) && !std::holds_alternative<sluice::BadRequest>(request)) {
    const auto half = std::string_view(text).substr(0, text.size() / 2);
    const sluice::ApiRequest beginning = sluice::parse_api_request(half);
    require(is_unfinished(beginning) || beginning.index() == request.index());
  }
  // What an answer is made of is text again.
  require(!is_unfinished(sluice::parse_api_request(answer)));
  return 0;
}
