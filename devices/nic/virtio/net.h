// The virtio network device (virtio 1.2, section 5.1), from its queues inwards: how a driver finds
// and configures it is the business of whoever owns it.
//
// Queue 2i hands frames to the driver and queue 2i + 1 takes them from it, for each pair i; behind
// the pairs that were agreed on there is one for commands. Frames for the guest leave by the first
// pair: the device is one thread, and has no use for several. What the guest's driver does not take
// over, checksums and segments, is done here.
//
// A queue is looked at in each receive() until it is found empty; only then is the driver asked to
// tell of more. So as long as frames keep coming nobody is woken for them.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "devices/nic/virtio/net_control.h"
#include "devices/nic/virtio/net_filter.h"
#include "devices/nic/virtio/net_receive.h"
#include "devices/nic/virtio/net_transmit.h"
#include "devices/nic/virtio/queue.h"
#include "stack/address.h"
#include "stack/counters.h"
#include "stack/link.h"

namespace sluice {

// What the device is reached through.
class VirtioTransport {
 public:
  virtual ~VirtioTransport() = default;

  virtual SharedMemory& memory() = 0;
  // The driver has something to see in a queue.
  virtual void interrupt(unsigned queue) = 0;
  // A queue makes no sense, and nothing is taken from it any more.
  virtual void on_broken(unsigned queue) = 0;
};

struct VirtioNetOptions {
  std::optional<MacAddress> mac;  // nullopt: the driver has one
  std::uint16_t mtu = 0;          // told to the driver, if not 0
  std::uint16_t pairs = 1;        // of queues, at most kMaxPairs
  // There is a queue for them also with one pair, and frames that a driver does not want are
  // filtered away. Not where drivers come and go without a reset(), as over vhost-user: the next
  // one would miss what the last did not want. There they are acknowledged only.
  bool commands = false;
  // What follows a frame's headers stays in the guest's memory, which then stays until receive() is
  // called again.
  bool in_place = false;
};

class VirtioNet final : public Link {
 public:
  static constexpr std::uint16_t kMaxPairs = 8;
  static constexpr unsigned kMaxQueues = 2 * kMaxPairs + 1;

  // `transport` outlives it.
  VirtioNet(const VirtioNetOptions& options, VirtioTransport& transport);
  VirtioNet(const VirtioNet&) = delete;
  VirtioNet& operator=(const VirtioNet&) = delete;

  // As after power on: no features, and no queue runs.
  void reset();
  std::uint64_t offered_features() const;
  // Those that driver and device both have.
  void set_features(std::uint64_t features);
  std::uint64_t features() const { return features_; }
  // The configuration space from `offset` on; zeros behind its end.
  void read_config(std::size_t offset, MutableBytes into) const;
  // Sets an octet of the device's own address, as drivers do by the configuration space that have
  // no command for it (section 5.1.6.5.2.3). Of no effect for others, or behind the address.
  void write_address(std::size_t offset, std::uint8_t octet);
  const std::optional<MacAddress>& address() const { return filter_.station(); }
  // What the configuration space says of the cable.
  void set_link(bool up) { link_up_ = up; }

  // How large the areas of a queue with so many places are by the features, in bytes.
  struct AreaSizes {
    std::size_t descriptors;
    std::size_t driver;
    std::size_t device;
  };
  AreaSizes area_sizes(std::uint16_t size) const;
  bool has_packed_queues() const;
  // Lets a queue run from `at` on, or from where `inflight` says if it is not empty, which is as
  // SplitInflight::restore() wants it and outlives the running. False if the areas are not what the
  // features ask for, or what is in flight makes no sense.
  bool start(unsigned queue, const VirtioQueue::Areas& areas, VirtioQueue::Position at,
             MutableBytes inflight = {});
  // Where it stopped, if it ran. The driver sees all that has been done.
  std::optional<VirtioQueue::Position> stop(unsigned queue);
  // The same of a queue whose memory may be gone, which is not touched any more; what the driver
  // has not seen by then it never will.
  std::optional<VirtioQueue::Position> abandon(unsigned queue);
  bool runs(unsigned queue) const { return queue < kMaxQueues && queues_.at(queue).ring; }
  // One that runs moves nothing until it is enabled.
  void enable(unsigned queue, bool enabled);

  // Frames that the guest has sent. They stay until the next call.
  gsl::span<const Frame> receive();
  // There may be more, of which nobody will tell.
  bool more() const { return more_; }

  // Everything is taken over: what the driver does not, the device does.
  LinkCapabilities capabilities() const override;
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  // False while the guest has left few buffers. When there are more, there is something to
  // receive(), though it be no frame.
  bool has_room(const MacAddress& to) const override;
  // The same, and whether there is a buffer for each of so many frames.
  bool has_room_for(unsigned frames) const;
  void flush() override;
  const Counters& counters() const { return counters_; }

 private:
  struct Queue {
    std::unique_ptr<VirtioQueue> ring;
    bool enabled = false;
    bool broken_told = false;
    bool heard = false;                // the driver tells of new chains
    VirtioNetTransmitter::Names used;  // whose frames have been given out

    bool is_usable() const { return ring && enabled && !ring->is_broken(); }
  };

  // Where frames for the guest go; null if they can't.
  VirtioQueue* outlet() const;
  bool has(std::uint64_t feature) const { return (features_ & feature) != 0; }
  // The number of the queue for commands, if there is one.
  std::optional<unsigned> control_queue() const;
  // Those from which something is taken, one after the other.
  template <typename Visit>
  void for_each_inlet(Visit visit);
  bool takes(Segmentation segmentation) const;
  // Puts a frame into the queue. The guest sees it before all of a batch is there, if that is much.
  void send(Bytes head, gsl::span<const Bytes> payload, const Offload& offload);
  void show(unsigned queue);
  void tell_if_broken(unsigned queue);
  // Completes what has been taken from a queue.
  static void give_back(Queue& queue);

  const VirtioNetOptions options_;
  VirtioTransport& transport_;
  std::uint64_t features_ = 0;
  VirtioNetReceiver::Form form_;
  std::array<Queue, kMaxQueues> queues_;
  Counters counters_;
  VirtioNetTransmitter transmitter_;
  // What it finds out about the queue is no change.
  mutable VirtioNetReceiver receiver_;
  mutable bool wants_room_ = false;  // somebody waits for it
  std::size_t unseen_ = 0;           // bytes that the guest has not been shown
  VirtioNetFilter filter_;
  VirtioNetControl control_;
  std::unique_ptr<std::uint8_t[]> output_;
  std::unique_ptr<std::uint8_t[]> segment_;
  std::size_t reserved_ = 0;
  bool more_ = false;
  bool link_up_ = true;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_H_
