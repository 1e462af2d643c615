#include "app/libslirp/instance.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <gsl/util>

#include "app/libslirp/state.h"
#include "app/libslirp/tables.h"
#include "app/limits.h"
#include "nat/host/descriptor_limit.h"
#include "nat/host/seed.h"
#include "posix/socket_address.h"
#include "services/dns/resolv_conf.h"
#include "stack/ip_packet.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

std::vector<Endpoint> name_servers_of(std::string_view text) {
  return parse_resolv_conf(text).name_servers;
}

NatConfig config_of(const Settings& settings) {
  NatConfig config = nat_config(settings.network);
  // The limit is the program's to raise.
  config.limits = limits_within(descriptor_limit());
  return config;
}

SystemHostOptions host_options() {
  SystemHostOptions options;
  options.embedded = true;
  return options;
}

// A directory that can't be opened is no reason for a virtual machine not to start.
std::unique_ptr<DirectoryFiles> open_files(const Settings& settings) {
  const std::string& directory = settings.network.tftp_directory;
  if (directory.empty()) return nullptr;
  try {
    return std::make_unique<DirectoryFiles>(directory);
  } catch (const std::system_error& error) {
    std::fprintf(stderr, "libslirp: there is no TFTP: %s\n", error.what());
    return nullptr;
  }
}

bool is_ncsi(Bytes frame) {
  const auto ethernet = EthernetView::parse(frame);
  return ethernet && ethernet->header().type == static_cast<EtherType>(kNcsiEtherType);
}

// What may wait for others of its kind: datagrams that are not for services, and segments in the
// midst of a connection.
bool is_of_burst(Bytes frame) {
  const auto ethernet = EthernetView::parse(frame);
  if (!ethernet || (ethernet->header().type != EtherType::kIpv4 &&
                    ethernet->header().type != EtherType::kIpv6)) {
    return false;
  }
  const auto ip = IpPacket::parse(ethernet->payload());
  if (!ip) return false;
  if (ip->protocol == IpProtocol::kUdp) {
    const auto udp = UdpView::parse(ip->payload);
    if (!udp) return false;
    // Of a service, somebody waits for the answer, and it comes from here.
    return !is_service_port(udp->header().destination_port);
  }
  if (ip->protocol != IpProtocol::kTcp) return false;
  const auto tcp = TcpView::parse(ip->payload);
  if (!tcp) return false;
  const TcpFlags flags = tcp->header().flags;
  return flags.ack && !flags.syn && !flags.fin && !flags.rst;
}

// To people, as programs show them nothing of what guest_error() tells, and of this an errno.
int complain_of_state(const std::string& problem) {
  std::fprintf(stderr, "libslirp: can't load the state of the network: %s\n", problem.c_str());
  return EINVAL;
}

std::optional<Endpoint> local_name(SocketId socket) {
  SocketAddress local;
  socklen_t size = SocketAddress::kCapacity;
  if (::getsockname(static_cast<int>(socket), local.data(), &size) < 0) return std::nullopt;
  return local.endpoint();
}

}  // namespace

Instance::Instance(const Settings& settings, const Callbacks& callbacks)
    : settings_(settings),
      callbacks_(callbacks),
      host_(queue_, host_options()),
      link_(callbacks_),
      nat_(config_of(settings_), link_, host_, random_seed(), clock_.at(callbacks_.clock())),
      name_servers_("/etc/resolv.conf", &name_servers_of),
      files_(open_files(settings_)),
      services_(nat_, settings_.network, name_servers_, files_.get()),
      program_context_(context_of(nat_, GuestService::kProgram)),
      ncsi_({settings_.manufacturer, settings_.controller}) {}

Instance::~Instance() = default;

template <typename Input>
void Instance::enter(Input input) {
  Expects(!in_core_);
  in_core_ = true;
  const auto leave = gsl::finally([this] { in_core_ = false; });
  const Outbound outbound = outbound_now(settings_);
  host_.set_outbound(outbound.v4, outbound.v6);
  const Time now = clock_.at(callbacks_.clock());
  input(now);
  work_off_queue(now);
}

void Instance::work_off_queue(Time now) {
  for (std::size_t done = 0; !queued_.empty() && done < kMaxFramesOfCall;) {
    std::swap(queued_, taken_);
    done += taken_.size();
    take_frames(now, taken_);
    taken_.clear();
  }
  while (!to_remove_.empty()) {
    const Endpoint server = to_remove_.back();
    to_remove_.pop_back();
    nat_.remove_guest_forward(server);
    std::erase_if(program_forwards_,
                  [&](const auto& forward) { return forward->server() == server; });
    nat_.on_time(now);
  }
}

std::optional<Time> Instance::deadline() const {
  if (!queued_.empty()) return Time::min();
  return nat_.deadline();
}

std::uint32_t Instance::timeout(std::uint32_t wanted) {
  const std::optional<Time> due = deadline();
  told_ = due.value_or(Time::max());
  room_opened_ = false;
  if (!due) return wanted;
  const Time now = clock_.at(callbacks_.clock());
  if (*due <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - now).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(left, wanted));
}

void Instance::notify_if_due() {
  const std::optional<Time> due = deadline();
  const bool earlier = due && *due < told_;
  if (!earlier && !room_opened_) return;
  if (due) told_ = std::min(told_, *due);
  room_opened_ = false;
  // Whoever sleeps in a poll wakes up, even if nobody listens to notify().
  if (may_sleep_) queue_.wake_up();
  callbacks_.notify();
}

int Instance::refuse(const char* what) const {
  callbacks_.guest_error(std::string("libslirp: ") + what + " from within a callback");
  return EBUSY;
}

void Instance::on_poll(bool ready) {
  if (in_core_) return;
  in_burst_ = false;
  enter([&](Time now) {
    work_off_queue(now);
    const auto fetched =
        ready ? queue_.fetch(std::chrono::milliseconds(0)) : gsl::span<const epoll_event>();
    const auto events = host_.events(fetched);
    if (!events.empty()) nat_.on_host(now, events);
    const std::optional<Time> due = nat_.deadline();
    if (due && *due <= now) nat_.on_time(now);
  });
}

void Instance::take_frames(Time now, const FrameQueue& frames) {
  batch_.clear();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    // Management controllers speak to the network controller itself, which is none of the Nat's
    // business.
    if (is_ncsi(frames[i])) {
      if (const auto answer = ncsi_.on_frame(frames[i])) callbacks_.send_packet(*answer);
    } else {
      batch_.push_back({frames[i], {}});
    }
  }
  if (!batch_.empty()) nat_.on_frames(now, batch_);
}

void Instance::on_frame(Bytes frame) {
  const bool fits =
      queued_.size() < kMaxQueuedFrames && queued_.bytes() + frame.size() <= kMaxQueuedBytes;
  if (!fits) return;  // as a wire that is full
  queued_.push(frame);
  if (in_core_) return;
  const bool may_wait = is_of_burst(frame);
  const bool waits =
      in_burst_ && may_wait && queued_.size() < kBurstFrames && queued_.bytes() < kBurstBytes;
  in_burst_ = in_burst_ || may_wait;
  if (!waits) enter([](Time /*now*/) {});
  notify_if_due();
}

template <typename Change>
int Instance::change(Change change) {
  if (in_core_) return refuse("forwards can't be changed");
  int result = 0;
  enter([&](Time now) {
    try {
      result = change(now);
    } catch (const std::system_error& error) {
      callbacks_.guest_error(std::string("libslirp: ") + error.what());
      result = error.code().value();
    } catch (const std::length_error& error) {
      callbacks_.guest_error(std::string("libslirp: ") + error.what());
      result = ENOSPC;
    } catch (const std::invalid_argument& error) {
      callbacks_.guest_error(std::string("libslirp: ") + error.what());
      result = EINVAL;
    }
  });
  notify_if_due();
  return result;
}

int Instance::add_host_forward(const HostForward& forward) {
  return change([&](Time /*now*/) {
    nat_.add_host_forward(forward);
    return 0;
  });
}

int Instance::remove_host_forward(const ListenAddress& listen) {
  return change([&](Time /*now*/) { return nat_.remove_host_forward(listen) ? 0 : ENOENT; });
}

void Instance::complete(Endpoint& server) const {
  if (!server.address.is_unspecified()) return;
  // Where QEMU's users find its SMB server.
  constexpr std::uint32_t kUsual = 0x0204;
  const Subnet& subnet = settings_.network.network.v4.subnet;
  server.address = IpAddress::v4(subnet.base().v4_bits() | (kUsual & ~subnet.v4_mask()));
}

int Instance::add_guest_forward(Endpoint& server, const StreamTarget& target) {
  return change([&](Time /*now*/) {
    complete(server);
    nat_.add_guest_forward({server, target});
    if (services_.dhcp() != nullptr) services_.dhcp()->reserve(server.address);
    return 0;
  });
}

int Instance::add_guest_forward(Endpoint& server, SlirpWriteCb write, void* opaque) {
  return change([&](Time /*now*/) {
    complete(server);
    auto forward = std::make_unique<ProgramForward>(program_context_, server, callbacks_, write,
                                                    opaque, [this] { room_opened_ = true; });
    nat_.add_guest_forward(server, forward->streams());
    program_forwards_.push_back(std::move(forward));
    if (services_.dhcp() != nullptr) services_.dhcp()->reserve(server.address);
    return 0;
  });
}

int Instance::remove_guest_forward(const Endpoint& server) {
  if (in_core_) {
    // Its own callback may be under way.
    if (find(server) == nullptr) return refuse("forwards can't be changed");
    to_remove_.push_back(server);
    return 0;
  }
  return change([&](Time now) {
    if (!nat_.remove_guest_forward(server)) return ENOENT;
    std::erase_if(program_forwards_,
                  [&](const auto& forward) { return forward->server() == server; });
    nat_.on_time(now);
    return 0;
  });
}

ProgramForward* Instance::find(const Endpoint& server) {
  const auto found = std::find_if(program_forwards_.begin(), program_forwards_.end(),
                                  [&](const auto& forward) { return forward->server() == server; });
  return found == program_forwards_.end() ? nullptr : found->get();
}

std::size_t Instance::room(const Endpoint& server) {
  ProgramForward* const forward = find(server);
  return forward == nullptr ? 0 : forward->streams().room();
}

void Instance::say(const Endpoint& server, Bytes bytes) {
  ProgramForward* const forward = find(server);
  if (forward == nullptr) return;
  if (in_core_) {
    forward->streams().say(Time::min(), bytes);
    return;
  }
  enter([&](Time now) {
    forward->streams().say(now, bytes);
    nat_.on_time(now);
  });
  notify_if_due();
}

void Instance::save(SlirpWriteCb write, void* opaque) {
  // What the guest has said before belongs to what is saved.
  if (!in_core_) enter([](Time /*now*/) {});
  const Time now = clock_.at(callbacks_.clock());
  SavedState state;
  if (services_.dhcp() != nullptr) state.leases = services_.dhcp()->lease_records(now);
  state.neighbors = nat_.neighbors().entries();
  for (const auto& forward : program_forwards_) {
    for (ExportedStream& exported : nat_.export_streams(now, forward->server())) {
      const Bytes unsaid = forward->streams().waiting(exported.stream);
      state.streams.push_back({std::move(exported.state), {unsaid.begin(), unsaid.end()}});
    }
  }
  state.positions = nat_.positions();
  std::erase_if(state.positions,
                [this](const FlowPosition& flow) { return find(flow.remote) != nullptr; });
  const std::vector<std::uint8_t> stream = emit_state(state);
  // What has been written when it ends early is no whole stream, and will be refused.
  for (Bytes rest = stream; !rest.empty() && !callbacks_.is_silenced();) {
    const ssize_t written = write(rest.data(), rest.size(), opaque);
    if (written <= 0) return;
    rest = rest.subspan(std::min(static_cast<std::size_t>(written), rest.size()));
  }
}

int Instance::load(SlirpReadCb read, void* opaque) {
  if (in_core_) return refuse("a state can't be loaded");
  const auto state = parse_state([&](MutableBytes into) {
    while (!into.empty()) {
      const ssize_t count = read(into.data(), into.size(), opaque);
      if (count <= 0 || callbacks_.is_silenced()) return false;
      into = into.subspan(std::min(static_cast<std::size_t>(count), into.size()));
    }
    return true;
  });
  if (callbacks_.is_silenced()) return EINVAL;
  if (!state) {
    return complain_of_state(
        "it is damaged, or was saved with another library in this one's place or another version "
        "of this one; start the machine with the library that saved it");
  }
  for (const SavedState::Stream& stream : state->streams) {
    if (find(stream.state.server) != nullptr) continue;
    return complain_of_state("it has a connection to " + stream.state.server.to_string() +
                             ", where this machine has no guestfwd; add it");
  }
  enter([&](Time now) {
    // What the guest has said that is given up for the one that is loaded.
    work_off_queue(now);
    if (services_.dhcp() != nullptr) services_.dhcp()->restore_leases(now, state->leases);
    for (const Neighbors::Entry& entry : state->neighbors) nat_.learn(entry.address, entry.mac);
    nat_.end_all_but(now, state->positions);
    for (const SavedState::Stream& stream : state->streams) {
      const SocketId id = nat_.import_stream(now, stream.state);
      if (id != SocketId::kNone) find(stream.state.server)->streams().restore(id, stream.unsaid);
    }
    nat_.on_time(now);
  });
  notify_if_due();
  return 0;
}

std::string Instance::connections() {
  return connection_table(nat_.flows(clock_.at(callbacks_.clock())), nat_.host_forwards(),
                          &local_name);
}

std::string Instance::neighbors() {
  return neighbor_table(nat_.neighbors());
}

}  // namespace sluice
