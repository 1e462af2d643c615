#include "app/slirp4netns/guest_end.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "app/log.h"
#include "app/namespace/target.h"
#include "app/options/usage_error.h"
#include "app/slirp4netns/network.h"
#include "app/startup.h"
#include "app/unix_listener.h"
#include "devices/link/tap.h"

namespace sluice {
namespace {

using Target = Slirp4netnsInvocation::Target;

Descriptor open_in_namespace(const Slirp4netnsInvocation& invocation, const Network& network) {
  std::string target = invocation.target;
  // A path that looks like the number of a process is a path all the same.
  if (invocation.target_kind == Target::kPath && !target.starts_with('/')) target.insert(0, "./");
  // The process may end: others can be in its namespace, and the original does not mind either.
  ArrivedTap arrived = NamespaceTarget(target, invocation.user_namespace)
                           .open_tap({.network = network,
                                      .tap_name = invocation.tap_name,
                                      .bring_up = invocation.configure,
                                      .mac = invocation.mac,
                                      .configure = invocation.configure,
                                      .address = guest_address_of(network),
                                      .search = {}});
  for (const std::string& warning : arrived.warnings) log::warning(warning);
  return std::move(arrived.tap);
}

Descriptor take_over(const std::string& number) {
  const int given = std::stoi(number);
  const std::string name = "--netns-type=tapfd: " + number;
  Descriptor tap(::fcntl(given, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!tap) throw UsageError(name + " is no open descriptor");
  if (given > STDERR_FILENO) ::close(given);
  if (!has_vnet_headers(tap) && !has_bare_frames(tap)) {
    throw UsageError(name + " is no tap; expected /dev/net/tun, opened with IFF_TAP and IFF_NO_PI");
  }
  return tap;
}

Descriptor await_connection(const std::string& path, Loop& loop, const EndWatch& end) {
  UnixListener listener(path, SOCK_SEQPACKET);
  print("Waiting for a connection to " + path + "\n");
  Descriptor connection;
  const auto watch = loop.watch(listener.descriptor(), [&] {
    connection = listener.accept();
    if (connection) loop.stop();
  });
  while (!connection && !end.over()) loop.run();
  return connection;
}

}  // namespace

Descriptor open_guest_end(const Slirp4netnsInvocation& invocation, const Network& network,
                          Loop& loop, const EndWatch& end) {
  switch (invocation.target_kind) {
    case Target::kTapDescriptor:
      return take_over(invocation.target);
    case Target::kBess:
      return await_connection(invocation.target, loop, end);
    default:
      return open_in_namespace(invocation, network);
  }
}

}  // namespace sluice
