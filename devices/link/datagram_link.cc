#include "devices/link/datagram_link.h"

#include <fcntl.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <gsl/assert>

#include "posix/gather.h"
#include "stack/wire/ethernet.h"

namespace sluice {
namespace {

constexpr std::size_t kLength = FrameStreamWriter::kLength;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Descriptor bound_socket(const SocketPlace& local) {
  Descriptor socket = open_socket(PlaceAddress(local), SOCK_DGRAM);
  bind_socket(socket, local);
  return socket;
}

Endpoint name_of(const Descriptor& socket) {
  SocketAddress address;
  socklen_t size = SocketAddress::kCapacity;
  if (::getsockname(socket.get(), address.data(), &size) < 0) fail("can't tell a socket's name");
  return address.endpoint().value_or(Endpoint{});
}

// What ICMP said of a datagram that we sent. It is reported once, and nobody need have meant it.
bool is_report(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
         error == ENOPROTOOPT || error == EPROTO || error == EOPNOTSUPP || error == EHOSTDOWN ||
         error == ENONET || error == EACCES || error == EMSGSIZE;
}

// Somebody who is not there yet, or not any more, or has no room.
bool is_passing(int error) {
  return is_report(error) || error == EAGAIN || error == EINTR || error == ENOENT ||
         error == ENOBUFS || error == ENOMEM || error == ENETDOWN;
}

}  // namespace

DatagramLink::DatagramLink(Descriptor in, Descriptor out, std::optional<SocketPlace> remote)
    : in_(std::move(in)),
      out_(std::move(out)),
      input_(std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * kStride)),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {
  const int status = ::fcntl(in_.get(), F_GETFL);
  if (status < 0 || ::fcntl(in_.get(), F_SETFL, status | O_NONBLOCK) < 0) {
    fail("can't make a link nonblocking");
  }
  if (remote) remote_.emplace(*remote);
  for (std::size_t i = 0; i < kBatch; ++i) {
    Slot& slot = slots_.at(i);
    slot.piece = {&input_[i * kStride], kMaxReserve};
    msghdr& header = messages_.at(i).msg_hdr;
    header.msg_name = slot.source.data();
    header.msg_namelen = SocketAddress::kCapacity;
    header.msg_iov = &slot.piece;
    header.msg_iovlen = 1;
  }
  polls_.add(in_.get(), EPOLLIN | EPOLLOUT | EPOLLET, 0);
  if (out_) polls_.add(out_.get(), EPOLLOUT | EPOLLET, 1);
}

DatagramLink::DatagramLink(Descriptor connected, std::unique_ptr<DatagramEnvelope> envelope)
    : DatagramLink(std::move(connected), Descriptor(), std::nullopt) {
  envelope_ = std::move(envelope);
  if (envelope_) {
    seals_ = std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * DatagramEnvelope::kMaxSize);
  }
}

DatagramLink::DatagramLink(const SocketPlace& remote, const SocketPlace& local)
    : DatagramLink(bound_socket(local), Descriptor(), remote) {
  if (const auto* const endpoint = std::get_if<Endpoint>(&remote)) only_from_ = *endpoint;
  const auto* const name = std::get_if<UnixSocketName>(&local);
  if (name != nullptr && !name->abstract) file_.emplace(name->path);
}

std::unique_ptr<DatagramLink> DatagramLink::of_group(const Endpoint& group,
                                                     const IpAddress& interface) {
  const SocketPlace place = group;
  Descriptor in = bound_socket(place);
  ip_mreq request{};
  request.imr_multiaddr.s_addr = htonl(group.address.v4_bits());
  request.imr_interface.s_addr = htonl(interface.is_v4() ? interface.v4_bits() : 0);
  if (::setsockopt(in.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) < 0) {
    fail("can't join the group " + group.to_string());
  }
  const PlaceAddress address(place);
  Descriptor out = open_socket(address, SOCK_DGRAM);
  const in_addr via = request.imr_interface;
  if ((via.s_addr != 0 &&
       ::setsockopt(out.get(), IPPROTO_IP, IP_MULTICAST_IF, &via, sizeof via) < 0) ||
      ::connect(out.get(), address.data(), address.size()) < 0) {
    fail("can't send to the group " + group.to_string());
  }
  const Endpoint ourselves = name_of(out);
  std::unique_ptr<DatagramLink> link(new DatagramLink(std::move(in), std::move(out), std::nullopt));
  link->ourselves_ = ourselves;
  return link;
}

std::optional<Bytes> DatagramLink::frame_in(Bytes datagram, const SocketAddress& source, bool cut) {
  if (only_from_ || ourselves_) {
    const std::optional<Endpoint> from = source.endpoint();
    if (ourselves_ && from == ourselves_) return std::nullopt;
    if (only_from_ && from != only_from_) {
      counters_.count(Drop::kFiltered);
      return std::nullopt;
    }
  }
  const std::optional<Bytes> frame = envelope_ ? envelope_->open(datagram) : datagram;
  if (!frame) {
    counters_.count(Drop::kFiltered);
  } else if (cut || frame->size() < EthernetHeader::kSize) {
    counters_.count(Drop::kTruncated);
    return std::nullopt;
  }
  return frame;
}

gsl::span<const Frame> DatagramLink::receive() {
  polls_.ready();
  flush();
  const int count = ::recvmmsg(in_.get(), messages_.data(), kBatch, 0, nullptr);
  // An error that has been reported is gone, and datagrams may be behind it.
  more_ = count == static_cast<int>(kBatch) || (count < 0 && is_report(errno));
  if (count < 0 && !is_passing(errno)) closed_ = true;
  std::size_t frames = 0;
  for (int i = 0; i < count; ++i) {
    mmsghdr& message = messages_.at(static_cast<std::size_t>(i));
    const Slot& slot = slots_.at(static_cast<std::size_t>(i));
    const bool cut = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
    // For the next time.
    message.msg_hdr.msg_namelen = SocketAddress::kCapacity;
    const Bytes datagram(static_cast<const std::uint8_t*>(slot.piece.iov_base), message.msg_len);
    const std::optional<Bytes> frame = frame_in(datagram, slot.source, cut);
    if (frame) frames_.at(frames++) = {.bytes = *frame, .offload = {}};
  }
  return {frames_.data(), frames};
}

MutableBytes DatagramLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void DatagramLink::commit(std::size_t size, gsl::span<const Bytes> payload,
                          const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  if (!emit_frames(MutableBytes(output_.get(), size), payload, offload, writer_)) {
    counters_.count(Drop::kLinkFull);
  }
}

void DatagramLink::flush() {
  while (!writer_.waiting().empty() && send_some()) {
  }
}

bool DatagramLink::send_some() {
  std::array<mmsghdr, kBatch> messages{};
  std::array<std::array<iovec, 2>, kBatch>
      pieces{};  // the envelope, if there is one, and the frame
  std::size_t count = 0;
  for (Bytes rest = writer_.waiting(); !rest.empty() && count < kBatch; ++count) {
    const auto length = load_big<std::uint32_t>(rest, 0);
    std::array<iovec, 2>& piece = pieces.at(count);
    msghdr& header = messages.at(count).msg_hdr;
    header.msg_iov = piece.data();
    if (envelope_) {
      const MutableBytes seal(&seals_[count * DatagramEnvelope::kMaxSize],
                              DatagramEnvelope::kMaxSize);
      piece.at(header.msg_iovlen++) = {seal.data(), envelope_->seal(sent_ + count, seal)};
    }
    piece.at(header.msg_iovlen++) = to_be_written(rest.subspan(kLength, length));
    if (remote_) {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): sendmmsg() does not write to it.
      header.msg_name = const_cast<sockaddr*>(remote_->data());
      header.msg_namelen = remote_->size();
    }
    rest = rest.subspan(kLength + length);
  }
  const int sent = ::sendmmsg(out(), messages.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
  if (sent < 0 && errno == EINTR) return true;
  if (sent < 0 && errno == EAGAIN) return false;
  if (sent < 0 && !is_passing(errno)) closed_ = true;
  // The first one could not be sent, and will not be.
  if (sent < 0) counters_.count(Drop::kLinkFull);
  const auto gone = static_cast<std::size_t>(std::max(sent, 1));
  for (std::size_t i = 0; i < gone; ++i) writer_.drop_front();
  sent_ += gone;
  return true;
}

}  // namespace sluice
