// slirp4netns: see app/slirp4netns/manual.cc for what it does, and docs/slirp4netns.md for what
// differs from the original.

#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "app/options/usage_error.h"
#include "app/slirp4netns/command_line.h"
#include "app/slirp4netns/slirp4netns.h"
#include "app/startup.h"

namespace sluice {
namespace {

int run(const TextInvocation& invocation) {
  print(invocation.text);
  return 0;
}
int run(const Slirp4netnsInvocation& invocation) {
  return run_slirp4netns(invocation);
}

// The original fails with 1 whatever it was.
constexpr int kFailed = 1;

int run_command_line(const std::vector<std::string>& arguments) {
  try {
    return std::visit([](const auto& invocation) { return run(invocation); },
                      parse_slirp4netns(arguments));
  } catch (const UsageError& error) {
    std::fprintf(stderr, "slirp4netns: %s\nTry 'slirp4netns --help'.\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "slirp4netns: %s\n", error.what());
  }
  return kFailed;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::prepare_process();
  return sluice::run_command_line(sluice::arguments_of(argc, argv));
}
