// The API socket: one request and its answer per connection.
//
// Callers differ in how they end a request. Some shut down their side for writing, some just wait:
// so a request is answered when it is complete, or can't become one, or its sender has ended.
// Nobody waits for anybody: requests arrive piece by piece, as the loop tells, and whoever says
// nothing costs a place. There are few places, and the one who has been silent for longest makes
// room for a new one.

#ifndef SLUICE_APP_SLIRP4NETNS_API_SOCKET_H_
#define SLUICE_APP_SLIRP4NETNS_API_SOCKET_H_

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "app/loop.h"
#include "app/slirp4netns/api_request.h"
#include "app/unix_listener.h"

namespace sluice {

class ApiSocket {
 public:
  // Answers at `path`. The loop outlives this. Throws std::system_error.
  ApiSocket(Loop& loop, const std::string& path,
            std::function<std::string(const ApiRequest&)> answer);
  ApiSocket(const ApiSocket&) = delete;
  ApiSocket& operator=(const ApiSocket&) = delete;

  static constexpr std::size_t kMaxConnections = 32;
  // What a request is shorter than.
  static constexpr std::size_t kMaxRequest = 4096;

 private:
  struct Connection {
    Descriptor socket;
    std::string request;
    std::unique_ptr<Loop::Watch> watch;  // ends before the socket is closed
  };
  using Place = std::list<Connection>::iterator;

  void accept();
  void read(Place place);
  void finish(Place place, const std::string& answer);

  Loop& loop_;
  UnixListener listener_;
  std::function<std::string(const ApiRequest&)> answer_;
  std::list<Connection> connections_;  // the oldest first
  std::unique_ptr<Loop::Watch> watch_;
};

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_API_SOCKET_H_
