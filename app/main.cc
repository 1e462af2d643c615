// sluice: see app/cli/manual.cc for what it does, and docs/architecture.md for how.

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "app/attach.h"
#include "app/cli/command_line.h"
#include "app/cli/manual.h"
#include "app/ctl.h"
#include "app/exec.h"
#include "app/options/usage_error.h"
#include "app/replay.h"
#include "app/run.h"
#include "app/startup.h"

namespace sluice {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int run(const TextInvocation& invocation) {
  print(invocation.text);
  return 0;
}
int run(const ExecInvocation& invocation) {
  return run_exec(invocation);
}
int run(const AttachInvocation& invocation) {
  return run_attach(invocation);
}
int run(const RunInvocation& invocation) {
  return run_network(invocation);
}
int run(const CtlInvocation& invocation) {
  return run_ctl(invocation);
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
  const bool has_page = !arguments.empty() && manual(arguments[0]) != manual("");
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

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::prepare_process();
  return sluice::run_command_line(sluice::arguments_of(argc, argv));
}
