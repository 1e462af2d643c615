// What a device has taken from a virtqueue and not given back, kept where it outlives the process
// (vhost-user, "Inflight I/O tracking").
//
// It is written into a region of memory that the front end keeps and hands to the next process. The
// order of the writes is the specification's: whenever the process ends, the next one finds what
// had been given back, and takes all else again, in the order in which it was taken, before
// anything new.
//
//   split    features(8) version(2) places(2) last_batch_head(2) used_index(2), and for each place
//            in_flight(1) -(5) next(2) counter(8)
//   packed   features(8) version(2) places(2) free_head(2) old_free_head(2) used_index(2)
//            old_used_index(2) used_wrap(1) old_used_wrap(1) -(10), and for each place
//            in_flight(1) -(1) next(2) last(2) count(2) counter(8) id(2) flags(2) length(4)
//            address(8)
//
// The region may be written by others at any time. It is believed once, after it was checked, when
// a queue starts; from then on what was found is kept here, and the region is only written to. The
// exception are the descriptors of a packed ring that are taken again: they are checked as those in
// the ring are.
//
// Positions here are those of the queue, which starts at what it gives back next.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_INFLIGHT_H_
#define SLUICE_DEVICES_NIC_VIRTIO_INFLIGHT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "devices/nic/virtio/queue.h"

namespace sluice {

class SplitInflight {
 public:
  static constexpr std::size_t region_size(std::size_t places) { return kHeader + kState * places; }

  // `region` is aligned as a number of 64 bits and outlives it, and all of it is the queue's; one
  // of zeros is a new one. `used` is the index in the device's area. Null if the region makes no
  // sense or is for a smaller ring.
  static std::unique_ptr<SplitInflight> restore(MutableBytes region, std::uint16_t ring_size,
                                                std::uint16_t used);

  // Whether what is to be taken at a position was taken by a process before this.
  bool is_again(std::uint16_t position) const {
    return static_cast<std::uint16_t>(position - begin_) < again_;
  }
  std::uint16_t head_at(std::uint16_t position) const { return heads_.at(position & mask()); }
  void take(std::uint16_t position, std::uint16_t head);
  // What was taken from `from` up to `to` has not been. What is taken again stays in flight.
  void rewind(std::uint16_t from, std::uint16_t to);
  void complete(std::uint16_t head);
  // The driver sees what was completed: the index of the device's area is `used`.
  void on_published(std::uint16_t used);

 private:
  static constexpr std::size_t kHeader = 16;
  static constexpr std::size_t kState = 16;

  SplitInflight(MutableBytes region, std::uint16_t ring_size, std::uint16_t used)
      : region_(region), heads_(ring_size), begin_(used) {}
  std::size_t mask() const { return heads_.size() - 1; }
  bool read(std::uint16_t used);

  const MutableBytes region_;
  std::vector<std::uint16_t> heads_;  // by position
  std::uint16_t begin_;               // where what is taken again begins,
  std::uint16_t again_ = 0;           // and how much there is left of it
  std::uint64_t counter_ = 0;
  std::uint16_t last_batch_head_ = 0;
  std::vector<std::uint16_t> batch_;  // completed and not published
};

class PackedInflight {
 public:
  // On and on, as the queue counts them.
  using Place = std::uint64_t;
  struct Named {
    VirtioDescriptor descriptor;
    std::uint16_t id;
  };

  static constexpr std::size_t region_size(std::size_t places) { return kHeader + kState * places; }

  // As SplitInflight::restore(). A new one starts at `told`; otherwise, the region knows better.
  static std::unique_ptr<PackedInflight> restore(MutableBytes region,
                                                 const VirtioQueue::Areas& areas,
                                                 VirtioQueue::Position told);

  // What is to be given back next.
  VirtioQueue::Position used() const { return used_; }
  // How many places there are of what was taken by a process before this.
  std::uint16_t places_again() const { return again_; }
  bool is_again(Place place) const { return place - begin_ < again_; }
  // A descriptor of the chain that is to be taken again at a place.
  Named read_again(Place place, std::uint16_t number) const;
  // The chain that begins at a place is as long, and has this state.
  std::uint16_t count_at(Place place) const { return states_.at(state_at(place)).count; }
  std::uint16_t state_at(Place place) const { return heads_.at(place % heads_.size()); }

  // One descriptor after the other of a chain. False: more are taken than a ring can have.
  bool add(const Named& from);
  // That was all of it.
  void take(Place place);
  // It was no chain.
  void abandon();
  void rewind(Place from, Place to);
  void complete(std::uint16_t state) { batch_.push_back(state); }
  // What was completed is about to be shown, and has been; the next to give back is at `used`.
  void on_publishing(VirtioQueue::Position used);
  void on_published();

 private:
  static constexpr std::size_t kHeader = 32;
  static constexpr std::size_t kState = 32;

  struct State {
    std::uint16_t next = 0;   // of the chain or of those that are free
    std::uint16_t last = 0;   // of a first one: of its chain,
    std::uint16_t count = 0;  // and how many there are
  };

  PackedInflight(MutableBytes region, std::uint16_t ring_size)
      : region_(region), states_((region.size() - kHeader) / kState), heads_(ring_size) {}
  void make(VirtioQueue::Position told);
  bool read(const VirtioQueue::Areas& areas);
  bool read_chain(std::uint16_t head, std::vector<bool>& in_use);
  void chain_free_states(const std::vector<bool>& in_use);
  std::uint16_t end() const { return static_cast<std::uint16_t>(states_.size()); }
  void set_free_heads(std::uint16_t free, std::uint16_t old);
  void set_used(VirtioQueue::Position used, VirtioQueue::Position old);
  void free(std::uint16_t head);

  const MutableBytes region_;
  std::vector<State> states_;
  std::vector<std::uint16_t> heads_;  // the state of the chain that begins at a place
  Place begin_ = 0;
  std::uint16_t again_ = 0;
  std::uint64_t counter_ = 0;
  std::uint16_t free_head_ = 0;
  std::uint16_t old_free_head_ = 0;
  std::uint16_t last_added_ = 0;
  VirtioQueue::Position used_;
  std::vector<std::uint16_t> batch_;    // completed and not published
  std::vector<std::uint16_t> rewound_;  // while it is done
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_INFLIGHT_H_
