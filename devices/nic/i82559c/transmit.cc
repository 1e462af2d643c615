#include "devices/nic/i82559c/transmit.h"

#include <algorithm>

#include "devices/nic/i82559c/registers.h"
#include "stack/wire/ethernet.h"

namespace sluice::i82559c {
namespace {

constexpr std::uint32_t kNoArray = 0xffffffff;
constexpr std::uint32_t kLastBuffer = 1U << 16;
// As many as a TBD number tells, and then the last one tells instead, where that is configured.
constexpr unsigned kUntold = 0xff;
constexpr unsigned kExtendedBuffers = 2;
constexpr std::size_t kCheckSequence = 4;
constexpr std::size_t kSourceOffset = 6;

constexpr std::uint32_t kTbdSize = sizeof(TransmitBufferDescriptor);
constexpr std::uint32_t kBlockSize = sizeof(CommandBlock) + sizeof(TransmitCommandBlock);

// Where a frame's pieces are put one behind the other.
class Gathering {
 public:
  Gathering(BusMaster& bus, MutableBytes into) : bus_(bus), into_(into) {}

  // False if the piece has no room or can't be read.
  bool add(std::uint32_t address, std::size_t size) {
    if (size == 0) return true;
    if (size > into_.size() - used_ || !bus_.read(address, into_.subspan(used_, size)))
      return false;
    used_ += size;
    return true;
  }
  std::size_t size() const { return used_; }

 private:
  BusMaster& bus_;
  MutableBytes into_;
  std::size_t used_ = 0;
};

}  // namespace

std::optional<std::size_t> read_frame(BusMaster& bus, const Configuration& configuration,
                                      std::uint32_t address, std::uint16_t command,
                                      MutableBytes into) {
  const auto block = bus.load<TransmitCommandBlock>(address + sizeof(CommandBlock));
  if (!block) return std::nullopt;
  const bool flexible = (command & kCbSf) != 0;
  const unsigned own = flexible && !configuration.standard_tcb() ? kExtendedBuffers : 0;

  Gathering frame(bus, into);
  if (!frame.add(address + kBlockSize + own * kTbdSize, block->byte_count & kCountBits)) {
    return std::nullopt;
  }
  if (!flexible) return frame.size();

  const bool untold = configuration.dynamic_tbd() && block->tbd_number == kUntold;
  const unsigned number = block->tbd_array == kNoArray && !untold
                              ? std::min<unsigned>(block->tbd_number, own)
                              : block->tbd_number;
  for (unsigned i = 0; i < number; ++i) {
    const std::uint32_t at =
        i < own ? address + kBlockSize + i * kTbdSize : block->tbd_array + (i - own) * kTbdSize;
    const auto buffer = bus.load<TransmitBufferDescriptor>(at);
    if (!buffer) return std::nullopt;
    // A driver that has not yet said where the next one is.
    if (untold && buffer->address == 0) break;
    if (!frame.add(buffer->address, buffer->size & kCountBits)) return std::nullopt;
    if ((buffer->size & kLastBuffer) != 0) break;
  }
  return frame.size();
}

std::size_t finish_frame(const Configuration& configuration, const MacAddress& individual,
                         std::uint16_t command, MutableBytes frame, std::size_t size) {
  const bool finished = (command & kCbNc) != 0;
  if (finished) return size - std::min(size, kCheckSequence);
  if (configuration.inserts_source_address() && size >= EthernetHeader::kSize) {
    copy_bytes(individual.octets(), frame.subspan(kSourceOffset));
  }
  if (!configuration.padding() || size >= EthernetHeader::kMinFrame) return size;
  std::fill(frame.begin() + static_cast<std::ptrdiff_t>(size),
            frame.begin() + EthernetHeader::kMinFrame, std::uint8_t{0});
  return EthernetHeader::kMinFrame;
}

}  // namespace sluice::i82559c
