// What the program does for the library, as far as its config version says that it can.

#ifndef SLUICE_APP_LIBSLIRP_CALLBACKS_H_
#define SLUICE_APP_LIBSLIRP_CALLBACKS_H_

#include <cstdint>
#include <string>

#include "sluice/libslirp.h"
#include "stack/bytes.h"

namespace sluice {

class Callbacks {
 public:
  // The struct outlives it and is looked at again for each call. What must be there is there.
  Callbacks(const SlirpCb* callbacks, std::uint32_t version, void* opaque)
      : callbacks_(callbacks), version_(version), opaque_(opaque) {}

  // The program wants to hear no more. What is under way goes on in silence.
  void silence() { silenced_ = true; }
  bool is_silenced() const { return silenced_; }

  void send_packet(Bytes frame) const {
    if (!silenced_) callbacks_->send_packet(frame.data(), frame.size(), opaque_);
  }
  // When silenced, what it was last.
  std::int64_t clock() {
    if (!silenced_) clock_ = callbacks_->clock_get_ns(opaque_);
    return clock_;
  }

  void guest_error(const std::string& message) const {
    if (silenced_ || callbacks_->guest_error == nullptr) return;
    callbacks_->guest_error(message.c_str(), opaque_);
  }
  void notify() const {
    if (!silenced_ && callbacks_->notify != nullptr) callbacks_->notify(opaque_);
  }
  void init_completed(Slirp* slirp) const {
    if (version_ >= kWithInitCompleted && callbacks_->init_completed != nullptr) {
      callbacks_->init_completed(slirp, opaque_);
    }
  }
  void register_poll(int descriptor) const {
    if (version_ >= kWithPollSocket && callbacks_->register_poll_socket != nullptr) {
      callbacks_->register_poll_socket(descriptor, opaque_);
    } else if (callbacks_->register_poll_fd != nullptr) {
      callbacks_->register_poll_fd(descriptor, opaque_);
    }
  }
  void unregister_poll(int descriptor) const {
    if (version_ >= kWithPollSocket && callbacks_->unregister_poll_socket != nullptr) {
      callbacks_->unregister_poll_socket(descriptor, opaque_);
    } else if (callbacks_->unregister_poll_fd != nullptr) {
      callbacks_->unregister_poll_fd(descriptor, opaque_);
    }
  }

 private:
  static constexpr std::uint32_t kWithInitCompleted = 4;
  static constexpr std::uint32_t kWithPollSocket = 6;

  const SlirpCb* callbacks_;
  std::uint32_t version_;
  void* opaque_;
  std::int64_t clock_ = 0;
  bool silenced_ = false;
};

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_CALLBACKS_H_
