#include "devices/link/recorded_link.h"

namespace sluice {

void RecordedLink::record(Time now, gsl::span<const Frame> frames) {
  now_ = now;
  for (const Frame& frame : frames) capture_.write(now, frame);
  // Not every batch is answered, so this may be its only flush.
  capture_.flush();
}

MutableBytes RecordedLink::reserve(std::size_t size) {
  room_ = inner_.reserve(size);
  return room_;
}

void RecordedLink::commit(std::size_t size, gsl::span<const Bytes> payload,
                          const Offload& offload) {
  // First, while the room is still ours to read.
  capture_.write(now_, room_.first(size), payload, offload);
  room_ = {};
  inner_.commit(size, payload, offload);
}

void RecordedLink::flush() {
  inner_.flush();
  capture_.flush();
}

}  // namespace sluice
