#include "tests/sim/guest_tcp.h"

#include <algorithm>

namespace sluice {

tcp::Parameters GuestTcp::parameters(std::uint32_t later) const {
  return {.initial_sequence = tcp::Sequence(0xfffffff0) + later,  // wraps soon
          .timestamp_offset = 77,
          .maximum_segment_size = static_cast<std::uint16_t>(remote_.address.is_v4() ? 1460 : 1440),
          .receive_space = 1U << 20};
}

GuestTcp::GuestTcp(Sim& sim, std::uint16_t port, const Endpoint& remote, std::uint32_t later)
    : sim_(sim), port_(port), remote_(remote) {
  connection_.emplace(tcp::Connection::to_guest(sim.now, parameters(later)));
  sim.guests_.push_back(this);
}

GuestTcp::GuestTcp(Sim& sim, std::uint16_t port) : sim_(sim), port_(port) {
  sim.guests_.push_back(this);
}

GuestTcp::~GuestTcp() {
  std::erase(sim_.guests_, this);
}

void GuestTcp::write(std::string_view bytes) {
  queue_ += bytes;
  connection_->enqueue(static_cast<std::uint32_t>(bytes.size()));
}

void GuestTcp::finish() {
  connection_->finish();
}
void GuestTcp::reset() {
  connection_->abort();
}
void GuestTcp::set_space(std::uint32_t bytes) {
  space_ = bytes;
}

bool GuestTcp::takes(const SeenFrame& frame) const {
  if (!frame.tcp || frame.tcp->destination_port != port_) return false;
  if (!connection_) return frame.tcp->flags.syn;
  return remote_ == Endpoint{frame.source, frame.tcp->source_port};
}

void GuestTcp::on_frame(Time now, const SeenFrame& frame) {
  const TcpHeader& header = *frame.tcp;
  const tcp::Segment segment{.sequence = tcp::Sequence(header.sequence),
                             .acknowledgment = tcp::Sequence(header.acknowledgment),
                             .flags = header.flags,
                             .window = header.window,
                             .options = frame.tcp_options,
                             .payload = as_bytes(frame.payload)};
  if (!connection_) {
    remote_ = {frame.source, header.source_port};
    connection_.emplace(tcp::Connection::from_syn(now, segment, parameters(0)));
    connection_->admit();
    return;
  }
  const tcp::Arrival arrival = connection_->on_segment(now, segment);
  queue_.erase(0, arrival.acknowledged);
  if (arrival.payload.empty()) return;
  const auto size = static_cast<std::uint32_t>(arrival.payload.size());
  if (arrival.offset != 0) {
    const auto bytes = arrival.payload.to_vector();
    aside_[received_.size() + arrival.offset] = as_text(bytes);
    connection_->keep(arrival.offset, size);
    return;
  }
  arrival.payload.for_each([this](Bytes piece) { received_ += as_text(piece); });
  const std::size_t wanted = received_.size() + connection_->received(now, size);
  while (received_.size() < wanted) {
    const auto piece = std::prev(aside_.upper_bound(received_.size()));
    received_ += piece->second.substr(received_.size() - piece->first);
  }
  aside_.erase(aside_.begin(), aside_.lower_bound(received_.size()));
}

void GuestTcp::on_time(Time now) {
  const auto due = deadline(now);
  if (due && *due <= now) connection_->on_time(now);
}

std::optional<Time> GuestTcp::deadline(Time now) const {
  return connection_ ? connection_->deadline(now) : std::nullopt;
}

bool GuestTcp::send_segments(Time now) {
  if (!connection_) return false;
  connection_->set_receive_space(space_);
  bool any = false;
  while (const auto segment = connection_->next(now, 0)) {
    any = true;
    const TcpHeader header{.source_port = port_,
                           .destination_port = remote_.port,
                           .sequence = segment->sequence.number(),
                           .acknowledgment = segment->acknowledgment.number(),
                           .flags = segment->flags,
                           .window = segment->window};
    const Octets bytes =
        tcp_frame(remote_.address.is_v4() ? kGuestAddress : kGuestAddress6, remote_.address, header,
                  segment->options, as_bytes(queue_).subspan(segment->offset, segment->length));
    if (sim_.loses()) continue;
    sim_.give(bytes, sim_.promised);
  }
  return any;
}

}  // namespace sluice
