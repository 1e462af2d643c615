// A link that counts what it is given for the guest and forgets it: what a benchmark measures is
// the stack, not who keeps its frames. The headers of the last frame stay to be read, since a guest
// acknowledges what they say.

#ifndef SLUICE_TESTS_BENCH_COUNTING_LINK_H_
#define SLUICE_TESTS_BENCH_COUNTING_LINK_H_

#include <cstdint>
#include <vector>

#include "stack/link.h"

namespace sluice {

class CountingLink final : public Link {
 public:
  explicit CountingLink(const LinkCapabilities& capabilities) : capabilities_(capabilities) {}

  std::uint64_t frames() const { return frames_; }
  std::uint64_t bytes() const { return bytes_; }
  // Of the last frame: what was built in the link's room, a little payload included, and how many
  // bytes were behind it.
  Bytes last_headers() const { return Bytes(room_).first(last_headers_); }
  std::size_t last_payload() const { return last_payload_; }

  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override { return MutableBytes(room_).first(size); }
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override {
    static_cast<void>(offload);
    last_headers_ = size;
    last_payload_ = total_size(payload);
    ++frames_;
    bytes_ += size + last_payload_;
  }
  void flush() override {}

 private:
  LinkCapabilities capabilities_;
  std::vector<std::uint8_t> room_ = std::vector<std::uint8_t>(kMaxReserve);
  std::size_t last_headers_ = 0;
  std::size_t last_payload_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_BENCH_COUNTING_LINK_H_
