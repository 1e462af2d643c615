// A link whose other end is a guest: what a world needs of it besides the way out.
//
// Frames that have come are fetched in batches, whenever the descriptor has become readable. What
// the descriptor is, a tap or a socket, only the link knows.

#ifndef SLUICE_DEVICES_LINK_GUEST_LINK_H_
#define SLUICE_DEVICES_LINK_GUEST_LINK_H_

#include "stack/counters.h"
#include "stack/link.h"

namespace sluice {

class GuestLink : public Link {
 public:
  // To wait for input on; level-triggered and edge-triggered both work with more().
  virtual int descriptor() const = 0;
  // Reads what has come, a bounded number of frames. They stay until the next call. What is no
  // frame is dropped and counted.
  virtual gsl::span<const Frame> receive() = 0;
  // The last receive() ended because its buffer was full: there may be more, which an
  // edge-triggered wait won't announce.
  virtual bool more() const = 0;
  // The other end is gone: nothing will come and nothing can be sent.
  virtual bool closed() const = 0;
  // What was dropped here.
  virtual const Counters& counters() const = 0;
  // The cable to the guest is plugged in, as it is from the beginning, or pulled out, for a link
  // that can let the guest see that. What passes it is up to whoever uses the link. Not while
  // frames that it brought are in use.
  virtual void set_link(bool /*up*/) {}
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_GUEST_LINK_H_
