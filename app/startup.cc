#include "app/startup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>

namespace sluice {
namespace {

// A caller that ignores its children's ends has it ignored here as well, and then nobody is told
// how a command ended.
void care_for_children() {
  ::signal(SIGCHLD, SIG_DFL);
}

// Opens what the caller has closed of standard input, output and error, so that nothing that Sluice
// opens gets such a number and is then taken for it.
void fill_standard_files() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is the one that is missing.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) < 0) return;
  }
}

}  // namespace

void prepare_process() {
  fill_standard_files();
  care_for_children();
}

std::vector<std::string> arguments_of(int argc, char** argv) {
  // The first word is the program's own name, and may be missing.
  const int first = argc > 0 ? 1 : 0;
  return {argv + first, argv + argc};
}

void print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return;
  throw std::system_error(errno, std::generic_category(), "can't write to standard output");
}

}  // namespace sluice
