#include "devices/nic/e1000/interrupts.h"

#include <algorithm>
#include <utility>

#include "devices/nic/e1000/registers.h"

namespace sluice::e1000 {
namespace {

Duration ticks(std::uint32_t count, int nanoseconds) {
  return std::chrono::nanoseconds(std::int64_t{count} * nanoseconds);
}

}  // namespace

void Interrupts::reset() {
  causes_ = mask_ = 0;
  interval_ = {};
  last_.reset();
  line_.set(false);
}

void Interrupts::raise(Time now, std::uint32_t causes) {
  causes_ |= causes & kIcrCauses;
  update(now);
}

std::uint32_t Interrupts::take_causes() {
  const std::uint32_t causes = std::exchange(causes_, 0);
  line_.set(false);
  return causes;
}

void Interrupts::clear(std::uint32_t causes) {
  causes_ &= ~causes;
  if (!wanted()) line_.set(false);
}

void Interrupts::enable(Time now, std::uint32_t causes) {
  mask_ |= causes & kIcrCauses;
  update(now);
}

void Interrupts::disable(std::uint32_t causes) {
  mask_ &= ~causes;
  if (!wanted()) line_.set(false);
}

void Interrupts::set_interval(Time now, std::uint32_t interval) {
  interval_ = ticks(interval, 256);
  update(now);
}

std::optional<Time> Interrupts::deadline() const {
  if (!wanted() || line_.pending() || !last_) return std::nullopt;
  return *last_ + interval_;
}

void Interrupts::update(Time now) {
  if (!wanted() || line_.pending()) return;
  if (last_ && now < *last_ + interval_) return;
  last_ = now;
  line_.set(true);
}

bool DelayTimer::start(Time now, std::uint32_t packet, std::uint32_t absolute) {
  if (packet == 0) {
    flush();
    return true;
  }
  if (!limit_) limit_ = absolute == 0 ? Time::max() : now + ticks(absolute, 1024);
  deadline_ = std::min(now + ticks(packet, 1024), *limit_);
  return false;
}

bool DelayTimer::expire(Time now) {
  return deadline_ && now >= *deadline_ && flush();
}

bool DelayTimer::flush() {
  const bool pending = deadline_.has_value();
  deadline_.reset();
  limit_.reset();
  return pending;
}

}  // namespace sluice::e1000
