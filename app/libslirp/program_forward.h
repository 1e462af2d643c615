// One guest forward that leads to a callback of the program.

#ifndef SLUICE_APP_LIBSLIRP_PROGRAM_FORWARD_H_
#define SLUICE_APP_LIBSLIRP_PROGRAM_FORWARD_H_

#include <functional>

#include "app/libslirp/callbacks.h"
#include "services/guestfwd/program_streams.h"
#include "sluice/libslirp.h"

namespace sluice {

class ProgramForward final : private ProgramSink {
 public:
  // `on_room`: the program may be asked to say more.
  ProgramForward(const ServiceContext& context, const Endpoint& server, const Callbacks& callbacks,
                 SlirpWriteCb write, void* opaque, std::function<void()> on_room)
      : server_(server),
        callbacks_(callbacks),
        write_(write),
        opaque_(opaque),
        on_room_(std::move(on_room)),
        streams_(context.events, context.timers, sink()) {}

  const Endpoint& server() const { return server_; }
  ProgramStreams& streams() { return streams_; }

 private:
  ProgramSink& sink() { return *this; }
  Transfer take(Bytes bytes) override;
  void on_room() override { on_room_(); }

  const Endpoint server_;
  const Callbacks& callbacks_;
  const SlirpWriteCb write_;
  void* const opaque_;
  const std::function<void()> on_room_;
  ProgramStreams streams_;
};

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_PROGRAM_FORWARD_H_
