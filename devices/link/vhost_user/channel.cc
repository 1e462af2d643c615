#include "devices/link/vhost_user/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "posix/control_messages.h"
#include "posix/gather.h"

namespace sluice::vhost_user {

std::optional<Message> Channel::receive(int socket) {
  if (!broken_.empty() || !read_up_to(socket, Header::kSize)) return std::nullopt;
  const Header header = Header::parse(Bytes(bytes_).first(Header::kSize));
  if ((header.flags & Header::kVersionMask) != Header::kVersion) {
    broken_ = "it says version " + std::to_string(header.flags & Header::kVersionMask) +
              " of the protocol; expected " + std::to_string(Header::kVersion);
    return std::nullopt;
  }
  if (header.size > kMaxPayload) {
    broken_ = "its " + to_string(header.request) + " has " + std::to_string(header.size) +
              " bytes; expected at most " + std::to_string(kMaxPayload);
    return std::nullopt;
  }
  if (!read_up_to(socket, Header::kSize + header.size)) return std::nullopt;
  size_ = 0;
  return Message{.header = header,
                 .payload = Bytes(bytes_).subspan(Header::kSize, header.size),
                 .descriptors = std::exchange(descriptors_, {})};
}

bool Channel::read_up_to(int socket, std::size_t size) {
  while (size_ < size) {
    const MutableBytes room = MutableBytes(bytes_).subspan(size_, size - size_);
    iovec part{.iov_base = room.data(), .iov_len = room.size()};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count < 0) broken_ = std::generic_category().message(errno);
    if (count == 0) {
      broken_ = size_ == 0 ? "it has closed it" : "it has closed it in the midst of a message";
    }
    if (count <= 0) return false;
    for (Descriptor& each : received_descriptors(message)) descriptors_.push_back(std::move(each));
    if ((message.msg_flags & MSG_CTRUNC) != 0 || descriptors_.size() > kMaxDescriptors) {
      broken_ = "it has sent more than " + std::to_string(kMaxDescriptors) +
                " descriptors with a message";
      return false;
    }
    size_ += static_cast<std::size_t>(count);
  }
  return true;
}

void Channel::reply(int socket, Request request, Bytes payload, const Descriptor& beside) {
  std::vector<std::uint8_t> bytes(Header::kSize + payload.size());
  Header{.request = request,
         .flags = Header::kVersion | Header::kReply,
         .size = static_cast<std::uint32_t>(payload.size())}
      .emit(bytes);
  copy_bytes(payload, MutableBytes(bytes).subspan(Header::kSize));
  std::vector<int> descriptors;
  if (beside) descriptors.push_back(beside.get());
  const ssize_t sent =
      send_with_descriptors(socket, to_be_written(bytes), descriptors, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(bytes.size())) return;
  // What it has said before it went is still to be read, and then that it has gone.
  if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
  broken_ = "it does not take the answer to " + to_string(request);
}

void Channel::reset() {
  size_ = 0;
  descriptors_.clear();
  broken_.clear();
}

}  // namespace sluice::vhost_user
