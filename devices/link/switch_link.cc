#include "devices/link/switch_link.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

#include "devices/link/frame_payload.h"
#include "stack/segmenter.h"
#include "stack/wire/ethernet.h"

namespace sluice {
namespace {

void count_sent(SwitchLink::Traffic& traffic, std::size_t bytes) {
  ++traffic.frames_sent;
  traffic.bytes_sent += bytes;
}

void count_received(SwitchLink::Traffic& traffic, std::size_t bytes) {
  ++traffic.frames_received;
  traffic.bytes_received += bytes;
}

}  // namespace

SwitchLink::SwitchLink(Manner manner, const Seed& seed, std::function<Time()> clock)
    : manner_(manner),
      clock_(std::move(clock)),
      table_(seed),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {
  table_.pin(kUplink);
}

std::uint32_t SwitchLink::add(std::unique_ptr<GuestLink> link) {
  const std::uint32_t number = last_number_ + 1;
  polls_.add(link->descriptor(), EPOLLIN | EPOLLET, number);
  last_number_ = number;
  ports_.push_back({.number = number, .link = std::move(link)});
  look_at_capabilities();
  more_ = true;
  return number;
}

std::unique_ptr<GuestLink> SwitchLink::remove(std::uint32_t number) {
  Port* const port = find(number);
  if (port == nullptr) return nullptr;
  std::unique_ptr<GuestLink> link = std::move(port->link);
  polls_.remove(link->descriptor());
  table_.forget(number);
  own_ = own_ + link->counters();
  std::erase_if(ports_, [number](const Port& each) { return each.number == number; });
  look_at_capabilities();
  return link;
}

void SwitchLink::set_up(std::uint32_t number, bool up) {
  if (number == kUplink) uplink_up_ = up;
  Port* const port = find(number);
  if (port == nullptr || port->up == up) return;
  port->up = up;
  port->link->set_link(up);
}

std::optional<SwitchLink::PortInfo> SwitchLink::port(std::uint32_t number) const {
  if (number == kUplink) return PortInfo{.up = uplink_up_, .traffic = uplink_traffic_};
  const Port* const found = find(number);
  if (found == nullptr) return std::nullopt;
  PortInfo info{.up = found->up, .closed = found->link->closed(), .traffic = found->traffic};
  for (const std::uint64_t count : found->link->counters().drops) info.dropped += count;
  return info;
}

SwitchLink::Port* SwitchLink::find(std::uint32_t number) {
  const auto found = std::find_if(ports_.begin(), ports_.end(),
                                  [number](const Port& port) { return port.number == number; });
  return found == ports_.end() ? nullptr : &*found;
}

const SwitchLink::Port* SwitchLink::find(std::uint32_t number) const {
  return const_cast<SwitchLink*>(this)->find(number);  // NOLINT: the same, for who only looks
}

gsl::span<const Frame> SwitchLink::receive() {
  now_ = clock_();
  for_uplink_.clear();
  for (const epoll_event& event : polls_.ready()) {
    Port* const port = find(static_cast<std::uint32_t>(event.data.u64));
    if (port != nullptr) port->ready = true;
  }
  more_ = false;
  for (Port& port : ports_) {
    if (!port.ready) continue;
    receive_from(port);
    more_ = more_ || port.ready;
  }
  flush();
  return for_uplink_;
}

void SwitchLink::receive_from(Port& port) {
  const gsl::span<const Frame> frames = port.link->receive();
  port.ready = port.link->more() && !port.link->closed();
  if (!port.up) return;
  for (const Frame& frame : frames) {
    count_sent(port.traffic, frame.size());
    const auto ethernet = EthernetView::parse(frame.bytes);
    if (!ethernet) {
      own_.count(Drop::kTruncated);
      continue;
    }
    if (frame.offload.segmentation != Segmentation::kNone &&
        !can_be_cut(frame.bytes, frame.offload)) {
      own_.count(Drop::kMalformed);
      continue;
    }
    const EthernetHeader header = ethernet->header();
    if (manner_ == Manner::kSwitch) table_.learn(now_, header.source, port.number);
    const auto to = target(header.destination);
    if (!to || *to == kUplink) give_to_uplink(frame);
    const Bytes head = frame.bytes.first(headers_size(frame));
    const FramePayload payload(frame, head.size());
    for (Port& other : ports_) {
      if (&other == &port || (to && *to != other.number)) continue;
      send(other, head, payload.pieces(), frame.offload);
    }
  }
}

void SwitchLink::give_to_uplink(const Frame& frame) {
  if (!uplink_up_) return;
  count_received(uplink_traffic_, frame.size());
  for_uplink_.push_back(frame);
}

std::optional<MacTable::Port> SwitchLink::target(const MacAddress& destination) const {
  if (manner_ == Manner::kHub || destination.is_group()) return std::nullopt;
  return table_.find(now_, destination);
}

void SwitchLink::send(Port& to, Bytes head, gsl::span<const Bytes> payload,
                      const Offload& offload) {
  if (to.link->closed() || !to.up) return;
  count_received(to.traffic, head.size() + total_size(payload));
  copy_bytes(head, to.link->reserve(head.size()));
  to.link->commit(head.size(), payload, offload);
}

bool SwitchLink::closed() const {
  return std::all_of(ports_.begin(), ports_.end(),
                     [](const Port& port) { return port.link->closed(); });
}

const Counters& SwitchLink::counters() const {
  counters_ = own_;
  for (const Port& port : ports_) counters_ = counters_ + port.link->counters();
  return counters_;
}

void SwitchLink::look_at_capabilities() {
  LinkCapabilities all = kAll;
  for (const Port& port : ports_) {
    const LinkCapabilities one = port.link->capabilities();
    all.checksum = all.checksum && one.checksum;
    all.tcp4_segmentation = all.tcp4_segmentation && one.tcp4_segmentation;
    all.tcp6_segmentation = all.tcp6_segmentation && one.tcp6_segmentation;
    all.udp_segmentation = all.udp_segmentation && one.udp_segmentation;
  }
  capabilities_ = all;
}

MutableBytes SwitchLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void SwitchLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  if (!uplink_up_) return;
  const Bytes head(output_.get(), size);
  count_sent(uplink_traffic_, head.size() + total_size(payload));
  const auto ethernet = EthernetView::parse(head);
  Expects(ethernet.has_value());
  const EthernetHeader header = ethernet->header();
  if (manner_ == Manner::kSwitch) table_.learn(now_, header.source, kUplink);
  const auto to = target(header.destination);
  for (Port& port : ports_) {
    if (!to || *to == port.number) send(port, head, payload, offload);
  }
}

bool SwitchLink::has_room(const MacAddress& to) const {
  const auto number = target(to);
  const Port* const port = number ? find(*number) : nullptr;
  return port == nullptr || !port->up || port->link->has_room(to);
}

void SwitchLink::flush() {
  for (Port& port : ports_) {
    // Also of one that was only asked for room, which it may be about to have.
    port.link->flush();
    port.ready = port.ready || (port.link->more() && !port.link->closed());
    more_ = more_ || port.ready;
  }
  look_at_capabilities();
}

}  // namespace sluice
