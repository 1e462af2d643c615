#include "devices/nic/e1000/receive.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <gsl/assert>

#include "devices/nic/e1000/filter.h"
#include "devices/nic/e1000/receive_offload.h"
#include "stack/wire/ethernet.h"

namespace sluice::e1000 {
namespace {

constexpr std::size_t kMaxUsual =
    1522;  // the longest frame that is not a long packet, with its FCS
constexpr std::size_t kAddressesSize = 2 * MacAddress::kSize;
static_assert(Receiver::kSpare >= EthernetHeader::kMinFrame + kFcsSize);

void fill_zeros(MutableBytes bytes) {
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
}

// The frame without its tag, which ends where it did.
MutableBytes strip_tag(MutableBytes frame) {
  const MutableBytes stripped = frame.subspan(kTagSize);
  std::memmove(stripped.data(), frame.data(), kAddressesSize);
  return stripped;
}

}  // namespace

std::uint32_t Receiver::free() const {
  const std::uint32_t head = registers_[kRdh];
  const std::uint32_t tail = registers_[kRdt];
  if (head >= count() || tail >= count()) return 0;
  return tail >= head ? tail - head : tail + count() - head;
}

// A ring that is too small for one even when it is empty is never waited for.
bool Receiver::takes(unsigned frames) const {
  const std::uint32_t free = this->free();
  const std::size_t each = (kMaxUsual + buffer_size() - 1) / buffer_size();
  return !enabled() || frames * each <= free || (frames == 1 && free + 1 >= count());
}

std::size_t Receiver::buffer_size() const {
  // Sixteen times as much with BSEX, but for the first one, which is reserved then.
  const std::size_t size = std::size_t{2048} >> (registers_[kRctl] >> kRctlBsizeShift & 3);
  return registers_.has(kRctl, kRctlBsex) && size < 2048 ? size * 16 : size;
}

void Receiver::receive(GuestMemory& memory, MutableBytes buffer, std::size_t size, bool verified) {
  Expects(size + kSpare <= buffer.size());
  if (!enabled()) {
    counters_.count(Drop::kLinkFull);
    return;
  }
  if (size < EthernetHeader::kSize) {
    counters_.count(Drop::kTruncated);
    return;
  }
  if (size < EthernetHeader::kMinFrame) {
    fill_zeros(buffer.subspan(size, EthernetHeader::kMinFrame - size));
    size = EthernetHeader::kMinFrame;
  }
  statistics_.on_seen(size);
  const Bytes frame = buffer.first(size);
  const Match match = match_address(registers_, frame);
  const auto tag = tag_of(registers_, frame);
  if (match == Match::kNone || (tag && !passes_vlan(registers_, *tag))) {
    counters_.count(Drop::kNotForUs);
    return;
  }
  if (size + kFcsSize > (registers_.has(kRctl, kRctlLpe) ? kMaxFrame : kMaxUsual)) {
    statistics_.count(kRoc);
    counters_.count(Drop::kMalformed);
    return;
  }
  ReceiveDescriptor::WriteBack last;
  if (match == Match::kInexact) last.status |= kRxPif;
  const Bytes data = prepare(buffer, size, tag, verified, last);
  const std::size_t needed = (data.size() + buffer_size() - 1) / buffer_size();
  if (needed > free()) {
    statistics_.count(kRnbc);
    miss();
    return;
  }
  statistics_.on_received(data, size);
  if (size + kFcsSize <= registers_[kRsrpd]) progress_.small = true;
  store(memory, data, last);
}

Bytes Receiver::prepare(MutableBytes buffer, std::size_t size, std::optional<std::uint16_t> tag,
                        bool verified, ReceiveDescriptor::WriteBack& last) const {
  std::size_t link = EthernetHeader::kSize;
  if (tag && registers_.has(kCtrl, kCtrlVme)) {
    last.status |= kRxVp;
    last.special = *tag;
    buffer = strip_tag(buffer);
    size -= kTagSize;
  } else if (tag) {
    link += kTagSize;
  }
  const ReceivedSums sums = sum_received(buffer.first(size), link, registers_[kRxcsum], verified);
  last.status |= sums.status;
  last.errors = sums.errors;
  last.checksum = sums.packet;
  if (registers_.has(kRctl, kRctlSecrc)) return buffer.first(size);
  fill_zeros(buffer.subspan(size, kFcsSize));
  return buffer.first(size + kFcsSize);
}

void Receiver::store(GuestMemory& memory, Bytes data, ReceiveDescriptor::WriteBack last) {
  const std::uint32_t threshold =
      count() >> (1 + std::min(2U, registers_[kRctl] >> kRctlRdmtsShift & 3U));
  const std::uint32_t before = free();
  while (!data.empty()) {
    const Bytes piece = data.first(std::min(data.size(), buffer_size()));
    data = data.subspan(piece.size());
    ReceiveDescriptor::WriteBack write_back;
    write_back.checksum = last.checksum;
    if (data.empty()) {
      write_back = last;
      write_back.status |= kRxEop;
    }
    if (!store_piece(memory, piece, write_back)) {
      miss();
      return;
    }
  }
  progress_.received = true;
  if (before > threshold && free() <= threshold) progress_.low = true;
}

bool Receiver::store_piece(GuestMemory& memory, Bytes piece,
                           ReceiveDescriptor::WriteBack& write_back) {
  const std::uint32_t head = registers_[kRdh];
  const std::uint64_t place = registers_.base(kRdbal) + std::uint64_t{head} * kDescriptorSize;
  Raw raw{};
  if (!memory.read(place, raw)) return false;
  const auto descriptor = std::bit_cast<ReceiveDescriptor>(raw);
  if (!memory.write(descriptor.address, piece)) write_back.errors |= kRxRxe;
  write_back.length = static_cast<std::uint16_t>(piece.size());
  write_back.status |= kRxDd;
  const auto half = std::bit_cast<std::array<std::uint8_t, sizeof(write_back)>>(write_back);
  memory.write(place + offsetof(ReceiveDescriptor, write_back), half);
  registers_.set(kRdh, head + 1 < count() ? head + 1 : 0);
  return true;
}

void Receiver::miss() {
  statistics_.count(kMpc);
  counters_.count(Drop::kLinkFull);
  progress_.overrun = true;
}

Receiver::Progress Receiver::take_progress() {
  return std::exchange(progress_, {});
}

}  // namespace sluice::e1000
