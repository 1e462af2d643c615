#include "app/preconditions.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "nat/host/command_line.h"
#include "posix/descriptor.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// Returns errno, 0 for a program that may be run.
int try_program(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

// Looks for a program as posix_spawnp(3) does. Returns errno, 0 when it is found.
int look_for(const std::string& program) {
  if (program.find('/') != std::string::npos) return try_program(program);
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/bin:/usr/bin";
  int problem = ENOENT;
  for (;;) {
    const std::size_t end = rest.find(':');
    const std::string_view directory = rest.substr(0, end);
    const int error =
        try_program(directory.empty() ? program : std::string(directory) + "/" + program);
    if (error == 0) return 0;
    if (error == EACCES) problem = EACCES;
    if (end == std::string_view::npos) return problem;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

void check_outbound(const IpAddress& address) {
  const std::string name = "can't connect from outbound=" + address.to_string();
  const Descriptor probe(::socket(socket_family(address), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!probe) fail(errno, name);
  const SocketAddress local(Endpoint{.address = address, .port = 0});
  if (::bind(probe.get(), local.data(), local.size()) == 0) return;
  const int error = errno;
  fail(error, error == EADDRNOTAVAIL
                  ? name + " (this host has no such address; 'ip address' shows those it has)"
                  : name);
}

void check_command(const Command& command) {
  const std::optional<std::vector<std::string>> words = split_words(command.line);
  if (!words || words->empty()) {
    throw std::invalid_argument("guestfwd: '" + command.line +
                                "': expected a command whose quotes are closed");
  }
  const int error = look_for(words->front());
  if (error != 0) fail(error, "can't run '" + words->front() + "' for guestfwd");
}

}  // namespace sluice
