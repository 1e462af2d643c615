#include "devices/nic/virtio/net.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

#include "devices/nic/little_endian.h"
#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/packed_queue.h"
#include "devices/nic/virtio/split_queue.h"
#include "stack/segmenter.h"

namespace sluice {
namespace {

constexpr unsigned kReceive = 0;  // of the pair that frames for the guest leave by

constexpr std::uint64_t kAlwaysOffered =
    virtio::kCsum | virtio::kGuestCsum | virtio::kGuestTso4 | virtio::kGuestTso6 |
    virtio::kGuestEcn | virtio::kHostTso4 | virtio::kHostTso6 | virtio::kHostEcn |
    virtio::kMrgRxbuf | virtio::kStatus | virtio::kIndirectDesc | virtio::kEventIdx |
    virtio::kVersion1 | virtio::kRingPacked | virtio::kGuestUso4 | virtio::kGuestUso6 |
    virtio::kHostUso;

constexpr std::uint64_t kOfferedWithCommands =
    virtio::kCtrlVq | virtio::kCtrlRx | virtio::kCtrlMacAddr;
constexpr std::uint64_t kOfferedWithFilter = virtio::kCtrlRxExtra | virtio::kCtrlVlan;

}  // namespace

VirtioNet::VirtioNet(const VirtioNetOptions& options, VirtioTransport& transport)
    : options_(options),
      transport_(transport),
      transmitter_(options.in_place, counters_),
      receiver_(transport.memory()),
      filter_(options.mac),
      control_(transport.memory(), options.pairs, filter_),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)),
      segment_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {
  Expects(options.pairs >= 1 && options.pairs <= kMaxPairs);
}

void VirtioNet::reset() {
  for (Queue& queue : queues_) queue = {};
  filter_ = VirtioNetFilter(options_.mac);
  set_features(0);
  more_ = false;
}

std::uint64_t VirtioNet::offered_features() const {
  std::uint64_t features = kAlwaysOffered;
  if (options_.mac) features |= virtio::kMac;
  if (options_.mtu != 0) features |= virtio::kMtu;
  if (options_.pairs > 1) features |= virtio::kMq;
  if (options_.pairs > 1 || options_.commands) features |= kOfferedWithCommands;
  if (options_.commands) features |= kOfferedWithFilter;
  return features;
}

void VirtioNet::set_features(std::uint64_t features) {
  features_ = features & offered_features();
  form_ = {.header_size = has(virtio::kVersion1 | virtio::kMrgRxbuf) ? kVirtioNetHeader
                                                                     : kLegacyVirtioNetHeader,
           .mergeable = has(virtio::kMrgRxbuf)};
  filter_.set_knows_vlans(has(virtio::kCtrlVlan));
}

void VirtioNet::read_config(std::size_t offset, MutableBytes into) const {
  constexpr std::size_t kStatus = 6;
  constexpr std::size_t kPairs = 8;
  constexpr std::size_t kMtu = 10;
  constexpr std::uint16_t kLinkUp = 1;
  std::array<std::uint8_t, 64> space{};
  if (const auto& mac = filter_.station()) copy_bytes(mac->octets(), space);
  if (link_up_) store_little(MutableBytes(space), kStatus, kLinkUp);
  store_little(MutableBytes(space), kPairs, options_.pairs);
  store_little(MutableBytes(space), kMtu, options_.mtu);
  std::fill(into.begin(), into.end(), std::uint8_t{0});
  if (offset >= space.size()) return;
  const Bytes rest = Bytes(space).subspan(offset);
  copy_bytes(rest.first(std::min(rest.size(), into.size())), into);
}

void VirtioNet::write_address(std::size_t offset, std::uint8_t octet) {
  if (offset >= MacAddress::kSize || has(virtio::kVersion1 | virtio::kCtrlMacAddr)) return;
  auto octets = filter_.station().value_or(MacAddress()).octets();
  octets.at(offset) = octet;
  filter_.set_station(MacAddress(octets));
}

bool VirtioNet::has_packed_queues() const {
  return has(virtio::kRingPacked);
}

VirtioNet::AreaSizes VirtioNet::area_sizes(std::uint16_t size) const {
  if (has_packed_queues()) {
    return {.descriptors = PackedVirtioQueue::descriptors_size(size),
            .driver = PackedVirtioQueue::kEventSize,
            .device = PackedVirtioQueue::kEventSize};
  }
  const bool event_index = has(virtio::kEventIdx);
  return {.descriptors = SplitVirtioQueue::descriptors_size(size),
          .driver = SplitVirtioQueue::driver_size(size, event_index),
          .device = SplitVirtioQueue::device_size(size, event_index)};
}

bool VirtioNet::start(unsigned queue, const VirtioQueue::Areas& areas, VirtioQueue::Position at,
                      MutableBytes inflight) {
  if (queue >= kMaxQueues) return false;
  const bool event_index = has(virtio::kEventIdx);
  std::unique_ptr<VirtioQueue> ring;
  if (has_packed_queues()) {
    if (!PackedVirtioQueue::accepts(areas) || at.index >= areas.size) return false;
    if (inflight.empty()) {
      ring = std::make_unique<PackedVirtioQueue>(transport_.memory(), areas, event_index, at);
    } else if (auto kept = PackedInflight::restore(inflight, areas, at)) {
      ring = std::make_unique<PackedVirtioQueue>(transport_.memory(), areas, event_index,
                                                 std::move(kept));
    }
  } else {
    if (!SplitVirtioQueue::accepts(areas, event_index)) return false;
    if (inflight.empty()) {
      ring = std::make_unique<SplitVirtioQueue>(transport_.memory(), areas, event_index, at.index);
    } else if (auto kept = SplitInflight::restore(inflight, areas.size,
                                                  SplitVirtioQueue::used_index(areas))) {
      ring = std::make_unique<SplitVirtioQueue>(transport_.memory(), areas, event_index,
                                                std::move(kept));
    }
  }
  if (!ring) return false;
  Queue& one = queues_.at(queue);
  one = {.ring = std::move(ring), .enabled = one.enabled};
  if (queue == kReceive) receiver_.reset();
  more_ = true;
  return true;
}

std::optional<VirtioQueue::Position> VirtioNet::stop(unsigned queue) {
  if (!runs(queue)) return std::nullopt;
  give_back(queues_.at(queue));
  show(queue);
  return abandon(queue);
}

std::optional<VirtioQueue::Position> VirtioNet::abandon(unsigned queue) {
  if (!runs(queue)) return std::nullopt;
  queues_.at(queue).used.clear();
  const auto ring = std::move(queues_.at(queue).ring);
  return ring->position();
}

void VirtioNet::enable(unsigned queue, bool enabled) {
  if (queue >= kMaxQueues) return;
  queues_.at(queue).enabled = enabled;
  if (!enabled && runs(queue)) {
    give_back(queues_.at(queue));
    show(queue);
  }
  more_ = true;
}

std::optional<unsigned> VirtioNet::control_queue() const {
  if (!has(virtio::kCtrlVq)) return std::nullopt;
  return has(virtio::kMq) ? 2U * options_.pairs : 2U;
}

template <typename Visit>
void VirtioNet::for_each_inlet(Visit visit) {
  const auto control = control_queue();
  for (unsigned i = 1; i < kMaxQueues; ++i) {
    if ((i % 2 == 0 && i != control) || !queues_.at(i).is_usable()) continue;
    visit(i, queues_.at(i));
    tell_if_broken(i);
  }
}

void VirtioNet::give_back(Queue& queue) {
  for (const VirtioChain::Name name : queue.used) queue.ring->complete(name, 0);
  queue.used.clear();
}

gsl::span<const Frame> VirtioNet::receive() {
  more_ = false;
  transmitter_.begin();
  for_each_inlet([this](unsigned number, Queue& queue) {
    give_back(queue);
    if (std::exchange(queue.heard, false)) queue.ring->ignore();
    const bool more = number % 2 == 0
                          ? control_.answer(*queue.ring, features_)
                          : transmitter_.take_from(*queue.ring, form_.header_size, queue.used);
    more_ = more_ || more;
    if (!options_.in_place) give_back(queue);
    show(number);
  });
  const gsl::span<const Frame> frames = transmitter_.frames();
  // Whoever has sent may send more while this is dealt with.
  if (!frames.empty()) more_ = true;
  if (more_) return frames;
  for_each_inlet([this](unsigned number, Queue& queue) {
    // Nobody uses anything of what made no frame.
    give_back(queue);
    show(number);
    queue.heard = true;
    more_ = queue.ring->listen(1) || more_;
  });
  return frames;
}

void VirtioNet::show(unsigned queue) {
  if (queue == kReceive) unseen_ = 0;
  if (queues_.at(queue).ring->publish()) transport_.interrupt(queue);
}

void VirtioNet::tell_if_broken(unsigned queue) {
  Queue& one = queues_.at(queue);
  if (!one.ring || !one.ring->is_broken() || std::exchange(one.broken_told, true)) return;
  transport_.on_broken(queue);
}

LinkCapabilities VirtioNet::capabilities() const {
  return Segmenter::kCapabilities;
}

bool VirtioNet::takes(Segmentation segmentation) const {
  switch (segmentation) {
    case Segmentation::kTcp4:
      return has(virtio::kGuestTso4);
    case Segmentation::kTcp6:
      return has(virtio::kGuestTso6);
    case Segmentation::kUdp:
      return has(virtio::kGuestUso4) && has(virtio::kGuestUso6);
    case Segmentation::kNone:
      break;
  }
  return true;
}

MutableBytes VirtioNet::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void VirtioNet::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  const MutableBytes head(output_.get(), size);
  if (options_.commands && !filter_.passes(head, payload)) {
    counters_.count(Drop::kNotForUs);
    return;
  }
  if (has(virtio::kGuestCsum) && takes(offload.segmentation)) {
    send(head, payload, offload);
  } else if (offload.segmentation == Segmentation::kNone) {
    complete_checksum(head, payload, offload);
    send(head, payload, {});
  } else {
    Segmenter segmenter(head, payload, offload);
    while (const std::size_t cut = segmenter.next({segment_.get(), kMaxReserve})) {
      send({segment_.get(), cut}, {}, {});
    }
  }
}

VirtioQueue* VirtioNet::outlet() const {
  const Queue& queue = queues_[kReceive];
  return queue.is_usable() ? queue.ring.get() : nullptr;
}

void VirtioNet::send(Bytes head, gsl::span<const Bytes> payload, const Offload& offload) {
  // While the guest takes these, the next are being put there.
  constexpr std::size_t kMuch = std::size_t{128} << 10;
  VirtioQueue* const queue = outlet();
  if (queue == nullptr || !receiver_.put(*queue, form_, head, payload, offload)) {
    counters_.count(Drop::kLinkFull);
    return;
  }
  unseen_ += head.size() + total_size(payload);
  if (unseen_ >= kMuch) show(kReceive);
}

bool VirtioNet::has_room(const MacAddress& /*to*/) const {
  return has_room_for(0);
}

bool VirtioNet::has_room_for(unsigned frames) const {
  VirtioQueue* const queue = outlet();
  if (queue == nullptr || (receiver_.has_room(*queue) && queue->waiting() >= frames)) return true;
  wants_room_ = true;
  return false;
}

void VirtioNet::flush() {
  VirtioQueue* const queue = outlet();
  if (queue != nullptr) {
    show(kReceive);
    if (std::exchange(wants_room_, false) && queue->listen(receiver_.wanted(*queue))) more_ = true;
  }
  tell_if_broken(kReceive);
}

}  // namespace sluice
