// What a bad line does to the frames of one direction.
//
// A frame is lost or not, waits until the line has sent what is in front of it, and arrives a delay
// later. Frames keep their order, whatever the jitter, but for those that are chosen to overtake:
// they skip the delay. All chances are drawn from the seed, so a run repeats.

#ifndef SLUICE_DEVICES_LINK_IMPAIRMENT_H_
#define SLUICE_DEVICES_LINK_IMPAIRMENT_H_

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "stack/bytes.h"
#include "stack/random.h"
#include "stack/time.h"

namespace sluice {

struct Impairment {
  // Of a frame, in parts of a million.
  using Chance = std::uint32_t;
  static constexpr Chance kAlways = 1'000'000;

  std::uint64_t rate = 0;  // bits per second; 0: no limit
  Duration delay{0};
  Duration jitter{0};  // added to or taken from the delay, uniformly
  Chance loss = 0;
  Chance duplicate = 0;
  Chance reorder = 0;
  Chance corrupt = 0;                               // one bit of it is flipped
  std::size_t queue_bytes = std::size_t{16} << 20;  // held at a time; what comes then is lost
  std::uint64_t seed = 0;
};

class ImpairedQueue {
 public:
  using Frame = std::vector<std::uint8_t>;

  // Under way at most, however small they are.
  static constexpr std::size_t kMaxFrames = std::size_t{1} << 20;

  // `direction` tells apart queues that share a seed.
  ImpairedQueue(const Impairment& impairment, std::uint64_t direction);

  // A frame has come at `now`, as header and payload; they are copied.
  void push(Time now, Bytes header, gsl::span<const Bytes> payload = {});
  // The next frame that has arrived by `now`; nullopt if there is none.
  std::optional<Frame> pop(Time now);
  // When the next frame arrives; nullopt if none is under way.
  std::optional<Time> deadline() const;
  // Bytes of frames under way.
  std::size_t held_bytes() const { return held_bytes_; }
  // Frames lost so far, by chance or for want of room.
  std::uint64_t lost() const { return lost_; }

 private:
  struct UnderWay {
    Time arrival;
    std::uint64_t number;  // in order of coming, among those that arrive at once
    Frame frame;
  };
  struct Later {
    bool operator()(const UnderWay& a, const UnderWay& b) const;
  };

  bool happens(Impairment::Chance chance);
  Time arrival_of(Time now, std::size_t size);

  const Impairment impairment_;
  Random random_;
  std::priority_queue<UnderWay, std::vector<UnderWay>, Later> under_way_;
  std::size_t held_bytes_ = 0;
  Time line_free_{};     // when the line has sent all there is
  Time last_arrival_{};  // of those that keep their order
  std::uint64_t count_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_IMPAIRMENT_H_
