// How the 82540EM receives (section 3.2).
//
// Software fills a ring with the addresses of empty buffers and moves its tail. A frame that passes
// the filters goes into as many buffers as it takes, all or nothing, and the card writes into each
// descriptor how much is there, and into the last one what it found out about the frame. Each
// descriptor is read once; only its second half is written.
//
// A real card keeps what finds no buffer in its FIFO for a while. Here it is lost at once, and
// counted where the card counts what its FIFO had no room for. Of the frame check sequence, which
// drivers that don't have it stripped cut off unread, there are only zeros.

#ifndef SLUICE_DEVICES_NIC_E1000_RECEIVE_H_
#define SLUICE_DEVICES_NIC_E1000_RECEIVE_H_

#include <cstdint>
#include <optional>

#include "devices/nic/e1000/descriptors.h"
#include "devices/nic/e1000/register_file.h"
#include "devices/nic/e1000/statistics.h"
#include "devices/nic/guest_memory.h"
#include "stack/counters.h"

namespace sluice::e1000 {

class Receiver {
 public:
  // The longest frame, with its frame check sequence (section 13.4.22).
  static constexpr std::size_t kMaxFrame = 16384;
  // Bytes behind a frame's own that receive() may write to.
  static constexpr std::size_t kSpare = 64;

  Receiver(RegisterFile& registers, Statistics& statistics, Counters& counters)
      : registers_(registers), statistics_(statistics), counters_(counters) {}

  // As Nic::takes().
  bool takes(unsigned frames) const;
  bool enabled() const { return registers_.has(kRctl, kRctlEn); }

  // What has happened since it was asked last.
  struct Progress {
    bool received = false;
    bool small = false;    // and something not longer than RSRPD says
    bool low = false;      // fewer descriptors are left than RCTL.RDMTS says
    bool overrun = false;  // a frame found no buffers
  };
  // A frame of `size` bytes at the start of `buffer`, which has kSpare more; all may be changed.
  // `verified`: its transport's checksum holds.
  void receive(GuestMemory& memory, MutableBytes buffer, std::size_t size, bool verified);
  Progress take_progress();

 private:
  std::uint32_t count() const { return registers_[kRdlen] / kDescriptorSize; }
  std::uint32_t free() const;
  std::size_t buffer_size() const;
  // What goes into memory of an accepted frame, and into its last descriptor.
  Bytes prepare(MutableBytes buffer, std::size_t size, std::optional<std::uint16_t> tag,
                bool verified, ReceiveDescriptor::WriteBack& last) const;
  void store(GuestMemory& memory, Bytes data, ReceiveDescriptor::WriteBack last);
  // False: the ring can't be read.
  bool store_piece(GuestMemory& memory, Bytes piece, ReceiveDescriptor::WriteBack& write_back);
  void miss();

  RegisterFile& registers_;
  Statistics& statistics_;
  Counters& counters_;
  Progress progress_;
};

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_RECEIVE_H_
