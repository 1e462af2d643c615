// How the 82540EM sends (sections 3.3 to 3.6 and 9.2).
//
// Software fills a ring of descriptors and moves its tail; the card works from the head to the
// tail, gathers the data of one packet until a descriptor says that it ends there, and writes
// "done" into those descriptors that ask for it. Each descriptor is read once. What it points to is
// copied straight to where the frame will leave from.
//
// A packet that is to be cut into segments begins with their header. The header is kept, and the
// payload gathered behind a copy of it: as much as one IP packet holds, if others can cut it, or
// one segment otherwise. When there is no room for more, that leaves, and gathering goes on behind
// the next copy. So neither the length of a packet nor the number of its segments is bounded by
// memory.
//
// Work stops after so many descriptors or bytes, or when there is no room for a frame. It goes on
// where it was, in the midst of a descriptor too. A packet that is too long, or whose data can't be
// read, is passed over; a ring that can't be read stands still until software moves its tail again.

#ifndef SLUICE_DEVICES_NIC_E1000_TRANSMIT_H_
#define SLUICE_DEVICES_NIC_E1000_TRANSMIT_H_

#include <array>
#include <optional>

#include "devices/nic/e1000/descriptors.h"
#include "devices/nic/e1000/register_file.h"
#include "devices/nic/e1000/statistics.h"
#include "devices/nic/e1000/transmit_offload.h"
#include "devices/nic/frame_batch.h"
#include "devices/nic/guest_memory.h"
#include "stack/counters.h"

namespace sluice::e1000 {

class Transmitter {
 public:
  // The longest packet, and the longest segment (section 3.3.3: the FIFO holds it).
  static constexpr std::size_t kMaxPacket = 16288;
  // At most so much is done in one call.
  static constexpr unsigned kMaxDescriptors = 256;
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

  Transmitter(RegisterFile& registers, Statistics& statistics, Counters& counters)
      : registers_(registers), statistics_(statistics), counters_(counters) {}

  // What there is to be told of a call's work.
  struct Progress {
    bool reported = false;        // a descriptor that asked for it is done
    bool reported_later = false;  // the same, and it may be told later
    bool emptied = false;         // the head has reached the tail
    bool low = false;             // fewer descriptors are left than TXDCTL says
  };
  // `whole`: packets that are to be cut may leave in one piece.
  Progress run(GuestMemory& memory, bool whole);
  // There is something to do, and room for it.
  bool pending() const;

  // The tail has been moved.
  void kick() { stalled_ = false; }
  // Forgets the packet that is being gathered.
  void stop();
  // And both contexts.
  void reset();
  gsl::span<const Frame> take() { return batch_.take(); }

 private:
  // One that carries data, or any other, which has none.
  struct Descriptor {
    std::uint64_t place = 0;  // where it lies
    std::uint64_t address = 0;
    std::size_t left = 0;  // bytes not gathered yet
    std::uint8_t command = 0;
    bool has_data = false;
    std::uint16_t special = 0;
  };
  // The one that is being gathered.
  struct Packet {
    bool open = false;    // there is one
    bool broken = false;  // and it will not be sent
    bool segmented = false;
    bool has_header = false;  // and the header of its segments is complete
    bool whole = false;       // and several may leave as one
    std::uint8_t popts = 0;
    Context context;
    std::optional<SumPlace> legacy_sum;
    std::optional<std::uint16_t> tag;
    std::size_t capacity = 0;           // what may be gathered before something leaves
    std::size_t size = 0;               // bytes gathered
    const std::uint8_t* at = nullptr;   // where they are
    std::uint32_t payload_before = 0;   // bytes that have left
    std::uint32_t segments_before = 0;  // in so many segments
  };

  std::uint32_t left() const;
  bool fetch(GuestMemory& memory);
  void on_context(const Raw& raw);
  void begin_legacy(const Raw& raw);
  void begin_data(const Raw& raw);
  // False: there was no room for all of the descriptor's data, or enough was done.
  bool gather(GuestMemory& memory);
  void begin_payload();
  MutableBytes room();
  bool tagged() const;
  void finish(GuestMemory& memory, Progress& progress);
  void end_packet();
  void emit(bool last);
  void count(Bytes frame, std::uint32_t segments);

  RegisterFile& registers_;
  Statistics& statistics_;
  Counters& counters_;
  FrameBatch batch_;
  std::optional<Descriptor> descriptor_;
  Packet packet_;
  std::array<Context, 2> contexts_;         // the normal one, and that of segmentation
  std::array<std::uint8_t, 256> header_{};  // of segments
  std::size_t bytes_ = 0;                   // that may still be read in this call
  bool whole_ = true;
  bool stalled_ = false;
};

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_TRANSMIT_H_
