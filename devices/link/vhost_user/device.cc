#include "devices/link/vhost_user/device.h"

#include <stdexcept>
#include <system_error>
#include <utility>

#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/packed_queue.h"
#include "devices/nic/virtio/split_queue.h"

namespace sluice::vhost_user {
namespace {

// In the position of a packed queue: whether the ring is gone around an even number of times.
constexpr std::uint16_t kWrap = 1U << 15;

[[noreturn]] void fail(Request request, const std::string& what) {
  throw std::runtime_error(to_string(request) + ": " + what);
}

template <typename T>
T expect_form(std::optional<T> parsed, const Message& message) {
  if (!parsed) {
    fail(message.header.request,
         "a payload of " + std::to_string(message.payload.size()) + " bytes that can't be read");
  }
  return *std::move(parsed);
}

// Whoever takes frames is done with them when it asks for more, and only then the memory changes.
VirtioNetOptions in_place(VirtioNetOptions options) {
  options.in_place = true;
  return options;
}

}  // namespace

Device::Device(const VirtioNetOptions& options, PollSet& polls, std::uint64_t first_number,
               std::function<void(const std::string&)> complain)
    : options_(options),
      polls_(polls),
      first_number_(first_number),
      complain_(std::move(complain)),
      net_(in_place(options), *this) {}

void Device::reset() {
  net_.reset();
  for (Queue& queue : queues_) {
    forget_kick(queue);
    queue = {};
  }
  memory_.clear();
  inflight_.clear();
  features_ = 0;
  protocol_features_ = 0;
  announced_.reset();
  requests_.reset();
}

std::uint64_t Device::offered_protocol_features() const {
  return bit(ProtocolFeature::kLogShmfd) | bit(ProtocolFeature::kRarp) |
         bit(ProtocolFeature::kReplyAck) | bit(ProtocolFeature::kMtu) |
         // User Mode Linux before 6.2 has no interrupt without this.
         bit(ProtocolFeature::kBackendReq) | bit(ProtocolFeature::kConfig) |
         bit(ProtocolFeature::kInflightShmfd) | bit(ProtocolFeature::kConfigureMemSlots) |
         (options_.pairs > 1 ? bit(ProtocolFeature::kMq) : 0);
}

std::optional<Device::Answer> Device::on_message(Message& message) {
  // Also to the message by which this is agreed on.
  const auto wants_reply = [&] {
    return has(ProtocolFeature::kReplyAck) && (message.header.flags & Header::kNeedReply) != 0;
  };
  try {
    auto said = answer(message);
    if (!said && wants_reply()) said = Answer{emit_number(0)};
    return said;
  } catch (const std::runtime_error& error) {
    if (!wants_reply()) throw;
    complain_(error.what());
    return Answer{emit_number(1)};
  }
}

std::optional<Device::Answer> Device::answer(Message& message) {
  if (message.header.request == Request::kGetInflightFd) return make_inflight(message);
  auto payload = simple_answer(message);
  if (!payload) return std::nullopt;
  return Answer{*std::move(payload)};
}

std::optional<Device::Payload> Device::simple_answer(Message& message) {
  const Request request = message.header.request;
  switch (request) {
    case Request::kGetFeatures:
      return emit_number(net_.offered_features() | kLogAll | kHasProtocolFeatures);
    case Request::kSetFeatures:
      acknowledge_features(expect_form(parse_number(message.payload), message));
      return std::nullopt;
    case Request::kGetProtocolFeatures:
      return emit_number(offered_protocol_features());
    case Request::kSetProtocolFeatures:
      protocol_features_ =
          expect_form(parse_number(message.payload), message) & offered_protocol_features();
      return std::nullopt;
    case Request::kGetQueueNum:
      return emit_number(options_.pairs);
    case Request::kGetMaxMemSlots:
      return emit_number(Memory::kMaxRegions);
    case Request::kSendRarp:
      announced_ = announcement_of(guest_of(message));
      return std::nullopt;
    case Request::kSetOwner:
    case Request::kNetSetMtu:
    case Request::kSetLogFd:
      return std::nullopt;
    case Request::kResetOwner:
      for (unsigned i = 0; i < queues_.size(); ++i) net_.stop(i);
      return std::nullopt;
    case Request::kSetMemTable:
      set_memory(message);
      return std::nullopt;
    case Request::kAddMemReg:
      add_memory(message);
      return std::nullopt;
    case Request::kRemMemReg:
      remove_memory(message);
      return std::nullopt;
    case Request::kSetLogBase:
      set_log(message);
      return emit_number(0);
    case Request::kSetInflightFd:
      set_inflight(message);
      return std::nullopt;
    case Request::kSetBackendReqFd:
      set_requests(message);
      return std::nullopt;
    case Request::kSetVringNum:
      set_size(message);
      return std::nullopt;
    case Request::kSetVringAddr:
      set_address(message);
      return std::nullopt;
    case Request::kSetVringBase:
      set_position(message);
      return std::nullopt;
    case Request::kGetVringBase:
      return stop(message);
    case Request::kSetVringKick:
      set_kick(message);
      return std::nullopt;
    case Request::kSetVringCall: {
      Signal call = take_descriptor(message);
      queues_.at(call.queue).call = std::move(call.bell);
      // What was to be heard by the descriptor before may not have been.
      if (net_.runs(call.queue)) queues_.at(call.queue).call.ring();
      return std::nullopt;
    }
    case Request::kSetVringErr: {
      Signal error = take_descriptor(message);
      queues_.at(error.queue).error = std::move(error.bell);
      return std::nullopt;
    }
    case Request::kSetVringEnable:
      enable(message);
      return std::nullopt;
    case Request::kGetConfig:
      return read_config(message);
    default:
      fail(request, "is not understood here");
  }
}

void Device::acknowledge_features(std::uint64_t features) {
  const std::uint64_t offered = net_.offered_features() | kLogAll | kHasProtocolFeatures;
  if ((features & ~offered) != 0) fail(Request::kSetFeatures, "features that were not offered");
  const bool running = any_runs();
  if (running && ((features ^ features_) & ~(kLogAll | kHasProtocolFeatures)) != 0) {
    fail(Request::kSetFeatures, "other features while queues run");
  }
  features_ = features;
  memory_.watch((features & kLogAll) != 0);
  if (running) return;
  net_.set_features(features);
  // Who does not know of enabling does not do it.
  if ((features & kHasProtocolFeatures) == 0) {
    for (unsigned i = 0; i < queues_.size(); ++i) net_.enable(i, true);
  }
}

template <typename Change>
void Device::change_memory(Change change) {
  std::array<bool, VirtioNet::kMaxQueues> running{};
  for (unsigned i = 0; i < queues_.size(); ++i) {
    const auto position = net_.stop(i);
    if (!position) continue;
    running.at(i) = true;
    queues_.at(i).position = *position;
  }
  change();
  for (unsigned i = 0; i < queues_.size(); ++i) {
    if (running.at(i)) start(i);
  }
}

void Device::set_memory(Message& message) {
  const auto regions = expect_form(parse_memory_table(message.payload), message);
  if (regions.size() != message.descriptors.size()) {
    fail(Request::kSetMemTable, std::to_string(regions.size()) + " regions with " +
                                    std::to_string(message.descriptors.size()) + " descriptors");
  }
  change_memory([&] {
    memory_.remove_all();
    for (std::size_t i = 0; i < regions.size(); ++i) {
      memory_.add(regions.at(i), message.descriptors.at(i));
    }
  });
}

void Device::add_memory(Message& message) {
  const auto region = expect_form(MemoryRegion::parse_single(message.payload), message);
  if (message.descriptors.size() != 1) {
    fail(Request::kAddMemReg, "expected one descriptor with a region");
  }
  // What is there stays where it is.
  memory_.add(region, message.descriptors.front());
}

void Device::remove_memory(Message& message) {
  const auto region = expect_form(MemoryRegion::parse_single(message.payload), message);
  change_memory([&] { memory_.remove(region); });
}

void Device::set_log(Message& message) {
  const auto log = expect_form(DirtyLog::parse(message.payload), message);
  if (message.descriptors.size() != 1) fail(Request::kSetLogBase, "expected one descriptor");
  memory_.set_log(log, message.descriptors.front());
}

bool Device::any_runs() const {
  bool running = false;
  for (unsigned i = 0; i < queues_.size(); ++i) running = running || net_.runs(i);
  return running;
}

InflightArea Device::inflight_of(const Message& message) const {
  if (!has(ProtocolFeature::kInflightShmfd)) {
    fail(message.header.request, "was not agreed on");
  }
  return expect_form(InflightArea::parse(message.payload), message);
}

Device::Answer Device::make_inflight(const Message& message) const {
  InflightArea area = inflight_of(message);
  Descriptor file = Inflight::make(area, net_.has_packed_queues());
  return {area.emit(message.payload.size()), std::move(file)};
}

void Device::set_inflight(const Message& message) {
  const InflightArea area = inflight_of(message);
  if (message.descriptors.size() != 1) fail(Request::kSetInflightFd, "expected one descriptor");
  if (any_runs()) fail(Request::kSetInflightFd, "queues run");
  inflight_.set(area, message.descriptors.front(), net_.has_packed_queues());
}

void Device::set_requests(Message& message) {
  if (!has(ProtocolFeature::kBackendReq)) fail(Request::kSetBackendReqFd, "was not agreed on");
  if (message.descriptors.size() != 1) fail(Request::kSetBackendReqFd, "expected one descriptor");
  requests_ = std::move(message.descriptors.front());
}

Device::Queue& Device::queue_of(std::uint32_t index, Request request) {
  if (index >= queue_count()) {
    fail(request,
         "queue " + std::to_string(index) + "; there are " + std::to_string(queue_count()));
  }
  return queues_.at(index);
}

void Device::set_size(const Message& message) {
  const auto state = expect_form(VringState::parse(message.payload), message);
  Queue& queue = queue_of(state.index, message.header.request);
  if (state.number == 0 || state.number > SplitVirtioQueue::kMaxSize) {
    fail(message.header.request, "a queue of " + std::to_string(state.number) + " places");
  }
  if (net_.runs(state.index)) fail(message.header.request, "the queue runs");
  queue.size = static_cast<std::uint16_t>(state.number);
}

void Device::set_address(const Message& message) {
  const auto address = expect_form(VringAddress::parse(message.payload), message);
  Queue& queue = queue_of(address.index, message.header.request);
  queue.address = address;
  // Told again when only how much is logged of it has changed.
  if (const auto position = net_.stop(address.index)) {
    queue.position = *position;
    start(address.index);
  }
  start_if_complete(address.index);
}

void Device::set_position(const Message& message) {
  const auto state = expect_form(VringState::parse(message.payload), message);
  Queue& queue = queue_of(state.index, message.header.request);
  if (net_.runs(state.index)) fail(message.header.request, "the queue runs");
  queue.position = position_of(state.number);
}

VirtioQueue::Position Device::position_of(std::uint32_t number) const {
  const auto index = static_cast<std::uint16_t>(number);
  if (!net_.has_packed_queues()) return {.index = index};
  return {.index = static_cast<std::uint16_t>(index & ~kWrap), .wrap = (index & kWrap) != 0};
}

std::uint32_t Device::number_of(VirtioQueue::Position position) const {
  if (!net_.has_packed_queues()) return position.index;
  const std::uint32_t half = position.index | (position.wrap ? kWrap : 0U);
  // What is taken next, and what is given back next.
  return half << 16 | half;
}

Device::Payload Device::stop(const Message& message) {
  const auto state = expect_form(VringState::parse(message.payload), message);
  Queue& queue = queue_of(state.index, message.header.request);
  if (const auto position = net_.stop(state.index)) queue.position = *position;
  forget_kick(queue);
  return VringState{.index = state.index, .number = number_of(queue.position)}.emit();
}

void Device::enable(const Message& message) {
  const auto state = expect_form(VringState::parse(message.payload), message);
  queue_of(state.index, message.header.request);
  net_.enable(state.index, state.number != 0);
}

Device::Signal Device::take_descriptor(Message& message) const {
  constexpr std::uint64_t kIndex = 0xff;
  constexpr std::uint64_t kNone = 0x100;
  const Request request = message.header.request;
  const std::uint64_t number = expect_form(parse_number(message.payload), message);
  const auto index = static_cast<unsigned>(number & kIndex);
  if (index >= queue_count()) fail(request, "there is no queue " + std::to_string(index));
  if ((number & kNone) != 0) return {index, Doorbell()};
  if (message.descriptors.size() != 1) fail(request, "expected one descriptor");
  auto bell = Doorbell::over(std::move(message.descriptors.front()));
  if (!bell)
    fail(request, "a descriptor of another kind; expected an eventfd, a pipe or a unix socket");
  return {index, *std::move(bell)};
}

void Device::set_kick(Message& message) {
  Signal kick = take_descriptor(message);
  if (!kick.bell) {
    fail(message.header.request, "no descriptor, and queues are not looked at without being told");
  }
  Queue& queue = queues_.at(kick.queue);
  forget_kick(queue);
  polls_.add(kick.bell.descriptor(), EPOLLIN | EPOLLET, first_number_ + kick.queue);
  queue.kick = std::move(kick.bell);
  start_if_complete(kick.queue);
}

void Device::forget_kick(Queue& queue) {
  if (queue.kick) polls_.remove(queue.kick.descriptor());
  queue.kick.reset();
}

void Device::start_if_complete(unsigned index) {
  const Queue& queue = queues_.at(index);
  if (!net_.runs(index) && queue.kick && queue.address && queue.size != 0) start(index);
}

void Device::start(unsigned index) {
  const Queue& queue = queues_.at(index);
  const auto sizes = net_.area_sizes(queue.size);
  const VirtioQueue::Areas areas{
      .descriptors = memory_.view_user(queue.address->descriptors, sizes.descriptors),
      .driver = memory_.view_user(queue.address->driver, sizes.driver),
      .device = memory_.view_user(queue.address->device, sizes.device),
      .size = queue.size,
  };
  VirtioQueue::Position at = queue.position;
  // User Mode Linux says 0 of a packed ring that it has just made, which means one that has gone
  // around once.
  if (net_.has_packed_queues() && at.index == 0 && PackedVirtioQueue::accepts(areas)) {
    at.wrap = at.wrap || !PackedVirtioQueue::has_gone_around(areas);
  }
  const MutableBytes kept = inflight_.region_of(index, net_.has_packed_queues());
  if (!net_.start(index, areas, at, kept)) {
    throw std::runtime_error("queue " + std::to_string(index) + " with " +
                             std::to_string(queue.size) +
                             " places does not lie in the memory that has been told" +
                             (kept.empty() ? "" : ", or what is in flight makes no sense"));
  }
}

MacAddress Device::guest_of(const Message& message) {
  std::array<std::uint8_t, MacAddress::kSize> octets{};
  // Of the eight bytes of a number, the first are the address.
  expect_form(parse_number(message.payload), message);
  copy_bytes(Bytes(message.payload).first(octets.size()), octets);
  return MacAddress(octets);
}

Device::Payload Device::read_config(const Message& message) const {
  const auto access = expect_form(ConfigAccess::parse(message.payload), message);
  Payload bytes(access.size);
  net_.read_config(access.offset, bytes);
  return access.emit(bytes);
}

void Device::interrupt(unsigned queue) {
  queues_.at(queue).call.ring();
}

void Device::on_broken(unsigned queue) {
  complain_("queue " + std::to_string(queue) +
            " makes no sense, and stands still until the guest's driver sets it up again");
  queues_.at(queue).error.ring();
}

}  // namespace sluice::vhost_user
