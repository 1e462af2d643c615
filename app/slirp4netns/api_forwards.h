// The forwarded ports that callers of the API have asked for, by the numbers that they know them
// by. One that somebody else has closed meanwhile is not there any more.

#ifndef SLUICE_APP_SLIRP4NETNS_API_FORWARDS_H_
#define SLUICE_APP_SLIRP4NETNS_API_FORWARDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "app/slirp4netns/api_request.h"
#include "stack/network.h"

namespace sluice {

class ApiForwards {
 public:
  struct Ports {
    std::function<void(const HostForward&)> open;     // throws std::system_error
    std::function<void(const ListenAddress&)> close;  // of one that is open
    std::function<bool(const ListenAddress&)> is_open;
  };

  // Ports lead to `guest` where a request names no address.
  ApiForwards(const Network& network, const IpAddress& guest, Ports ports);

  // Does what is asked and returns the answer.
  std::string answer(const ApiRequest& request);

  static constexpr std::size_t kMax = 1024;

 private:
  std::string add(HostForward forward);
  std::string list();
  std::string remove(std::int64_t id);
  void forget_closed();

  Network network_;
  IpAddress guest_;
  Ports ports_;
  std::int64_t last_id_ = 0;
  std::map<std::int64_t, HostForward> forwards_;
};

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_API_FORWARDS_H_
