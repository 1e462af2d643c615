// The interrupts of a card behind vfio-user: eventfds that the machine has sent.
//
// The line (INTx) is a level, an eventfd is not: it is signalled when the line is raised, and the
// line is masked from then on, until the machine unmasks it, which it does when the guest has done
// something about it. If the line is still raised then, it is signalled again. So one interrupt
// costs one signal, however often the line changes meanwhile.
//
// The machine unmasks by a message, or by an eventfd that it gives for that. The latter is waited
// for but never read: waiting for changes hears of each signal.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_INTERRUPTS_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_INTERRUPTS_H_

#include <array>
#include <cstdint>
#include <vector>

#include <gsl/span>

#include "devices/link/poll_set.h"
#include "devices/link/vfio_user/message.h"
#include "posix/descriptor.h"
#include "posix/doorbell.h"

namespace sluice::vfio_user {

class Interrupts {
 public:
  enum Index : std::uint32_t { kLine, kMsi, kMsiX, kError, kRequest, kCount };

  // Adds what is to be waited for to `polls`, under `number`.
  Interrupts(PollSet& polls, std::uint64_t number) : polls_(polls), number_(number) {}
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // How many messages the card has, of MSI and of MSI-X.
  void set_messages(std::uint32_t msi, std::uint32_t msi_x);
  std::uint32_t count(std::uint32_t index) const;

  // Does what a message asks for. `flags` of the data that follows are one byte each. An errno, or
  // 0.
  int set(const IrqSet& what, Bytes flags, gsl::span<Descriptor> descriptors);
  // The descriptor that is waited for has been signalled.
  void on_unmask() { unmask(); }

  // The level of the line.
  void set_level(bool asserted);
  // A message of MSI-X if the machine has asked for those, of MSI otherwise.
  void send(unsigned vector);
  // Nobody wants to hear of anything any more. The level stays.
  void reset();

 private:
  int bind(const IrqSet& what, gsl::span<Descriptor> descriptors);
  void act(std::uint32_t action, std::uint32_t index, std::uint32_t vector);
  void unmask();
  void forget_unmask();
  void tell_line();

  PollSet& polls_;
  const std::uint64_t number_;
  std::array<std::vector<Doorbell>, kCount> triggers_{std::vector<Doorbell>(1)};
  Doorbell unmask_;
  bool level_ = false;
  bool masked_ = false;
};

}  // namespace sluice::vfio_user

#endif  // SLUICE_DEVICES_LINK_VFIO_USER_INTERRUPTS_H_
