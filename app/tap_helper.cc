#include "app/tap_helper.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "nat/host/command_line.h"
#include "posix/control_messages.h"

namespace sluice {
namespace {

// The descriptor that comes with a byte; none if the other end is closed first.
Descriptor receive_descriptor(const Descriptor& socket) {
  char byte = 0;
  iovec piece{&byte, sizeof byte};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return {};
  std::vector<Descriptor> descriptors = received_descriptors(message);
  if (descriptors.size() != 1) return {};
  return std::move(descriptors.front());
}

}  // namespace

Descriptor tap_of_helper(const std::string& helper, const std::string& bridge, Duration patience) {
  auto words = split_words(helper);
  if (!words || words->empty()) throw std::runtime_error("'" + helper + "' is no command");
  words->push_back("--use-vnet");
  words->push_back("--fd=" + std::to_string(AidingCommand::kDescriptor));
  const bool names_bridge = std::ranges::any_of(
      *words, [](const std::string& word) { return word.starts_with("--br="); });
  if (!names_bridge) words->push_back("--br=" + bridge);

  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "can't make a pair of sockets");
  }
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  AidingCommand command(*words, theirs.get(), patience);
  theirs.reset();
  Descriptor tap;
  if (command.wait_for(ours.get())) tap = receive_descriptor(ours);
  command.finish();
  if (!tap) throw std::runtime_error("'" + words->front() + "' has ended without a tap");
  return tap;
}

}  // namespace sluice
