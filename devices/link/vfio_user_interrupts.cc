#include "devices/link/vfio_user_interrupts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::vfio_user {
namespace {

// An eventfd is an inode of no kind, and must not let us wait when its counter is full.
bool adopt(const Descriptor& descriptor) {
  struct stat status {};
  if (::fstat(descriptor.get(), &status) < 0 || (status.st_mode & S_IFMT) != 0) return false;
  const int flags = ::fcntl(descriptor.get(), F_GETFL);
  return flags >= 0 && ::fcntl(descriptor.get(), F_SETFL, flags | O_NONBLOCK) == 0;
}

void signal(const Descriptor& event) {
  const std::uint64_t one = 1;
  // A full counter has not been looked at: its reader will wake up all the same.
  if (event) static_cast<void>(!::write(event.get(), &one, sizeof one));
}

}  // namespace

void Interrupts::set_messages(std::uint32_t msi, std::uint32_t msi_x) {
  triggers_[kMsi] = std::vector<Descriptor>(msi);
  triggers_[kMsiX] = std::vector<Descriptor>(msi_x);
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
    for (Descriptor& trigger : triggers_.at(what.index)) trigger.reset();
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
  for (const Descriptor& each : descriptors) {
    if (!adopt(each)) return EBADF;
  }
  if (unmasks) {
    forget_unmask();
    if (descriptors.empty()) return 0;
    try {
      polls_.add(descriptors[0].get(), EPOLLIN | EPOLLET, number_);
    } catch (const std::system_error& error) {
      return error.code().value();
    }
    unmask_ = std::move(descriptors[0]);
    return 0;
  }
  std::vector<Descriptor>& triggers = triggers_.at(what.index);
  for (std::uint32_t i = 0; i < what.count; ++i) {
    triggers.at(what.start + i) = i < descriptors.size() ? std::move(descriptors[i]) : Descriptor();
  }
  if (what.index == kLine) {
    masked_ = false;
    tell_line();
  }
  return 0;
}

void Interrupts::act(std::uint32_t action, std::uint32_t index, std::uint32_t vector) {
  if (action == IrqSet::kTrigger) {
    signal(triggers_.at(index).at(vector));
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
  const Descriptor& line = triggers_[kLine].front();
  if (!level_ || masked_ || !line) return;
  masked_ = true;
  signal(line);
}

void Interrupts::set_level(bool asserted) {
  level_ = asserted;
  tell_line();
}

void Interrupts::send(unsigned vector) {
  for (const Index index : {kMsiX, kMsi}) {
    const std::vector<Descriptor>& triggers = triggers_.at(index);
    if (vector >= triggers.size() || !triggers[vector]) continue;
    signal(triggers[vector]);
    return;
  }
}

void Interrupts::reset() {
  for (std::vector<Descriptor>& triggers : triggers_) {
    for (Descriptor& trigger : triggers) trigger.reset();
  }
  forget_unmask();
  masked_ = false;
}

// The machine has it, too, so closing it here would not end the wait.
void Interrupts::forget_unmask() {
  if (unmask_) polls_.remove(unmask_.get());
  unmask_.reset();
}

}  // namespace sluice::vfio_user
