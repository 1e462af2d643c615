#include "devices/nic/virtio/net_filter.h"

#include <algorithm>

#include "stack/wire/ethernet.h"

namespace sluice {
namespace {

constexpr std::size_t kTagSize = 4;

}  // namespace

void VirtioNetFilter::Table::add(const MacAddress& address) {
  if (count_ == kMost) {
    add_all();
  } else {
    addresses_.at(count_++) = address;
  }
}

bool VirtioNetFilter::Table::has(const MacAddress& address) const {
  const auto known = gsl::span<const MacAddress>(addresses_).first(count_);
  return all_ || std::find(known.begin(), known.end(), address) != known.end();
}

void VirtioNetFilter::set_tables(const Table& unicast, const Table& multicast) {
  unicast_ = unicast;
  multicast_ = multicast;
}

bool VirtioNetFilter::matches(const ScatteredBytes& frame) const {
  // For whoever cuts frames into head and payload, a tag may be part of either.
  std::array<std::uint8_t, EthernetHeader::kSize + kTagSize> copy{};
  const Bytes beginning = Bytes(copy).first(std::min(frame.size(), copy.size()));
  MutableBytes room(copy);
  frame.subspan(0, beginning.size()).for_each([&room](Bytes piece) {
    copy_bytes(piece, room);
    room = room.subspan(piece.size());
  });
  const auto ethernet = EthernetView::parse(beginning);
  return ethernet && matches_address(ethernet->header().destination) && matches_vlan(beginning);
}

bool VirtioNetFilter::matches_address(const MacAddress& destination) const {
  if (destination == MacAddress::broadcast()) return !is(Mode::kNoBroadcast);
  if (destination.is_group()) {
    if (is(Mode::kNoMulticast)) return false;
    return is(Mode::kAllMulticast) || multicast_.has(destination);
  }
  if (is(Mode::kNoUnicast)) return false;
  if (is(Mode::kAllUnicast) || !station_) return true;
  return destination == *station_ || unicast_.has(destination);
}

bool VirtioNetFilter::matches_vlan(Bytes frame) const {
  constexpr std::uint16_t kTagProtocol = 0x8100;
  constexpr std::size_t kTag = 2 * MacAddress::kSize;
  if (!knows_vlans_ || frame.size() < kTag + kTagSize ||
      load_big<std::uint16_t>(frame, kTag) != kTagProtocol) {
    return true;
  }
  return vlans_[load_big<std::uint16_t>(frame, kTag + 2) % kVlans];
}

}  // namespace sluice
