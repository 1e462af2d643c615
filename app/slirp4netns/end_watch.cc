#include "app/slirp4netns/end_watch.h"

#include <fcntl.h>
#include <poll.h>

#include <string>
#include <system_error>

#include "app/options/usage_error.h"

namespace sluice {

EndWatch::EndWatch(Loop& loop, std::optional<int> descriptor)
    : loop_(loop), descriptor_(descriptor) {
  signal_watch_ = loop_.watch(signals_.descriptor(), [this] { look_at_signals(); });
  if (!descriptor_) return;
  const std::string name = "--exit-fd: " + std::to_string(*descriptor_);
  if (::fcntl(*descriptor_, F_SETFD, FD_CLOEXEC) < 0) {
    throw UsageError(name + " is no open descriptor");
  }
  try {
    descriptor_watch_ = loop_.watch(*descriptor_, [this] { look_at_descriptor(); });
  } catch (const std::system_error&) {
    throw UsageError(name + " can't be waited for; expected one end of a pipe or a socket");
  }
}

void EndWatch::look_at_signals() {
  while (const std::optional<Signal> signal = signals_.next()) {
    if (!signal->asks_for_end()) continue;
    signal_ = signal->number;
    impatient_ = true;
    over_ = true;
    loop_.stop();
  }
}

void EndWatch::look_at_descriptor() {
  // What is written there means nothing; that it was closed does.
  pollfd wait{.fd = *descriptor_, .events = 0, .revents = 0};
  if (::poll(&wait, 1, 0) <= 0) return;
  over_ = true;
  loop_.stop();
}

}  // namespace sluice
