#include "app/namespace/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "app/namespace/failure.h"
#include "posix/control_messages.h"

namespace sluice {
namespace {

struct Header {
  Message::Kind kind;
  std::int32_t number;
};

using ControlRoom = std::array<char, CMSG_SPACE(sizeof(int))>;

}  // namespace

std::pair<Descriptor, Descriptor> make_channel() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    fail(errno, "can't make a pair of sockets");
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

bool send_message(const Descriptor& channel, const Message& message) {
  Header header{.kind = message.kind, .number = message.number};
  std::string text = message.text.substr(0, Message::kMaxText);
  std::array<iovec, 2> pieces = {{{&header, sizeof header}, {text.data(), text.size()}}};
  msghdr packet{};
  packet.msg_iov = pieces.data();
  packet.msg_iovlen = pieces.size();
  alignas(cmsghdr) ControlRoom control{};
  if (message.descriptor) {
    packet.msg_control = control.data();
    packet.msg_controllen = control.size();
    cmsghdr* const first = CMSG_FIRSTHDR(&packet);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = message.descriptor.get();
    std::memcpy(CMSG_DATA(first), &fd, sizeof fd);
  }
  return ::sendmsg(channel.get(), &packet, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

std::optional<Message> receive_message(const Descriptor& channel, Waiting waiting) {
  Header header{};
  std::string text(Message::kMaxText, '\0');
  std::array<iovec, 2> pieces = {{{&header, sizeof header}, {text.data(), text.size()}}};
  msghdr packet{};
  packet.msg_iov = pieces.data();
  packet.msg_iovlen = pieces.size();
  alignas(cmsghdr) ControlRoom control{};
  packet.msg_control = control.data();
  packet.msg_controllen = control.size();
  ssize_t size = -1;
  const int flags = MSG_CMSG_CLOEXEC | (waiting == Waiting::kNot ? MSG_DONTWAIT : 0);
  do {
    size = ::recvmsg(channel.get(), &packet, flags);
  } while (size < 0 && errno == EINTR);
  if (size < static_cast<ssize_t>(sizeof header)) return std::nullopt;

  Message message;
  message.kind = header.kind;
  message.number = header.number;
  text.resize(static_cast<std::size_t>(size) - sizeof header);
  message.text = std::move(text);
  std::vector<Descriptor> descriptors = received_descriptors(packet);
  if (!descriptors.empty()) message.descriptor = std::move(descriptors.front());
  return message;
}

}  // namespace sluice
