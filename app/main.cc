// sluice: see app/cli/manual.cc for what it does, and docs/architecture.md for how.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "app/attach.h"
#include "app/cli/command_line.h"
#include "app/exec.h"
#include "app/options/usage_error.h"
#include "app/replay.h"

namespace sluice {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int run(const TextInvocation& invocation) {
  if (std::fputs(invocation.text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  throw std::system_error(errno, std::generic_category(), "can't write to standard output");
}
int run(const ExecInvocation& invocation) {
  return run_exec(invocation);
}
int run(const AttachInvocation& invocation) {
  return run_attach(invocation);
}
int run(const ReplayInvocation& invocation) {
  return run_replay(invocation);
}

int complain(const std::exception& problem, int status) {
  std::fprintf(stderr, "sluice: %s\n", problem.what());
  return status;
}

int complain_of_usage(const std::exception& problem, const std::vector<std::string>& arguments) {
  complain(problem, kWrongUsage);
  const bool has_page = !arguments.empty() && (arguments[0] == "exec" || arguments[0] == "attach" ||
                                               arguments[0] == "replay");
  std::fprintf(stderr, "Try 'sluice %s--help'.\n", has_page ? (arguments[0] + " ").c_str() : "");
  return kWrongUsage;
}

int run_command_line(const std::vector<std::string>& arguments) {
  try {
    return std::visit([](const auto& invocation) { return run(invocation); },
                      parse_command_line(arguments));
  } catch (const UsageError& error) {
    return complain_of_usage(error, arguments);
  } catch (const std::invalid_argument& error) {
    return complain_of_usage(error, arguments);
  } catch (const std::exception& error) {
    return complain(error, kFailed);
  }
}

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
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::fill_standard_files();
  sluice::care_for_children();
  // The first word is the program's own name, and may be missing.
  const int first = argc > 0 ? 1 : 0;
  return sluice::run_command_line(std::vector<std::string>(argv + first, argv + argc));
}
