#include "app/namespace/terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sluice {

Terminal::Terminal() : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}

void Terminal::reclaim() const {
  if (!terminal_) return;
  const pid_t foreground = ::tcgetpgrp(terminal_.get());
  if (foreground <= 0 || foreground == ::getpgrp()) return;
  // A group that is alive is the caller's shell: Sluice was put into the background.
  if (::kill(-foreground, 0) != 0 && errno == ESRCH) give_to(::getpgrp());
}

void Terminal::stop_with_command() const {
  const pid_t inner = terminal_ ? ::tcgetpgrp(terminal_.get()) : -1;
  const bool held_inside = inner > 0 && inner != ::getpgrp();
  if (held_inside) give_to(::getpgrp());
  ::kill(0, SIGSTOP);
  if (held_inside && ::tcgetpgrp(terminal_.get()) == ::getpgrp()) give_to(inner);
}

void Terminal::give_to(int group) const {
  // A background process that does this is stopped by SIGTTOU unless it blocks that.
  sigset_t block;
  sigset_t before;
  ::sigemptyset(&block);
  ::sigaddset(&block, SIGTTOU);
  ::sigprocmask(SIG_BLOCK, &block, &before);
  ::tcsetpgrp(terminal_.get(), group);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace sluice
