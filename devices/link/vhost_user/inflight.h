// The memory in which what queues have in flight outlives this process. It is made here, kept by
// the front end, and told again by it, to this process or the next.
//
// It has a region for each queue (devices/nic/virtio/inflight.h), each on cache lines of its own,
// as other back ends have it.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_INFLIGHT_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_INFLIGHT_H_

#include "devices/link/mapped_file.h"
#include "devices/link/vhost_user/message.h"
#include "posix/descriptor.h"

namespace sluice::vhost_user {

class Inflight {
 public:
  // A file of zeros for so many queues of such a size, which does not become shorter; the area says
  // where in it. Throws std::system_error, or std::runtime_error if there are no such queues.
  static Descriptor make(InflightArea& area, bool packed);

  // Has what a file holds from now on. Throws as make(), also if it is not a place for that.
  void set(const InflightArea& area, const Descriptor& file, bool packed);
  void clear() { *this = {}; }
  // What a queue has of it; empty if nothing is kept for that one. Throws std::runtime_error if it
  // is not large enough for queues of this kind.
  MutableBytes region_of(unsigned queue, bool packed) const;
  // The file has become shorter.
  bool is_lost() const { return file_.is_lost(); }

 private:
  MappedFile file_;
  std::uint16_t queues_ = 0;
  std::uint16_t queue_size_ = 0;
};

}  // namespace sluice::vhost_user

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_INFLIGHT_H_
