#include "devices/link/tap_interface.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

namespace sluice {

TapInterface::TapInterface(std::vector<std::unique_ptr<GuestLink>> queues,
                           std::function<void()> farewell)
    : farewell_(std::move(farewell)) {
  Expects(!queues.empty());
  for (std::unique_ptr<GuestLink>& queue : queues) {
    polls_.add(queue->descriptor(), EPOLLIN | EPOLLET, queues_.size());
    queues_.push_back({.link = std::move(queue)});
  }
}

TapInterface::~TapInterface() {
  if (farewell_) farewell_();
}

gsl::span<const Frame> TapInterface::receive() {
  for (const epoll_event& event : polls_.ready()) queues_.at(event.data.u64).ready = true;
  frames_.clear();
  more_ = false;
  for (Queue& queue : queues_) {
    if (!queue.ready) continue;
    const gsl::span<const Frame> frames = queue.link->receive();
    frames_.insert(frames_.end(), frames.begin(), frames.end());
    queue.ready = queue.link->more() && !queue.link->closed();
    more_ = more_ || queue.ready;
  }
  return frames_;
}

bool TapInterface::closed() const {
  return std::ranges::any_of(queues_, [](const Queue& queue) { return queue.link->closed(); });
}

const Counters& TapInterface::counters() const {
  counters_ = {};
  for (const Queue& queue : queues_) counters_ = counters_ + queue.link->counters();
  return counters_;
}

}  // namespace sluice
