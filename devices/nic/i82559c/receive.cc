#include "devices/nic/i82559c/receive.h"

#include <algorithm>

#include <gsl/assert>

#include "devices/nic/ethernet_crc.h"
#include "stack/checksum.h"
#include "stack/wire/ethernet.h"

namespace sluice::i82559c {
namespace {

constexpr std::size_t kTypeOffset = 12;
// In the place of the type, what is no more than this is a length (IEEE 802.3, clause 3.2.6).
constexpr std::size_t kMaxLength = 1500;
constexpr std::size_t kMaxFrame = EthernetHeader::kSize + kMaxLength;
constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpx = 0x8137;

// Of MAC control (IEEE 802.3, clause 31).
constexpr std::uint16_t kMacControl = 0x8808;
constexpr std::uint16_t kPause = 1;

constexpr std::array<std::uint8_t, EthernetHeader::kMinFrame> kPadding{};

}  // namespace

// A frame, and what follows it into the guest's memory.
struct ReceiveUnit::Frame {
  // Of the network's, padding, check sequence, checksum.
  static constexpr std::size_t kMaxPieces = 1 + Link::kMaxPieces + 3;

  explicit Frame(gsl::span<const Bytes> given) {
    for (const Bytes piece : given) {
      // What the header is in may be more than one piece.
      const Bytes begin =
          piece.first(std::min(piece.size(), head.size() - std::min(size, head.size())));
      copy_bytes(begin, MutableBytes(head).subspan(std::min(size, head.size())));
      add(piece);
    }
  }

  void add(Bytes piece) {
    Expects(count < kMaxPieces);
    pieces.at(count++) = piece;
    size += piece.size();
  }
  // Leaves the first `wanted` bytes.
  void cut(std::size_t wanted) {
    size = std::min(size, wanted);
    std::size_t left = size;
    for (Bytes& piece : pieces) {
      piece = piece.first(std::min(piece.size(), left));
      left -= piece.size();
    }
  }
  void add_check_sequence() {
    EthernetCrc crc;
    for (const Bytes piece : pieces) crc.add(piece);
    store_little(MutableBytes(check_sequence), 0, crc.frame_check_sequence());
    add(check_sequence);
  }
  // The sum of what the header is followed by (section 6.4.3.5), without the check sequence.
  void compute_checksum() {
    ChecksumSum sum;
    std::size_t before = EthernetHeader::kSize;
    for (const Bytes piece : pieces) {
      const std::size_t skipped = std::min(before, piece.size());
      sum.add(piece.subspan(skipped));
      before -= skipped;
    }
    store_big(MutableBytes(checksum), 0, sum.folded());
  }

  MacAddress destination() const {
    std::array<std::uint8_t, MacAddress::kSize> octets{};
    copy_bytes(Bytes(head).first(octets.size()), octets);
    return MacAddress(octets);
  }
  std::uint16_t type() const { return load_big<std::uint16_t>(head, kTypeOffset); }
  bool has_length() const { return type() <= kMaxLength; }
  std::uint16_t operation() const { return load_big<std::uint16_t>(head, EthernetHeader::kSize); }

  std::array<Bytes, kMaxPieces> pieces;
  std::size_t count = 0;
  std::size_t size = 0;
  std::array<std::uint8_t, EthernetHeader::kSize + 2> head{};
  std::array<std::uint8_t, 4> check_sequence{};
  std::array<std::uint8_t, 2> checksum{};
  std::uint16_t status = 0;
  bool bad = false;
};

void ReceiveUnit::execute(RuCommand command, std::uint32_t pointer) {
  switch (command) {
    case RuCommand::kStart:
      rfd_ = base_ + pointer;
      ru_state_ = RuState::kReady;
      return;
    case RuCommand::kResume:
      if (ru_state_ == RuState::kSuspended) ru_state_ = RuState::kReady;
      return;
    case RuCommand::kAbort:
      if (ru_state_ == RuState::kReady) state_.interrupts.raise(kRnr);
      ru_state_ = RuState::kIdle;
      return;
    case RuCommand::kLoadHds:
      header_size_ = static_cast<std::uint16_t>(pointer & kCountBits);
      has_header_size_ = true;
      return;
    case RuCommand::kLoadRuBase:
      base_ = pointer;
      return;
    case RuCommand::kNop:
    case RuCommand::kRbdResume:
      return;
  }
}

void ReceiveUnit::reset() {
  ru_state_ = RuState::kIdle;
  base_ = rfd_ = 0;
  header_size_ = 0;
  has_header_size_ = false;
  early_interrupt_ = 0;
}

void ReceiveUnit::receive(gsl::span<const Bytes> pieces) {
  const Configuration& configuration = state_.configuration;
  Frame frame(pieces);
  if (frame.size < EthernetHeader::kSize) return state_.counters.count(Drop::kTruncated);
  if (frame.type() == kMacControl) {
    count(frame.operation() == kPause ? state_.statistics.flow_control_receive_pause
                                      : state_.statistics.flow_control_receive_unsupported);
    if (configuration.rejects_flow_control()) return state_.counters.count(Drop::kNotForUs);
  }
  const AddressMatch match = state_.addresses.match(frame.destination(), configuration);
  if (match == AddressMatch::kNone) return state_.counters.count(Drop::kNotForUs);
  if (match != AddressMatch::kIndividual) frame.status |= kRfdNotIndividual;
  if (match == AddressMatch::kPromiscuous) frame.status |= kRfdNoAddressMatch;
  if (!frame.has_length()) frame.status |= kRfdType;
  frame.bad = frame.size > kMaxFrame && !configuration.long_receive_ok();
  if (frame.bad && !configuration.save_bad_frames()) return state_.counters.count(Drop::kMalformed);
  if (!bus_.is_allowed()) {
    count(state_.statistics.receive_overrun_errors);
    return state_.counters.count(Drop::kLinkFull);
  }
  switch (ru_state_) {
    case RuState::kReady:
      return take(frame);
    case RuState::kIdle:
      return state_.counters.count(Drop::kLinkFull);
    case RuState::kSuspended:
    case RuState::kNoResources:
      return drop_for_resources();
  }
}

std::size_t ReceiveUnit::room_of(const ReceiveFrameDescriptor& descriptor) const {
  const bool with_header = (descriptor.command & kRfdH) != 0 && has_header_size_;
  return (descriptor.size & kCountBits) + (with_header ? header_size_ : std::size_t{0});
}

bool ReceiveUnit::takes(unsigned frames) {
  if (!bus_.is_allowed() || ru_state_ == RuState::kIdle) return true;
  if (ru_state_ != RuState::kReady) return false;
  // A list may be a ring, so that it has no end. Those who have so many give them one by one.
  constexpr unsigned kMostLookedAt = 256;
  if (frames > kMostLookedAt) return false;
  std::uint32_t at = rfd_;
  for (unsigned i = 0; i < frames; ++i) {
    const auto descriptor = bus_.load<ReceiveFrameDescriptor>(at);
    // Whether it can be used is found out when a frame is there for it.
    if (!descriptor) return true;
    // The driver is about to change it.
    if (room_of(*descriptor) == 0) return false;
    if ((descriptor->command & (kRfdEl | kRfdS)) != 0) return i + 1 == frames;
    at = base_ + descriptor->link;
  }
  return true;
}

void ReceiveUnit::take(Frame& frame) {
  const auto descriptor = bus_.load<ReceiveFrameDescriptor>(rfd_);
  if (!descriptor) {
    leave_ready(RuState::kNoResources);
    return drop_for_resources();
  }
  const std::size_t room = room_of(*descriptor);
  if (room == 0) {
    if ((descriptor->command & kRfdEl) != 0) leave_ready(RuState::kNoResources);
    return drop_for_resources();
  }
  const Configuration& configuration = state_.configuration;
  // On a wire there is no shorter one.
  if (frame.size < kPadding.size()) frame.add(Bytes(kPadding).subspan(frame.size));
  if (configuration.stripping() && frame.has_length()) {
    frame.cut(EthernetHeader::kSize + frame.type());
  }
  if (configuration.receive_checksum()) frame.compute_checksum();
  if (configuration.receive_crc_transfer()) frame.add_check_sequence();
  if (configuration.receive_checksum()) frame.add(frame.checksum);
  if (!fill(*descriptor, frame, std::min({room, frame.size, std::size_t{kCountBits}}))) {
    // The descriptor is used again.
    count(state_.statistics.receive_overrun_errors);
    return state_.counters.count(Drop::kLinkFull);
  }
  std::uint8_t causes = kFr;
  const bool known_length = frame.has_length() || (configuration.type_enable() &&
                                                   (frame.type() == kIpv4 || frame.type() == kIpx));
  if (early_interrupt_ != 0 && known_length) causes |= kEr;
  state_.interrupts.raise(causes);
  rfd_ = base_ + descriptor->link;
  if ((descriptor->command & kRfdEl) != 0) {
    leave_ready(RuState::kNoResources);
  } else if ((descriptor->command & kRfdS) != 0) {
    leave_ready(RuState::kSuspended);
  }
}

// Writes `size` bytes of the frame, how many they are and last its status.
bool ReceiveUnit::fill(const ReceiveFrameDescriptor& descriptor, const Frame& frame,
                       std::size_t size) {
  std::uint32_t at = rfd_ + sizeof descriptor;
  std::size_t left = size;
  for (const Bytes piece : frame.pieces) {
    const Bytes part = piece.first(std::min(piece.size(), left));
    if (!part.empty() && !bus_.write(at, part)) return false;
    at += static_cast<std::uint32_t>(part.size());
    left -= part.size();
  }
  const bool whole = size == frame.size;
  auto status = static_cast<std::uint16_t>(frame.status | kRfdC);
  if (!whole) {
    status |= kRfdNoBuffer;
    count(state_.statistics.receive_resource_errors);
    state_.counters.count(Drop::kLinkFull);
  } else if (!frame.bad) {
    status |= kRfdOk;
    count(state_.statistics.receive_good);
  }
  const auto actual = static_cast<std::uint16_t>(size | kRfdEof | kRfdF);
  return bus_.store(rfd_ + offsetof(ReceiveFrameDescriptor, actual_count), Little16(actual)) &&
         bus_.store(rfd_ + offsetof(ReceiveFrameDescriptor, status), Little16(status));
}

void ReceiveUnit::leave_ready(RuState state) {
  ru_state_ = state;
  state_.interrupts.raise(kRnr);
}

void ReceiveUnit::drop_for_resources() {
  count(state_.statistics.receive_resource_errors);
  state_.counters.count(Drop::kLinkFull);
}

}  // namespace sluice::i82559c
