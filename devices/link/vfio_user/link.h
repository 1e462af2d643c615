// A link whose guest has a network card of ours in its machine: the machine, QEMU for instance,
// reaches the card's registers by vfio-user, and the card the machine's memory.
//
// It listens for a machine, one at a time; the next one may come when that has gone. The card stays
// as it is meanwhile, without memory and interrupts, as the protocol wants it: a machine that
// starts resets it.
//
// What finds no room in the guest's memory waits here, already cut into frames, until the driver
// has made some. Most drivers tell a register of that; since some might not, it is looked at now
// and then as well.
//
// A machine does not wait for its writes to have an effect. A driver that has said "I go and look"
// may have looked before we hear of it, and miss what came in between, which its write then makes
// the card forget. So whatever is on its way while frames are delivered, is followed by a reminder.
//
// All that the card does happens in receive(), where what the machine asks for is done in its order
// and deadlines of the card are met, or on the way of a frame to the guest, which is written into
// the guest's memory at once. A machine that breaks the rules is lost, with a message that says
// why.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_LINK_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_LINK_H_

#include <functional>
#include <memory>
#include <string>

#include "devices/link/frame_stream.h"
#include "devices/link/guest_link.h"
#include "devices/link/poll_set.h"
#include "devices/link/stream_peer.h"
#include "devices/link/vfio_user/connection.h"
#include "devices/link/vfio_user/device.h"
#include "devices/link/vfio_user/interrupts.h"
#include "devices/link/vfio_user/memory.h"
#include "devices/nic/nic.h"

namespace sluice {

class VfioUserLink final : public GuestLink {
 public:
  // Makes a card that is plugged into this slot, which outlives it.
  using MakeNic = std::function<std::unique_ptr<Nic>(PciSlot&)>;

  // Listens at `path`. The process ignores SIGPIPE. Throws std::system_error.
  VfioUserLink(const std::string& path, const MakeNic& make_nic, std::function<Time()> clock,
               StreamPeer::Tell tell);
  VfioUserLink(const VfioUserLink&) = delete;
  VfioUserLink& operator=(const VfioUserLink&) = delete;

  int descriptor() const override { return polls_.descriptor(); }
  gsl::span<const Frame> receive() override;
  bool more() const override { return more_; }
  bool closed() const override { return peer_.gone(); }
  const Counters& counters() const override;
  void set_link(bool up) override;

  LinkCapabilities capabilities() const override { return nic_->capabilities(); }
  MutableBytes reserve(std::size_t size) override;
  // What is sent while there is no machine, or too much waits, is counted as Drop::kLinkFull.
  bool has_room(const MacAddress& to) const override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

 private:
  class Slot final : public PciSlot {
   public:
    Slot(vfio_user::Memory& memory, vfio_user::Interrupts& interrupts)
        : memory_(memory), interrupts_(interrupts) {}
    GuestMemory& memory() override { return memory_; }
    void set_interrupt(bool asserted) override { interrupts_.set_level(asserted); }
    void send_message(unsigned vector) override { interrupts_.send(vector); }
    // A machine has it, as VFIO would have it, and takes messages that are masked for pending.
    bool has_message_table() const override { return true; }

   private:
    vfio_user::Memory& memory_;
    vfio_user::Interrupts& interrupts_;
  };

  // So much may wait before flows are asked to do so: what a 100 Mbit/s card takes in 10 ms.
  static constexpr std::size_t kEnough = std::size_t{128} << 10;

  void take_events();
  void serve(Time now);
  // Hands the card what waits, as far as it takes it.
  void deliver(Time now);
  // Frames have been delivered.
  void tell();
  // Loses a machine that is of no use any more.
  void check();
  // Sets the timer to when receive() is to be called next, if nothing happens before.
  void wait_for_deadline(Time now);

  const std::function<Time()> clock_;
  PollSet polls_;
  Descriptor timer_;
  std::optional<Time> timer_at_;
  StreamPeer peer_;
  vfio_user::Connection connection_;
  vfio_user::Memory memory_{connection_};
  vfio_user::Interrupts interrupts_;
  Slot slot_{memory_, interrupts_};
  const std::unique_ptr<Nic> nic_;
  vfio_user::Device device_;
  vfio_user::Device::Payload answer_;
  Counters own_;
  mutable Counters counters_;
  FrameStreamWriter waiting_;
  MutableBytes room_;           // the card's own, where the frame is built that is committed next
  bool may_be_missed_ = false;  // frames that were delivered before what has been sent is served
  bool waited_ = false;         // the timer has gone off
  bool in_batch_ = false;       // the card has been told the time for the frames that it is given
  mutable bool lacks_room_ = false;  // somebody was told that the card has none
  bool more_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_VFIO_USER_LINK_H_
