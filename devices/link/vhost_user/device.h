// A virtio network device as the back end of vhost-user: what the front end asks for is done here.
//
// The front end tells which features were agreed on, where the guest's memory is, and for each
// queue where it lies, where it goes on, and two descriptors, by which the guest is heard and
// called. A queue runs from when it is told how it will be heard until it is asked for its
// position. All that is in messages is checked; of descriptors, what kind they are of, for waiting
// at some would last.
//
// Chains are dealt with in their order, and all of them before a queue stops, so its position is
// all there is to say of its state. Of a process that has not stopped but ended, another one learns
// what it had not given back from memory that the front end keeps, if it does.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_DEVICE_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_DEVICE_H_

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devices/link/poll_set.h"
#include "devices/link/vhost_user/announcement.h"
#include "devices/link/vhost_user/channel.h"
#include "devices/link/vhost_user/inflight.h"
#include "devices/link/vhost_user/memory.h"
#include "devices/nic/virtio/net.h"
#include "posix/doorbell.h"

namespace sluice::vhost_user {

class Device final : private VirtioTransport {
 public:
  using Payload = std::vector<std::uint8_t>;
  struct Answer {
    Payload payload;
    Descriptor beside = {};  // if there is one
  };

  // The descriptors by which guests are heard are added to `polls`, which outlives it, under
  // numbers from `first_number` on. Trouble with a queue is told to `complain`.
  Device(const VirtioNetOptions& options, PollSet& polls, std::uint64_t first_number,
         std::function<void(const std::string&)> complain);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Does what a message says, and returns what is to be answered, if anything. Throws
  // std::runtime_error, which std::system_error is, if that can't be done: the front end can't go
  // on, but things are as they were or stand still.
  std::optional<Answer> on_message(Message& message);
  // The front end has gone.
  void reset();

  VirtioNet& net() { return net_; }
  const VirtioNet& net() const { return net_; }
  // What is to be said once in the guest's place, if anything.
  std::optional<Announcement> take_announced() { return std::exchange(announced_, std::nullopt); }
  bool lost_memory() const { return memory_.is_lost() || inflight_.is_lost(); }

 private:
  // What a queue is told by, or tells by.
  struct Signal {
    unsigned queue = 0;
    Doorbell bell;
  };
  struct Queue {
    std::uint16_t size = 0;
    std::optional<VringAddress> address;
    VirtioQueue::Position position;
    Doorbell kick;
    Doorbell call;
    Doorbell error;
  };

  std::optional<Answer> answer(Message& message);
  std::optional<Payload> simple_answer(Message& message);
  void acknowledge_features(std::uint64_t features);
  void set_memory(Message& message);
  void add_memory(Message& message);
  void remove_memory(Message& message);
  void set_log(Message& message);
  Answer make_inflight(const Message& message) const;
  void set_inflight(const Message& message);
  void set_requests(Message& message);
  // What a message says of that, which was agreed on.
  InflightArea inflight_of(const Message& message) const;
  void set_address(const Message& message);
  void set_size(const Message& message);
  void set_position(const Message& message);
  Payload stop(const Message& message);
  // The position of a queue as messages have it.
  VirtioQueue::Position position_of(std::uint32_t number) const;
  std::uint32_t number_of(VirtioQueue::Position position) const;
  void enable(const Message& message);
  // Whose address a message tells.
  static MacAddress guest_of(const Message& message);
  void set_kick(Message& message);
  // The front end has it, too, so closing it here would not end the wait.
  void forget_kick(Queue& queue);
  Payload read_config(const Message& message) const;
  // The queue and the descriptor that a message is about; none if that is what it says.
  Signal take_descriptor(Message& message) const;

  // Changes the memory while no queue runs.
  template <typename Change>
  void change_memory(Change change);
  void start(unsigned queue);
  void start_if_complete(unsigned queue);
  Queue& queue_of(std::uint32_t index, Request request);

  SharedMemory& memory() override { return memory_; }
  void interrupt(unsigned queue) override;
  void on_broken(unsigned queue) override;

  // With the one for commands, if there are several pairs.
  unsigned queue_count() const { return 2U * options_.pairs + (options_.pairs > 1 ? 1U : 0U); }
  bool any_runs() const;
  bool has(ProtocolFeature feature) const { return (protocol_features_ & bit(feature)) != 0; }
  std::uint64_t offered_protocol_features() const;

  const VirtioNetOptions options_;
  PollSet& polls_;
  const std::uint64_t first_number_;
  const std::function<void(const std::string&)> complain_;
  Memory memory_;
  Inflight inflight_;
  VirtioNet net_;
  std::uint64_t features_ = 0;
  std::uint64_t protocol_features_ = 0;
  std::optional<Announcement> announced_;
  // Where the front end would take requests of ours. There are none, but User Mode Linux takes the
  // end of this for the end of the device.
  Descriptor requests_;
  std::array<Queue, VirtioNet::kMaxQueues> queues_;
};

}  // namespace sluice::vhost_user

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_DEVICE_H_
