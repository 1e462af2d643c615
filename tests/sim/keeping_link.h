// A link that keeps the frames for the guest until the test takes them.

#ifndef SLUICE_TESTS_SIM_KEEPING_LINK_H_
#define SLUICE_TESTS_SIM_KEEPING_LINK_H_

#include <vector>

#include "stack/frame.h"
#include "stack/link.h"
#include "tests/sim/octets.h"

namespace sluice {

class KeepingLink final : public Link {
 public:
  struct Kept {
    Octets frame;
    Offload offload;
  };

  explicit KeepingLink(const LinkCapabilities& capabilities) : capabilities_(capabilities) {}

  // There is room for so many frames between two calls of take(), as has_room() tells; more are
  // kept all the same.
  void set_room(std::size_t frames) { room_for_ = frames; }
  // The most frames that there have been between two calls.
  std::size_t most() const { return most_; }
  // What has been flushed since the last call.
  std::vector<Kept> take();

  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  bool has_room(const MacAddress& /*to*/) const override { return kept() < room_for_; }
  void flush() override;

 private:
  struct Committed {
    Octets header;
    std::vector<Bytes> payload;  // not copied before flush(): that is the port's contract
    Offload offload;
  };

  std::size_t kept() const { return committed_.size() + flushed_.size(); }

  LinkCapabilities capabilities_;
  std::size_t room_for_ = SIZE_MAX;
  std::size_t most_ = 0;
  Octets room_;
  std::vector<Committed> committed_;
  std::vector<Kept> flushed_;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_KEEPING_LINK_H_
