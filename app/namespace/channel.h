// What Sluice and a child that it has put into another namespace tell each other.
//
// A pair of sockets that keep messages whole. A message is a kind, a number, a text, and perhaps a
// descriptor: the tap that the child has opened. When one side dies the other sees the end.

#ifndef SLUICE_APP_NAMESPACE_CHANNEL_H_
#define SLUICE_APP_NAMESPACE_CHANNEL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "posix/descriptor.h"

namespace sluice {

struct Message {
  enum class Kind : std::uint8_t {
    kHello,    // the child will die with its parent from now on
    kMapped,   // the child's user and group ids have their meaning
    kTap,      // carries the tap; the child's namespace is set up
    kNote,     // text: something that hardly anybody misses is missing
    kWarning,  // text: something less than essential is missing
    kFailed,   // number: errno, text: what was tried. The child is gone
    kStart,    // run the command
    kSignal,   // number: a signal that somebody sent to Sluice and meant for the command
    kHurry,    // if the command has ended, don't wait for its connections
    kEnded,    // the command has; its connections may go on sending
    kStopped,  // the command, a process group of its own, has stopped itself
  };

  Kind kind = Kind::kHello;
  std::int32_t number = 0;
  std::string text;  // at most kMaxText bytes arrive
  Descriptor descriptor;

  static constexpr std::size_t kMaxText = 2048;
};

// Both ends are closed on exec. Throws std::system_error.
std::pair<Descriptor, Descriptor> make_channel();

// Sends without waiting. False when the other side is gone or does not listen.
bool send_message(const Descriptor& channel, const Message& message);

enum class Waiting : std::uint8_t { kForever, kNot };

// The next message; nullopt when the other side is gone, or there is none and none is waited for.
std::optional<Message> receive_message(const Descriptor& channel,
                                       Waiting waiting = Waiting::kForever);

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_CHANNEL_H_
