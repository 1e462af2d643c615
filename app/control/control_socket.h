// The control socket: clients come, ask, and are answered, while the network goes on.
//
// Nobody waits for anybody. A client has one answer under way; until it has taken that, nothing
// more is read from it. Each turn of the loop does one request of each client. Whoever says what
// has no end that could be found (json_frames.h) is told so and lost; any other mistake is only
// told. There are few places, and the client that has been silent for longest makes room for a new
// one. The socket is its owner's alone.

#ifndef SLUICE_APP_CONTROL_CONTROL_SOCKET_H_
#define SLUICE_APP_CONTROL_CONTROL_SOCKET_H_

#include <list>
#include <memory>
#include <string>

#include "app/control/session.h"
#include "app/loop.h"
#include "app/unix_listener.h"
#include "devices/link/poll_set.h"

namespace sluice {

class ControlSocket {
 public:
  // Listens at `path`. The network outlives it, and it the loop's last run. Throws
  // std::system_error.
  ControlSocket(Loop& loop, const std::string& path, Controlled& network, ApiAnswer answer_api);
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  static constexpr std::size_t kMaxClients = 32;
  // How long a client is silent that waits for the greeting.
  static constexpr Duration kPatience = std::chrono::milliseconds(200);

 private:
  struct Client {
    std::uint64_t number;
    Descriptor socket;
    Session session;
    Time since;         // when it came
    bool ready = true;  // it may have said something, or take something
    bool gone = false;
  };

  Loop::Rest take_turn();
  void look();
  void accept(Time now);
  // Goes on with a client until there is nothing to do, or it has been answered. True if it has.
  bool serve(Client& client);
  // False while something is left to be taken.
  static bool flush(Client& client);
  static void read(Client& client);
  static void drain(Client& client);

  Controlled& network_;
  const ApiAnswer answer_api_;
  UnixListener listener_;
  PollSet polls_;
  std::list<Client> clients_;  // who has been silent for longest comes first
  std::uint64_t last_number_ = 0;
  bool ready_ = true;  // the poll set may have news
  std::unique_ptr<Loop::Watch> watch_;
};

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_CONTROL_SOCKET_H_
