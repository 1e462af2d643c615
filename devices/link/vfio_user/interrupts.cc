#include "devices/link/vfio_user/interrupts.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::vfio_user {
void Interrupts::set_messages(std::uint32_t msi, std::uint32_t msi_x) {
  triggers_[kMsi] = std::vector<Doorbell>(msi);
  triggers_[kMsiX] = std::vector<Doorbell>(msi_x);
}

std::uint32_t Interrupts::count(std::uint32_t index) const {
  return index < kCount ? static_cast<std::uint32_t>(triggers_.at(index).size()) : 0;
}

int Interrupts::set(const IrqSet& what, Bytes flags, gsl::span<Descriptor> descriptors) {
  const std::uint32_t data = what.flags & IrqSet::kData;
  const std::uint32_t action = what.flags & IrqSet::kAction;
  const std::uint32_t count = this->count(what.index);
  if (what.index >= kCount || what.start > count || what.count > count - what.start) return EINVAL;
  if (what.flags != (data | action)) return EINVAL;
  if (data == IrqSet::kDataEventFd) return bind(what, descriptors);
  if (action != IrqSet::kTrigger && what.index != kLine) return ENOTTY;
  if (data == IrqSet::kDataNone && action == IrqSet::kTrigger && what.count == 0) {
    for (Doorbell& trigger : triggers_.at(what.index)) trigger.reset();
    if (what.index == kLine) forget_unmask();
    return 0;
  }
  if (data == IrqSet::kDataBool && flags.size() < what.count) return EINVAL;
  if (data != IrqSet::kDataBool && data != IrqSet::kDataNone) return EINVAL;
  if (action != IrqSet::kTrigger && action != IrqSet::kMask && action != IrqSet::kUnmask) {
    return EINVAL;
  }
  for (std::uint32_t i = 0; i < what.count; ++i) {
    if (data == IrqSet::kDataNone || flags[i] != 0) act(action, what.index, what.start + i);
  }
  return 0;
}

int Interrupts::bind(const IrqSet& what, gsl::span<Descriptor> descriptors) {
  const std::uint32_t action = what.flags & IrqSet::kAction;
  const bool unmasks = action == IrqSet::kUnmask && what.index == kLine;
  if (action != IrqSet::kTrigger && !unmasks) return ENOTTY;
  if (descriptors.size() > what.count) return EINVAL;
  std::vector<Doorbell> bells;
  for (Descriptor& each : descriptors) {
    auto bell = Doorbell::over(std::move(each));
    if (!bell) return EBADF;
    bells.push_back(*std::move(bell));
  }
  if (unmasks) {
    forget_unmask();
    if (bells.empty()) return 0;
    try {
      polls_.add(bells[0].descriptor(), EPOLLIN | EPOLLET, number_);
    } catch (const std::system_error& error) {
      return error.code().value();
    }
    unmask_ = std::move(bells[0]);
    return 0;
  }
  std::vector<Doorbell>& triggers = triggers_.at(what.index);
  for (std::uint32_t i = 0; i < what.count; ++i) {
    triggers.at(what.start + i) = i < bells.size() ? std::move(bells[i]) : Doorbell();
  }
  if (what.index == kLine) {
    masked_ = false;
    tell_line();
  }
  return 0;
}

void Interrupts::act(std::uint32_t action, std::uint32_t index, std::uint32_t vector) {
  if (action == IrqSet::kTrigger) {
    triggers_.at(index).at(vector).ring();
  } else if (action == IrqSet::kMask) {
    masked_ = true;
  } else {
    unmask();
  }
}

void Interrupts::unmask() {
  masked_ = false;
  tell_line();
}

void Interrupts::tell_line() {
  const Doorbell& line = triggers_[kLine].front();
  if (!level_ || masked_ || !line) return;
  masked_ = true;
  line.ring();
}

void Interrupts::set_level(bool asserted) {
  level_ = asserted;
  tell_line();
}

void Interrupts::send(unsigned vector) {
  for (const Index index : {kMsiX, kMsi}) {
    const std::vector<Doorbell>& triggers = triggers_.at(index);
    if (vector >= triggers.size() || !triggers[vector]) continue;
    triggers[vector].ring();
    return;
  }
}

void Interrupts::reset() {
  for (std::vector<Doorbell>& triggers : triggers_) {
    for (Doorbell& trigger : triggers) trigger.reset();
  }
  forget_unmask();
  masked_ = false;
}

// The machine has it, too, so closing it here would not end the wait.
void Interrupts::forget_unmask() {
  if (unmask_) polls_.remove(unmask_.descriptor());
  unmask_.reset();
}

}  // namespace sluice::vfio_user
