// Putting the fragments of packets together (RFC 791, section 3.2; RFC 8200, section 4.5).
//
// Each datagram of which something has come is an entry: its fragments as a sorted list of ranges
// (RFC 815's holes are what lies between them), and their payloads packed one behind the other in
// the order they came. A far fragment thus costs what it holds and no more. When the ranges cover
// everything up to the end that the last fragment told, the packet is copied together once, under
// the header of its first fragment.
//
// Fragments that overlap, unless one repeats another exactly, come from no honest sender; choosing
// which bytes win is how filters are deceived. As RFC 5722 rules for IPv6, such a datagram is
// discarded, with whatever of it is still to come: its entry stays, empty, until its time is over.
//
// Everything is bounded: entries, ranges per entry, and the bytes of all payload buffers together
// (as allocated, not as filled). When a bound is reached the oldest entry gives way. Entries are
// few, so they are searched one by one; that is cheaper than a table as long as they fit in cache.
//
// An entry lives for 30 seconds from its first fragment. RFC 791 suggests 15, RFC 1122 (section
// 3.3.2) asks for 60 to 120 for the sake of slow paths. Between a guest and us there is none, and a
// long life only lets fragments meet those of a later packet when the 16-bit identification comes
// round again (RFC 4963); 30 is what the kernels on both sides use.

#ifndef SLUICE_STACK_REASSEMBLY_H_
#define SLUICE_STACK_REASSEMBLY_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "stack/bytes.h"
#include "stack/counters.h"
#include "stack/time.h"
#include "stack/timer_wheel.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"

namespace sluice {

// One fragment of a packet of either version.
struct Fragment {
  // Views of the packet, which must be a fragment.
  explicit Fragment(const Ipv4View& view);
  explicit Fragment(const Ipv6View& view);

  IpAddress source;
  IpAddress destination;
  std::uint32_t identification;
  IpProtocol protocol;  // as it is told for this fragment
  std::size_t offset;   // bytes, a multiple of 8
  bool more;
  Bytes header;             // what is repeated in front of each fragment
  std::size_t protocol_at;  // where in it the protocol is named
  Bytes payload;

 private:
  Fragment(const Ipv4View& view, const Ipv4Header& ip);
  Fragment(const Ipv6View& view, const Ipv6Header& ip);
};

struct ReassemblyLimits {
  std::size_t datagrams = 64;
  std::size_t bytes = std::size_t{1} << 20;  // of payload buffers, all datagrams together
  std::size_t fragments = 128;               // per datagram; 64 KiB at an MTU of 576 are 119
  Duration lifetime = std::chrono::seconds(30);

  // The usual ones, and as many fragments as the largest packet takes at `mtu`.
  static ReassemblyLimits at_mtu(std::uint16_t mtu);
};

class Reassembler final : private TimerHandler {
 public:
  // `counters` and `timers` outlive this.
  Reassembler(const ReassemblyLimits& limits, Counters& counters, TimerWheel& timers);
  Reassembler(const Reassembler&) = delete;
  Reassembler& operator=(const Reassembler&) = delete;

  // Takes one fragment; its bytes are not needed after the call. Once it fills the last gap, gives
  // the whole packet, valid until the next call: the header of the first fragment, options or
  // extensions included, as if it had never been cut. What can't be used is counted: kMalformed,
  // kReassemblyOverlap, kReassemblyLimit; kReassemblyTimeout for each datagram whose rest never
  // comes. An exact repetition is ignored, silently.
  std::optional<Bytes> add(Time now, const Fragment& fragment);

  // Entries in use, and bytes of memory that their payloads take.
  std::size_t datagrams() const { return datagrams_; }
  std::size_t buffered_bytes() const { return buffered_bytes_; }

 private:
  // Which packet a fragment belongs to (RFC 791, section 2.3; RFC 8200, section 4.5, where the
  // protocol is no part of it and stays 0).
  struct Key {
    IpAddress source;
    IpAddress destination;
    std::uint32_t identification = 0;
    IpProtocol protocol{};

    friend bool operator==(const Key&, const Key&) = default;
  };

  // Bytes of a header that are kept: all of IPv4, and IPv6 with some extensions. Longer ones have
  // no use between a guest and us.
  static constexpr std::size_t kMaxHeader = 128;

  // Bytes [begin, end) of the packet's payload, which lie at `stored` in the entry's buffer.
  struct Range {
    std::uint16_t begin;
    std::uint16_t end;
    std::uint16_t stored;
  };

  struct Entry {
    enum class State : std::uint8_t { kFree, kCollecting, kDiscarded };

    State state = State::kFree;
    Drop reason{};  // why it was discarded, and why what still comes of it is
    Key key;
    Time deadline{};
    std::uint64_t serial = 0;  // in the order of arrival: the smallest is the oldest
    std::array<std::uint8_t, kMaxHeader> header{};  // of the first fragment, as if it were whole
    std::uint8_t header_size = 0;                   // 0 until the first fragment is there
    std::optional<std::uint16_t> end;   // payload bytes in all; known from the last fragment
    std::vector<Range> ranges;          // sorted, disjoint
    std::vector<std::uint8_t> payload;  // of all ranges, in the order they came
  };

  enum class Verdict : std::uint8_t { kNew, kRepeated, kConflict };

  void on_timer(Time now, Timer& timer) override;

  Entry* find(const Key& key);
  // The oldest entry that `eligible` accepts; null when there is none.
  template <typename Predicate>
  Entry* oldest(Predicate eligible);
  // A new entry, for which the oldest one gives way when there are too many.
  Entry& open(Time now, const Key& key);
  static Verdict judge(const Entry& entry, std::size_t begin, Bytes payload, bool last);
  // Keeps one range. False when a limit forbids it.
  bool keep(Entry& entry, std::size_t begin, Bytes payload);
  // Gives the entry room for `size` bytes of payload. False when the budget has none left.
  bool reserve(Entry& entry, std::size_t size);
  Bytes assemble(const Entry& entry);
  // Forgets what came and takes no more of it.
  void discard(Entry& entry, Drop reason);
  void evict(Entry& entry);
  void release_payload(Entry& entry);
  void free(Entry& entry);
  void set_timer();

  ReassemblyLimits limits_;
  Counters& counters_;
  TimerWheel& timers_;
  Timer timer_;  // set for the oldest entry, or for one that was the oldest
  std::vector<Entry> entries_;
  std::size_t datagrams_ = 0;  // entries in use
  std::size_t buffered_bytes_ = 0;
  std::uint64_t next_serial_ = 0;
  std::vector<std::uint8_t> packet_;  // what add() gave last
};

}  // namespace sluice

#endif  // SLUICE_STACK_REASSEMBLY_H_
