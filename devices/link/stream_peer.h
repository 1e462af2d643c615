// The other end of a link over stream sockets: who is waited for or sought, and may be lost and
// found again.
//
// One that listens has one peer at a time; others wait until it has gone. One that connects does so
// once, or again some time after each failure. All that it waits for is in one poll set, so whoever
// waits for a link need not know which socket it has at the moment.

#ifndef SLUICE_DEVICES_LINK_STREAM_PEER_H_
#define SLUICE_DEVICES_LINK_STREAM_PEER_H_

#include <functional>
#include <optional>
#include <string>

#include "devices/link/poll_set.h"
#include "devices/link/socket_place.h"
#include "posix/acceptor.h"
#include "posix/descriptor.h"
#include "posix/socket_file.h"
#include "stack/time.h"

namespace sluice {

struct StreamPeerOptions {
  SocketPlace place;
  bool listens = false;
  std::optional<Duration> reconnect;  // how long after a failure; nullopt: never. Not if it listens
};

class StreamPeer {
 public:
  // What has become of the peer, for people: whether it came, is of no use any more, or could not
  // be reached at all and will not be sought again; and what is wrong with one that stays.
  enum class News : std::uint8_t { kCame, kLost, kNotReached, kComplaint };
  using Tell = std::function<void(News, const std::string&)>;

  // Throws std::system_error if it can't listen, or can't connect and is not to try again.
  StreamPeer(StreamPeerOptions options, Tell tell);
  // Over a socket that is connected.
  StreamPeer(Descriptor connected, Tell tell);
  StreamPeer(const StreamPeer&) = delete;
  StreamPeer& operator=(const StreamPeer&) = delete;

  // Readable whenever update() is to be called, and whenever the socket is more readable or more
  // writable than before.
  int descriptor() const { return polls_.descriptor(); }
  // Connected to the peer, nonblocking; -1 while there is none.
  int socket() const { return connecting_ ? -1 : socket_.get(); }
  // Whether the socket may take something, as far as update() has heard since pause() was called.
  bool writable() const { return writable_ && socket() >= 0; }
  // The socket takes nothing more for now.
  void pause() { writable_ = false; }
  // Takes what has happened. True if there is a peer that was not there before.
  bool update();
  // The peer has announced the end, which may still be behind what it has sent.
  bool ending() const { return ending_; }
  // The connection is of no use any more.
  void lose(const std::string& why);
  // There is no peer, and none will come.
  bool gone() const { return !socket_ && !listener_ && !timer_; }

 private:
  void listen();
  // Begins to connect. An errno, or 0.
  int connect();
  void on_connected(int error);
  void accept();
  void adopt(Descriptor socket);
  // After a failure: later, or never.
  void try_again();
  std::string name() const;

  const std::optional<StreamPeerOptions> options_;  // none: the socket was given
  const Tell tell_;
  PollSet polls_;
  Descriptor listener_;
  std::optional<Acceptor> acceptor_;
  std::optional<SocketFile> file_;  // of the listener
  Descriptor timer_;                // goes off when to connect again
  Descriptor socket_;
  bool connecting_ = false;
  bool ending_ = false;
  bool writable_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_STREAM_PEER_H_
