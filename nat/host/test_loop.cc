#include "nat/host/test_loop.h"

#include <poll.h>

#include "nat/host/clock.h"

namespace sluice::testing {

bool wait_readable(int descriptor, std::chrono::milliseconds patience) {
  pollfd waiting{.fd = descriptor, .events = POLLIN};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
}

Token token(std::uint32_t index) {
  return {.kind = Token::Kind::kTcp, .service = 0, .generation = 7, .index = index};
}

bool TestLoop::run_until(const std::function<bool()>& done) {
  const Time end = monotonic_now() + kPatience;
  while (!done()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - monotonic_now());
    if (left.count() <= 0) return false;
    for (const HostEvent& event : host_.events(queue_.fetch(left))) {
      if (event.token != token(event.token.index)) return false;
      ++events_;
      Readiness& readiness = seen_[event.token.index];
      readiness.readable |= event.ready.readable;
      readiness.writable |= event.ready.writable;
      readiness.error |= event.ready.error;
    }
  }
  return true;
}

bool TestLoop::wait_readable(std::uint32_t index) {
  return wait_and_take(index, &Readiness::readable);
}
bool TestLoop::wait_writable(std::uint32_t index) {
  return wait_and_take(index, &Readiness::writable);
}
bool TestLoop::wait_error(std::uint32_t index) {
  return wait_and_take(index, &Readiness::error);
}

bool TestLoop::wait_and_take(std::uint32_t index, bool Readiness::*kind) {
  if (!run_until([&] { return seen_[index].*kind; })) return false;
  seen_[index].*kind = false;
  return true;
}

}  // namespace sluice::testing
