// The link towards the guests: frames that the program is given, one by one.
//
// They leave as they are committed or cut, from one buffer, so that a frame is still in the
// processor's nearest cache when the program copies it. What the program calls the library for
// meanwhile waits until the core is done: see instance.h.

#ifndef SLUICE_APP_LIBSLIRP_CALLBACK_LINK_H_
#define SLUICE_APP_LIBSLIRP_CALLBACK_LINK_H_

#include <vector>

#include "app/libslirp/callbacks.h"
#include "stack/link.h"
#include "stack/segmenter.h"

namespace sluice {

class CallbackLink final : public Link {
 public:
  // Outlives it.
  explicit CallbackLink(const Callbacks& callbacks) : callbacks_(callbacks) {}

  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override {}

 private:
  // The first `size` bytes of a buffer, filled up to the shortest frame.
  void send(MutableBytes room, std::size_t size);

  const Callbacks& callbacks_;
  std::vector<std::uint8_t> frame_ = std::vector<std::uint8_t>(kMaxReserve);
  std::vector<std::uint8_t> segment_ = std::vector<std::uint8_t>(kMaxReserve);
};

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_CALLBACK_LINK_H_
