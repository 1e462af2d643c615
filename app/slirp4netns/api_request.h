// Requests to the API socket, and the answers, as JSON.
//
//   {"execute": "add_hostfwd", "arguments": {"proto": "tcp", "host_addr": "0.0.0.0",
//     "host_port": 8080, "guest_addr": "10.0.2.100", "guest_port": 80}}
//   {"execute": "list_hostfwd"}
//   {"execute": "remove_hostfwd", "arguments": {"id": 1}}
//
// An address that is missing, null or empty is the default one. What stands behind a request is not
// looked at: callers end it with a newline, or more.

#ifndef SLUICE_APP_SLIRP4NETNS_API_REQUEST_H_
#define SLUICE_APP_SLIRP4NETNS_API_REQUEST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nat/config.h"

namespace sluice {

struct AddHostForward {
  HostForward forward;  // ports of IPv4 addresses; an unspecified guest address is the default one
};
struct ListHostForwards {};
struct RemoveHostForward {
  std::int64_t id = 0;
};
struct BadRequest {
  std::string reason;
};
// The beginning of a request, and nothing wrong with it yet.
struct UnfinishedRequest {};

using ApiRequest = std::variant<AddHostForward, ListHostForwards, RemoveHostForward, BadRequest,
                                UnfinishedRequest>;

// Never fails: what is no request is a BadRequest, or an UnfinishedRequest.
ApiRequest parse_api_request(std::string_view text);

// The answers, without a newline.
std::string emit_added(std::int64_t id);
std::string emit_list(const std::vector<std::pair<std::int64_t, HostForward>>& forwards);
std::string emit_removed();
std::string emit_error(std::string_view reason);

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_API_REQUEST_H_
