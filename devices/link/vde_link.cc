#include "devices/link/vde_link.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <gsl/assert>

// It does not say by itself that it is C.
extern "C" {
#include <libvdeplug.h>
}

namespace sluice {
namespace {

constexpr std::size_t kLength = sizeof(std::uint32_t);
constexpr std::uint64_t kData = 0;
constexpr std::uint64_t kControl = 1;

vdeconn* open(const VdeOptions& options, const std::string& name) {
  // The library takes what it does not change as if it did.
  std::string place = options.place;
  std::string group = options.group;
  std::string description = "sluice";
  vde_open_args arguments{.port = options.port,
                          .group = group.empty() ? nullptr : group.data(),
                          .mode = static_cast<mode_t>(options.mode)};
  errno = 0;
  vdeconn* const connection =
      vde_open(place.empty() ? nullptr : place.data(), description.data(), &arguments);
  if (connection == nullptr) {
    throw std::system_error(errno == 0 ? EINVAL : errno, std::generic_category(),
                            "can't connect to " + name +
                                " (is there a switch, as by 'vde_switch -s DIRECTORY', that this "
                                "user may use, and is the port free?)");
  }
  return connection;
}

// A peer of a place without a switch may not be there yet, or not any more.
bool is_passing(int error) {
  return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == ECONNREFUSED ||
         error == ECONNRESET || error == ENOTCONN || error == EDESTADDRREQ || error == ENOENT;
}

}  // namespace

void VdeLink::Close::operator()(vdeconn* connection) const {
  vde_close(connection);
}

VdeLink::VdeLink(const VdeOptions& options, TellEnd tell_end)
    : name_("the VDE switch" + (options.place.empty() ? "" : " " + options.place)),
      tell_end_(std::move(tell_end)),
      connection_(open(options, name_)),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {
  const int data = vde_datafd(connection_.get());
  const int status = ::fcntl(data, F_GETFL);
  if (status < 0 || ::fcntl(data, F_SETFL, status | O_NONBLOCK) < 0) {
    throw std::system_error(errno, std::generic_category(), "can't make a link nonblocking");
  }
  polls_.add(data, EPOLLIN | EPOLLOUT | EPOLLET, kData);
  const int control = vde_ctlfd(connection_.get());
  if (control >= 0 && control != data) polls_.add(control, EPOLLRDHUP | EPOLLET, kControl);
}

gsl::span<const Frame> VdeLink::receive() {
  bool ended = false;
  for (const epoll_event& event : polls_.ready()) {
    ended = ended || (event.events & (EPOLLHUP | EPOLLRDHUP)) != 0;
  }
  flush();
  const auto read_one = [this](void* buffer, std::size_t size) {
    const ssize_t got = vde_recv(connection_.get(), buffer, size, 0);
    // Neither a datagram without a byte nor somebody's absence is the end.
    if (got == 0) errno = EINTR;
    if (got < 0 && is_passing(errno)) errno = EAGAIN;
    return got == 0 ? -1 : got;
  };
  std::size_t count = 0;
  for (const Bytes packet : reader_.read_by(read_one, counters_)) {
    frames_.at(count++) = {.bytes = packet, .offload = {}};
  }
  if (ended || reader_.closed()) close();
  return {frames_.data(), count};
}

void VdeLink::close() {
  if (std::exchange(closed_, true)) return;
  writer_.reset();
  tell_end_("the connection with " + name_ + " has ended");
}

MutableBytes VdeLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void VdeLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  if (closed_ || !emit_frames(MutableBytes(output_.get(), size), payload, offload, writer_)) {
    counters_.count(Drop::kLinkFull);
  }
}

void VdeLink::flush() {
  while (!closed_ && !writer_.waiting().empty()) {
    const Bytes waiting = writer_.waiting();
    const auto length = load_big<std::uint32_t>(waiting, 0);
    const Bytes frame = waiting.subspan(kLength, length);
    const ssize_t sent = vde_send(connection_.get(), frame.data(), frame.size(), 0);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) counters_.count(Drop::kLinkFull);
    const bool broken = sent < 0 && !is_passing(errno) && errno != EMSGSIZE;
    writer_.consume(kLength + length);
    if (broken) close();
  }
}

}  // namespace sluice
