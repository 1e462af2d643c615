#include "devices/nic/rtl8139/transmit.h"

#include <gsl/assert>

#include "stack/wire/ethernet.h"

namespace sluice::rtl8139 {
namespace {

constexpr std::uint32_t kLength = 0xffff;
// What a status keeps of a command. The bits between are errors now.
constexpr std::uint32_t kKept = Descriptor::kEor | Descriptor::kFs | Descriptor::kLs | kLength;
constexpr std::uint32_t kUnf = 1U << 25;   // data did not come in time
constexpr std::uint32_t kTes = 1U << 23;   // there is an error
constexpr std::uint32_t kLnkf = 1U << 21;  // the link fails

constexpr std::size_t kMaxFrame = Link::kMaxReserve - TransmitOffload::kGrowth;

}  // namespace

void Transmit::reset() {
  high_ = normal_ = Queue{};
  offload_.reset();
}

void Transmit::stop() {
  high_.polled = normal_.polled = false;
  offload_.reset();
}

bool Transmit::pending() const {
  return offload_.cutting() || high_.polled || normal_.polled;
}

Outgoing Transmit::next(MutableBytes room, const Medium& medium) {
  if (offload_.cutting()) return offload_.next(room);
  Queue& first = high_.polled ? high_ : normal_;
  Chain chain;
  if (!first.polled || !collect(first, chain)) return {};
  std::uint32_t errors = 0;
  if (!chain.whole || chain.size < EthernetHeader::kSize || chain.size > kMaxFrame) {
    errors = kTes | kUnf;
  } else if (!medium.carrier) {
    errors = kTes | kLnkf;
  } else if (!read(chain, room)) {
    errors = kTes | kUnf;
    interrupts_.raise(kSerr);
  }
  hand_back(first, chain, errors);
  if (errors != 0) return {};
  const Descriptor& head = chain.places.front().descriptor;
  return offload_.apply(room, chain.size, Command::of(head.status, head.vlan),
                        medium.large_may_leave);
}

bool Transmit::collect(Queue& queue, Chain& chain) {
  unsigned index = queue.ring.next();
  while (chain.count < Ring::kMaxDescriptors) {
    const auto descriptor = queue.ring.read(memory_, index);
    if (!descriptor) {
      interrupts_.raise(kSerr);
      queue.polled = false;
      return false;
    }
    const std::uint32_t status = descriptor->status;
    if ((status & Descriptor::kOwn) == 0) {
      interrupts_.raise(kTdu);
      queue.polled = false;
      return false;
    }
    chain.places.at(chain.count++) = {*descriptor, index};
    chain.size += status & kLength;
    chain.after = index = Ring::after(index, *descriptor);
    const bool begins = (chain.places.front().descriptor.status & Descriptor::kFs) != 0;
    const bool ends = (status & Descriptor::kLs) != 0;
    if (ends || !begins) {
      chain.whole = begins;
      return true;
    }
    // All of the ring, and no end.
    if (index == queue.ring.next()) return true;
  }
  return true;
}

bool Transmit::read(const Chain& chain, MutableBytes room) {
  for (unsigned i = 0; i < chain.count; ++i) {
    const Descriptor& descriptor = chain.places.at(i).descriptor;
    const std::size_t size = descriptor.status & kLength;
    if (size > 0 && !memory_.read(descriptor.address, room.first(size))) return false;
    room = room.subspan(size);
  }
  return true;
}

void Transmit::hand_back(Queue& queue, const Chain& chain, std::uint32_t errors) {
  for (unsigned i = 0; i < chain.count; ++i) {
    const Place& place = chain.places.at(i);
    const std::uint32_t status = place.descriptor.status;
    const bool last = i + 1 == chain.count;
    if (!queue.ring.write_status(memory_, place.index, (status & kKept) | (last ? errors : 0))) {
      // What can't be handed back would be sent again and again.
      interrupts_.raise(kSerr);
      queue.polled = false;
    }
  }
  queue.ring.set_next(chain.after);
  interrupts_.raise(errors == 0 ? kTok : kTer);
  ++(errors == 0 ? statistics_.tx_ok : statistics_.tx_errors);
}

}  // namespace sluice::rtl8139
