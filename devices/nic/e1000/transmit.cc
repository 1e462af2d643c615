#include "devices/nic/e1000/transmit.h"

#include <algorithm>
#include <cstring>

#include "devices/nic/e1000/filter.h"
#include "stack/segmenter.h"
#include "stack/wire/ethernet.h"

namespace sluice::e1000 {
namespace {

// The longest packet that leaves in one piece to be cut by others: what IP can tell the length of.
constexpr std::size_t kMaxWhole = EthernetHeader::kSize + 65535;
static_assert(kMaxWhole + kTagSize <= Link::kMaxReserve);
constexpr std::size_t kAddressesSize = 2 * MacAddress::kSize;

MutableBytes insert_tag(MutableBytes room, std::size_t size, std::uint16_t type,
                        std::uint16_t tag) {
  const MutableBytes frame = room.first(size + kTagSize);
  const MutableBytes rest = frame.subspan(kAddressesSize);
  std::memmove(rest.subspan(kTagSize).data(), rest.data(), rest.size() - kTagSize);
  store_big(rest, 0, type);
  store_big(rest, 2, tag);
  return frame;
}

}  // namespace

std::uint32_t Transmitter::left() const {
  const std::uint32_t count = registers_[kTdlen] / kDescriptorSize;
  const std::uint32_t head = registers_[kTdh];
  const std::uint32_t tail = registers_[kTdt];
  if (head >= count || tail >= count) return 0;
  return tail >= head ? tail - head : tail + count - head;
}

bool Transmitter::pending() const {
  return registers_.has(kTctl, kTctlEn) && !stalled_ && left() > 0 && batch_.has_room();
}

void Transmitter::stop() {
  descriptor_.reset();
  packet_ = {};
  stalled_ = false;
}

void Transmitter::reset() {
  stop();
  contexts_ = {};
}

Transmitter::Progress Transmitter::run(GuestMemory& memory, bool whole) {
  Progress progress;
  bytes_ = kMaxBytes;
  whole_ = whole;
  for (unsigned i = 0; i < kMaxDescriptors && pending(); ++i) {
    if (!descriptor_ && !fetch(memory)) break;
    if (!gather(memory)) break;
    finish(memory, progress);
  }
  return progress;
}

bool Transmitter::fetch(GuestMemory& memory) {
  Raw raw{};
  const std::uint64_t place =
      registers_.base(kTdbal) + std::uint64_t{registers_[kTdh]} * kDescriptorSize;
  if (!memory.read(place, raw)) {
    stalled_ = true;
    return false;
  }
  descriptor_ = {.place = place, .command = raw[kTxCommandOffset]};
  if ((descriptor_->command & kTxDext) == 0) {
    begin_legacy(raw);
    return true;
  }
  const auto word = load_little<std::uint32_t>(raw, kTxCommandOffset - 3);
  const std::uint32_t type = word >> kTxDtypShift & kTxDtyp;
  if (type == kTxDtypContext) on_context(raw);
  if (type == kTxDtypData) begin_data(raw);
  return true;
}

void Transmitter::on_context(const Raw& raw) {
  const auto context = Context::of(std::bit_cast<ContextDescriptor>(raw));
  contexts_.at((descriptor_->command & kTxTse) != 0 ? 1 : 0) = context;
}

void Transmitter::begin_legacy(const Raw& raw) {
  const auto legacy = std::bit_cast<LegacyDescriptor>(raw);
  descriptor_->has_data = true;
  descriptor_->address = legacy.address;
  descriptor_->left = legacy.length;
  descriptor_->special = legacy.special;
  if (packet_.open) return;
  packet_ = {.open = true, .capacity = kMaxPacket};
  if ((legacy.command & kTxIc) != 0) packet_.legacy_sum = {.start = legacy.css, .at = legacy.cso};
}

void Transmitter::begin_data(const Raw& raw) {
  const auto data = std::bit_cast<DataDescriptor>(raw);
  descriptor_->has_data = true;
  descriptor_->address = data.address;
  descriptor_->left = data.dtalen_dtyp_dcmd & kTxDtalen;
  descriptor_->special = data.special;
  if (packet_.open) return;
  packet_ = {.open = true, .popts = data.popts, .context = contexts_[0], .capacity = kMaxPacket};
  if ((descriptor_->command & kTxTse) == 0) return;
  packet_.segmented = true;
  packet_.context = contexts_[1];
  packet_.capacity = packet_.context.hdrlen;
  const std::size_t longest = std::size_t{packet_.context.hdrlen} + packet_.context.mss;
  if (packet_.context.mss == 0 || longest > kMaxPacket) packet_.broken = true;
  if ((descriptor_->command & kTxVle) != 0) packet_.tag = descriptor_->special;
}

bool Transmitter::gather(GuestMemory& memory) {
  while (descriptor_->left > 0 && !packet_.broken) {
    if (bytes_ == 0 || !batch_.has_room()) return false;
    if (packet_.size == packet_.capacity) {
      if (!packet_.segmented) {
        packet_.broken = true;
      } else if (packet_.has_header) {
        emit(false);
      } else {
        begin_payload();
      }
      continue;
    }
    const MutableBytes free = room().first(packet_.capacity).subspan(packet_.size);
    const std::size_t size = std::min({descriptor_->left, free.size(), bytes_});
    if (!memory.read(descriptor_->address, free.first(size))) packet_.broken = true;
    descriptor_->address += size;
    descriptor_->left -= size;
    packet_.size += size;
    bytes_ -= size;
  }
  return true;
}

void Transmitter::begin_payload() {
  const Context& context = packet_.context;
  const Bytes header = room().first(context.hdrlen);
  copy_bytes(header, header_);
  packet_.has_header = true;
  packet_.whole = whole_ && !tagged() && may_be_cut_later(header, context, packet_.popts);
  packet_.capacity = header.size() + context.mss;
  if (!packet_.whole) return;
  // All of it if it fits, which PAYLEN tells; or what whole segments fit.
  const std::size_t room_for_payload = kMaxWhole - header.size();
  packet_.capacity = context.paylen <= room_for_payload
                         ? kMaxWhole
                         : header.size() + room_for_payload / context.mss * context.mss;
}

// Where the packet is gathered. That is somewhere else once frames in front of it were taken.
MutableBytes Transmitter::room() {
  const MutableBytes room = batch_.room();
  if (packet_.size > 0 && packet_.at != room.data()) {
    std::memmove(room.data(), packet_.at, packet_.size);
  }
  packet_.at = room.data();
  if (packet_.has_header && packet_.size == 0) {
    packet_.size = packet_.context.hdrlen;
    copy_bytes(Bytes(header_).first(packet_.size), room);
  }
  return room;
}

void Transmitter::finish(GuestMemory& memory, Progress& progress) {
  if (descriptor_->has_data && (descriptor_->command & kTxEop) != 0) end_packet();
  if ((descriptor_->command & kTxRs) != 0) {
    const std::array<std::uint8_t, 1> status{kTxDd};
    memory.write(descriptor_->place + kTxStatusOffset, status);
    if ((descriptor_->command & kTxIde) != 0) {
      progress.reported_later = true;
    } else {
      progress.reported = true;
    }
  }
  descriptor_.reset();
  const std::uint32_t before = left();
  const std::uint32_t next = registers_[kTdh] + 1;
  registers_.set(kTdh, next < registers_[kTdlen] / kDescriptorSize ? next : 0);
  const std::uint32_t threshold = registers_[kTxdctl] >> kTxdctlLwthreshShift << 3;
  if (before > threshold && left() <= threshold) progress.low = threshold != 0;
  if (left() == 0) progress.emptied = true;
}

void Transmitter::end_packet() {
  const bool cut_short = packet_.segmented && packet_.size < packet_.context.hdrlen;
  if (packet_.broken || cut_short) {
    counters_.count(Drop::kMalformed);
  } else if (packet_.size > 0) {
    if (!packet_.segmented && (descriptor_->command & kTxVle) != 0) {
      packet_.tag = descriptor_->special;
    }
    const bool segmented = packet_.segmented;
    emit(true);
    if (segmented) {
      const bool agrees = packet_.payload_before == packet_.context.paylen;
      statistics_.count(agrees ? kTsctc : kTsctfc);
    }
  }
  packet_ = {};
}

bool Transmitter::tagged() const {
  return packet_.tag && registers_.has(kCtrl, kCtrlVme);
}

void Transmitter::emit(bool last) {
  const MutableBytes all = room();
  MutableBytes frame = all.first(packet_.size);
  const Context& context = packet_.context;
  Offload offload;
  std::uint32_t segments = 1;
  if (packet_.segmented) {
    const std::size_t payload = packet_.size - context.hdrlen;
    segments = std::max<std::uint32_t>(
        1, static_cast<std::uint32_t>((payload + context.mss - 1) / context.mss));
    offload = finish_segment(frame, context, packet_.popts,
                             {.payload_before = packet_.payload_before,
                              .segments_before = packet_.segments_before,
                              .last = last,
                              .cut_later = packet_.whole});
    packet_.payload_before += static_cast<std::uint32_t>(payload);
    packet_.segments_before += segments;
  } else if (packet_.legacy_sum) {
    offload = insert_transport_sum(frame, *packet_.legacy_sum);
  } else {
    if ((packet_.popts & kPoptsIxsm) != 0) insert_sum(frame, context.ip);
    if ((packet_.popts & kPoptsTxsm) != 0) offload = insert_transport_sum(frame, context.transport);
  }
  if (tagged() && frame.size() >= kAddressesSize) {
    // Others that sum packets may not know of tags.
    complete_checksum(frame, {}, offload);
    offload = {};
    frame =
        insert_tag(all, frame.size(), static_cast<std::uint16_t>(registers_[kVet]), *packet_.tag);
  }
  if (registers_.has(kTctl, kTctlPsp) && frame.size() < EthernetHeader::kMinFrame) {
    const MutableBytes padded = all.first(EthernetHeader::kMinFrame);
    std::fill(padded.begin() + static_cast<std::ptrdiff_t>(frame.size()), padded.end(),
              std::uint8_t{0});
    frame = padded;
  }
  count(frame, segments);
  batch_.commit(frame.size(), offload);
  packet_.size = 0;
}

void Transmitter::count(Bytes frame, std::uint32_t segments) {
  const std::size_t full = std::size_t{packet_.context.hdrlen} + packet_.context.mss;
  if (segments > 1) statistics_.on_sent(frame, full, segments - 1);
  statistics_.on_sent(frame, frame.size() - (segments - 1) * std::size_t{packet_.context.mss});
}

}  // namespace sluice::e1000
