// What a link tells of its peer, for a log: a peer may come and go, or say what makes no sense, as
// often as it likes, with words of its own, and must not fill a disk by that.

#ifndef SLUICE_DEVICES_LINK_LIMITED_NEWS_H_
#define SLUICE_DEVICES_LINK_LIMITED_NEWS_H_

#include <functional>

#include "devices/link/stream_peer.h"
#include "stack/time.h"

namespace sluice {

// Passes on what one link tells: some at once, and one in a second after that. What is told then
// says how much was not. That a peer will not come any more is always told.
StreamPeer::Tell limited(StreamPeer::Tell tell, std::function<Time()> clock);

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_LIMITED_NEWS_H_
