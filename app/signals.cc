#include "app/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice {

Signals::Signals(std::initializer_list<int> also) {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}) {
    ::sigaddset(&taken, number);
  }
  for (const int number : also) ::sigaddset(&taken, number);
  ::sigprocmask(SIG_BLOCK, &taken, &before_);
  signals_.reset(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw std::system_error(errno, std::generic_category(), "can't wait for signals");
}

Signals::~Signals() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<Signal> Signals::next() const {
  signalfd_siginfo news{};
  if (::read(signals_.get(), &news, sizeof news) != sizeof news) return std::nullopt;
  return Signal{.number = static_cast<int>(news.ssi_signo), .from_kernel = news.ssi_code > 0};
}

void ignore_failed_writes() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace sluice
