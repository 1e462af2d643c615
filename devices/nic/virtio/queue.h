// A virtqueue: where a driver leaves chains for the device, and gets them back.
//
// There are two forms of it, with one manner of use. The device takes chains with next() and gives
// them back with complete(), which the driver sees when publish() says so, all at once. A chain
// that was taken but not completed can be put back with rewind(), as if it had never been seen.
//
// The driver tells of new chains, which costs both sides much. It is asked to by listen() only when
// there is nothing to do with those that there are; else, ignore() keeps it quiet.
//
// The ring lies in memory that the guest may write to at any time. Each field is read once and
// checked; a call does no more than a ring has places. What is wrong with one chain costs that
// chain; where a ring makes no sense as a whole, it is_broken() and nothing more is taken from it.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_QUEUE_H_
#define SLUICE_DEVICES_NIC_VIRTIO_QUEUE_H_

#include <cstdint>

#include "devices/nic/virtio/chain.h"

namespace sluice {

class VirtioQueue {
 public:
  // The three areas of a ring (virtio 1.2, section 2.6), by the names that fit both forms.
  struct Areas {
    MutableBytes descriptors;
    MutableBytes driver;
    MutableBytes device;
    std::uint16_t size = 0;  // places
  };
  // Where next() goes on.
  struct Position {
    std::uint16_t index = 0;
    bool wrap = true;  // of packed rings
  };

  virtual ~VirtioQueue() = default;

  // Takes the next chain; false if there is none. One that is_broken() is to be completed, too.
  virtual bool next(VirtioChain& chain) = 0;
  virtual Position position() const = 0;
  // To a position() since which nothing has been completed.
  virtual void rewind(Position position) = 0;
  // The device has done with a chain, and has written `length` bytes into it, from its first
  // writable one on.
  virtual void complete(VirtioChain::Name chain, std::uint32_t length) = 0;
  // Shows the driver what has been completed. True if it wants to be interrupted for that.
  virtual bool publish() = 0;
  // How many chains wait to be taken.
  virtual std::uint16_t waiting() = 0;
  // The driver is to tell when there are so many chains, at least one, beyond those that wait; it
  // may tell before. True if there are already.
  virtual bool listen(std::uint16_t more) = 0;
  virtual void ignore() = 0;
  virtual bool is_broken() const = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_QUEUE_H_
