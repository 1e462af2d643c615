// Timers that are descriptors (timerfd_create(2)), for who waits for descriptors only.

#ifndef SLUICE_POSIX_TIMER_H_
#define SLUICE_POSIX_TIMER_H_

#include <optional>

#include "posix/descriptor.h"
#include "stack/time.h"

namespace sluice {

// Lets a timer of timerfd_create(2) go off once when so much time has passed, at once if that is
// nothing or less; never, if there is no time.
void arm_timer(const Descriptor& timer, std::optional<Duration> wait);

}  // namespace sluice

#endif  // SLUICE_POSIX_TIMER_H_
