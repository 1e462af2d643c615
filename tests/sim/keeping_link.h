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

  // What has been flushed since the last call.
  std::vector<Kept> take();

  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

 private:
  struct Committed {
    Octets header;
    std::vector<Bytes> payload;  // not copied before flush(): that is the port's contract
    Offload offload;
  };

  LinkCapabilities capabilities_;
  Octets room_;
  std::vector<Committed> committed_;
  std::vector<Kept> flushed_;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_KEEPING_LINK_H_
