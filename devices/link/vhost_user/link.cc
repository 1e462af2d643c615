#include "devices/link/vhost_user/link.h"

#include <stdexcept>
#include <utility>

namespace sluice {
namespace {

constexpr std::uint64_t kPeer = 0;
constexpr std::uint64_t kFirstQueue = 1;

}  // namespace

VhostUserLink::VhostUserLink(const std::string& path, const VirtioNetOptions& options,
                             StreamPeer::Tell tell)
    : tell_(std::move(tell)),
      peer_({.place = UnixSocketName{.path = path}, .listens = true, .reconnect = {}}, tell_),
      device_(options, polls_, kFirstQueue,
              [this](const std::string& what) { tell_(StreamPeer::News::kComplaint, what); }) {
  begin();
}

VhostUserLink::VhostUserLink(Descriptor connected, const VirtioNetOptions& options,
                             StreamPeer::Tell tell)
    : tell_(std::move(tell)),
      peer_(std::move(connected), tell_),
      device_(options, polls_, kFirstQueue,
              [this](const std::string& what) { tell_(StreamPeer::News::kComplaint, what); }) {
  begin();
}

void VhostUserLink::begin() {
  polls_.add(peer_.descriptor(), EPOLLIN | EPOLLET, kPeer);
}

gsl::span<const Frame> VhostUserLink::receive() {
  constexpr unsigned kPatience = 64;
  // Whoever waits for this link may have heard of an event just now, and hears of it once.
  unseen_ = device_.net().more() && !control_waits_ && ++batches_ < kPatience;
  if (!unseen_) take_events();
  if (const auto announced = device_.take_announced()) {
    announcement_ = *announced;
    announcement_frame_.bytes = announcement_;
    unseen_ = true;  // the queues have not been looked at
    return {&announcement_frame_, 1};
  }
  const gsl::span<const Frame> frames = device_.net().receive();
  if (!device_.lost_memory()) return frames;
  lose("a file of its memory, or of what is in flight, has become shorter");
  return {};
}

void VhostUserLink::take_events() {
  batches_ = 0;
  bool peer = std::exchange(control_waits_, false);
  for (const epoll_event& event : polls_.ready()) peer = peer || event.data.u64 == kPeer;
  if (!peer) return;
  if (peer_.update()) {
    channel_.reset();
    device_.reset();
  }
  take_messages();
}

void VhostUserLink::take_messages() {
  constexpr int kMost = 64;
  for (int i = 0; i < kMost; ++i) {
    if (peer_.socket() < 0) return;
    auto message = channel_.receive(peer_.socket());
    if (!message) {
      if (!channel_.broken().empty()) lose(channel_.broken());
      return;
    }
    try {
      const auto answer = device_.on_message(*message);
      if (answer) {
        channel_.reply(peer_.socket(), message->header.request, answer->payload, answer->beside);
      }
    } catch (const std::runtime_error& error) {
      lose(error.what());
      return;
    }
  }
  control_waits_ = true;
}

void VhostUserLink::lose(const std::string& why) {
  peer_.lose(why);
  device_.reset();
  channel_.reset();
}

}  // namespace sluice
