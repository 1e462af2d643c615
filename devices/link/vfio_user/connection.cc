#include "devices/link/vfio_user/connection.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "posix/control_messages.h"

namespace sluice::vfio_user {

void Connection::begin(int socket) {
  end();
  socket_ = socket;
  drained_ = false;
  begin_turn();
}

void Connection::begin_turn() {
  constexpr int kSlowness = 10;
  const auto now = SteadyClock::now();
  const SteadyClock::duration own = SteadyClock::duration(patience_) / kSlowness;
  reserve_ = std::min(reserve_ + (now - turn_) / kSlowness, patience_ - own);
  at_hand_ = own;
  turn_ = now;
}

void Connection::end() {
  socket_ = -1;
  inbox_.reset();
  output_.clear();
  written_ = 0;
  drained_ = true;
  max_data_ = kMaxData;
  broken_.clear();
}

bool Connection::has_input() const {
  int size = 0;
  return inbox_.has_message() || (is_open() && ::ioctl(socket_, FIONREAD, &size) == 0 && size > 0);
}

void Connection::read() {
  drained_ = true;
  const MutableBytes room = inbox_.room();
  if (room.empty()) {
    broken_ = "it asks for more and more while it is waited for itself";
    return;
  }
  iovec bytes{.iov_base = room.data(), .iov_len = room.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> beside{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = beside.data();
  message.msg_controllen = beside.size();
  const ssize_t size = ::recvmsg(socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) {
    if (errno == EINTR) {
      drained_ = false;
    } else if (errno != EAGAIN) {
      broken_ = std::generic_category().message(errno);
    }
    return;
  }
  std::vector<Descriptor> descriptors = received_descriptors(message);
  if (size == 0) {
    broken_ = "it has closed it";
  } else if ((message.msg_flags & MSG_CTRUNC) != 0) {
    broken_ = "it has sent more descriptors than " + std::to_string(kMaxDescriptors) +
              " in one message, or than this process may have";
  } else {
    // A read ends behind descriptors, though there may be more.
    drained_ = descriptors.empty() && static_cast<std::size_t>(size) < room.size();
    inbox_.commit(static_cast<std::size_t>(size), std::move(descriptors));
  }
}

std::optional<Message> Connection::next() {
  if (!is_open() || !broken().empty()) return std::nullopt;
  if (!inbox_.has_message()) read();
  while (broken().empty()) {
    auto message = inbox_.next();
    if (!message) break;
    // An answer that nobody waits for any more says nothing to anybody.
    if (!message->header.is_request()) continue;
    payload_.assign(message->payload.begin(), message->payload.end());
    message->payload = payload_;
    return message;
  }
  return std::nullopt;
}

void Connection::put(const Header& header, Bytes first, Bytes second) {
  for (const Bytes piece : {bytes_of(header), first, second}) {
    output_.insert(output_.end(), piece.begin(), piece.end());
  }
}

void Connection::answer(const Header& request, int error, Bytes payload) {
  if (!request.wants_reply()) return;
  if (error != 0) payload = {};
  put({.id = request.id,
       .command = request.command,
       .size = static_cast<std::uint32_t>(sizeof(Header) + payload.size()),
       .flags = Header::kReply | (error != 0 ? Header::kError : 0),
       .error = static_cast<std::uint32_t>(error)},
      payload, {});
}

void Connection::flush() {
  while (is_open() && broken().empty() && written_ < output_.size()) {
    const Bytes waiting = Bytes(output_).subspan(written_);
    const ssize_t size =
        ::send(socket_, waiting.data(), waiting.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      if (errno != EAGAIN) broken_ = std::generic_category().message(errno);
      return;
    }
    written_ += static_cast<std::size_t>(size);
  }
  output_.clear();
  written_ = 0;
}

bool Connection::await(short events) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_hand_ + reserve_);
  pollfd wait{.fd = socket_, .events = events, .revents = 0};
  const auto begin = SteadyClock::now();
  if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) {
    broken_ =
        "it takes too long to answer when asked for its memory; it need not be asked if it shares "
        "that, as QEMU does with -object memory-backend-memfd,share=on";
    return false;
  }
  at_hand_ -= SteadyClock::now() - begin;
  if (is_slow()) reserve_ += std::exchange(at_hand_, {});
  return true;
}

std::optional<Inbox::Reply> Connection::ask(Command command, const DmaAccess& access, Bytes data) {
  if (!is_open() || !broken().empty()) return std::nullopt;
  const Header request{
      .id = ++last_id_,
      .command = command,
      .size = static_cast<std::uint32_t>(sizeof(Header) + sizeof(DmaAccess) + data.size()),
      .flags = 0,
      .error = 0};
  put(request, bytes_of(access), data);
  flush();
  while (broken().empty() && !output_.empty() && await(POLLOUT)) flush();
  while (broken().empty()) {
    read();
    if (auto reply = inbox_.take_reply(request.id)) {
      // What has been announced meanwhile has not been looked for.
      drained_ = false;
      const auto told = read_struct<DmaAccess>(reply->payload);
      const bool good = reply->header.command == command &&
                        (reply->header.flags & Header::kError) == 0 && told &&
                        told->address == access.address;
      if (!good) return std::nullopt;
      return reply;
    }
    if (broken().empty() && drained_ && !await(POLLIN)) break;
  }
  return std::nullopt;
}

bool Connection::dma_read(std::uint64_t address, MutableBytes into) {
  while (!into.empty()) {
    const std::size_t size = std::min(into.size(), max_data_);
    const auto reply = ask(Command::kDmaRead, {.address = address, .count = size}, {});
    if (!reply || reply->payload.size() < sizeof(DmaAccess) + size) return false;
    copy_bytes(Bytes(reply->payload).subspan(sizeof(DmaAccess), size), into);
    into = into.subspan(size);
    address += size;
  }
  return true;
}

bool Connection::dma_write(std::uint64_t address, Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), max_data_);
    if (!ask(Command::kDmaWrite, {.address = address, .count = size}, bytes.first(size))) {
      return false;
    }
    bytes = bytes.subspan(size);
    address += size;
  }
  return true;
}

}  // namespace sluice::vfio_user
