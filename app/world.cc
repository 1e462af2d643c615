#include "app/world.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/guest_services.h"
#include "app/limits.h"
#include "app/log.h"
#include "app/preconditions.h"
#include "app/smb.h"
#include "app/summary.h"
#include "devices/link/dumped_link.h"
#include "devices/link/guest_link.h"
#include "devices/link/impaired_link.h"
#include "nat/host/clock.h"
#include "nat/host/descriptor_limit.h"
#include "nat/host/directory_files.h"
#include "nat/host/event_queue.h"
#include "nat/host/name_server_file.h"
#include "nat/host/seed.h"
#include "nat/host/system_host.h"
#include "nat/nat.h"
#include "services/dns/resolv_conf.h"

namespace sluice {
namespace {

CaptureOptions capture_options(const NetworkInvocation& invocation) {
  return {.path = invocation.capture_file,
          .filter = invocation.capture_filter,
          .clock = {.start = monotonic_now(),
                    .at_start = std::chrono::system_clock::now().time_since_epoch()}};
}

SystemHostOptions host_options(const NetworkInvocation& invocation) {
  SystemHostOptions options;
  options.outbound = invocation.network.outbound;
  options.outbound6 = invocation.network.outbound6;
  return options;
}

NatConfig config_of(const NetworkInvocation& invocation) {
  NatConfig config = nat_config(invocation.network);
  config.limits = limits_within(raise_descriptor_limit());
  return config;
}

std::string name_of(const ListenAddress& listen, std::uint16_t port) {
  if (const auto* const path = std::get_if<UnixPath>(&listen.local)) return "unix:" + path->path;
  Endpoint endpoint = std::get<Endpoint>(listen.local);
  endpoint.port = port;
  const bool udp = listen.protocol == ListenAddress::Protocol::kUdp;
  return (udp ? "udp:" : "tcp:") + endpoint.to_string();
}

std::vector<Endpoint> name_servers_of(std::string_view text) {
  return parse_resolv_conf(text).name_servers;
}

}  // namespace

class World::Core {
 public:
  Core(const NetworkInvocation& invocation, std::unique_ptr<GuestLink> guest, Loop& loop)
      : guest_(impaired(recorded(std::move(guest), invocation), invocation)),
        host_(loop.queue(), host_options(invocation)),
        nat_(config_of(invocation), *guest_, host_,
             invocation.seed ? *invocation.seed : random_seed(), monotonic_now()) {
    const UserNetworkOptions& network = invocation.network;
    if (network.outbound) check_outbound(*network.outbound);
    if (network.outbound6) check_outbound(*network.outbound6);
    if (!network.tftp_directory.empty()) files_.emplace(network.tftp_directory);
    services_.emplace(nat_, network, name_servers_, files_ ? &*files_ : nullptr);
    open_forwards(network);
    guest_watch_ = loop.watch(guest_->descriptor(), [this] { look_at_link(); });
    loop.on_turn([this](gsl::span<const epoll_event> fetched) { return take_turns(fetched); });
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  ~Core() {
    std::string summary = summary_of(nat_.counters() + guest_->counters());
    summary.pop_back();  // the log ends the line
    log::info("this is what happened:\n" + summary);
  }

  std::uint16_t add_host_forward(const HostForward& forward) {
    return nat_.add_host_forward(forward);
  }
  bool remove_host_forward(const ListenAddress& listen) { return nat_.remove_host_forward(listen); }
  bool has_host_forward(const ListenAddress& listen) { return nat_.has_host_forward(listen); }

  NetworkReport report() const {
    const Time now = monotonic_now();
    return {.now = now,
            .flows = nat_.flows(now),
            .forwards = nat_.host_forwards(),
            .guests = nat_.neighbors().entries(),
            .counters = nat_.counters() + guest_->counters(),
            .limits = nat_.limits()};
  }

  void look_at_link() { guest_ready_ = !guest_->closed(); }

  void on_closed(std::function<void()> on_closed) { on_closed_ = std::move(on_closed); }

  void catch_up() {
    constexpr int kMaxTurns = 1024;
    guest_ready_ = !guest_->closed();
    for (int i = 0; i < kMaxTurns && guest_ready_; ++i) take_turn({});
  }

  // What is still under way on an impaired link has been sent, too.
  std::size_t undelivered_bytes() const {
    return nat_.undelivered_bytes() + (impaired_ == nullptr ? 0 : impaired_->bytes_from_guest());
  }

 private:
  static std::unique_ptr<GuestLink> recorded(std::unique_ptr<GuestLink> guest,
                                             const NetworkInvocation& invocation) {
    if (invocation.capture_file.empty()) return guest;
    return std::make_unique<DumpedLink>(std::move(guest), capture_options(invocation),
                                        &monotonic_now, &log::warning);
  }

  // Behind the capture, which sees what the guest sees.
  std::unique_ptr<GuestLink> impaired(std::unique_ptr<GuestLink> guest,
                                      const NetworkInvocation& invocation) {
    if (!invocation.impairment) return guest;
    auto link =
        std::make_unique<ImpairedLink>(std::move(guest), *invocation.impairment, &monotonic_now);
    impaired_ = link.get();
    return link;
  }

  void open_forwards(const UserNetworkOptions& network) {
    for (const HostForward& forward : network.host_forwards) {
      const std::uint16_t port = nat_.add_host_forward(forward);
      const auto* const asked = std::get_if<Endpoint>(&forward.listen.local);
      const std::string line = name_of(forward.listen, port) + " leads to port " +
                               std::to_string(forward.guest.port) + " of the guest";
      // A port that the system chose is nowhere else to be seen.
      if (asked != nullptr && asked->port == 0) {
        log::warning(line);
      } else {
        log::info(line);
      }
    }
    for (const GuestForward& forward : network.guest_forwards) {
      if (const auto* const command = std::get_if<Command>(&forward.target)) {
        check_command(*command);
        host_.expect_commands();
      }
      nat_.add_guest_forward(forward);
    }
    if (!network.smb_directory.empty()) {
      smb_.emplace(network.smb_directory);
      host_.expect_commands();
      for (const GuestForward& forward : smb_->forwards(network.network.smb)) {
        nat_.add_guest_forward(forward);
      }
    }
  }

  // Takes a batch from each side, and meets a deadline that has come.
  void take_turn(gsl::span<const HostEvent> events) {
    const Time now = monotonic_now();
    gsl::span<const Frame> frames;
    // An empty batch, too, is news: the link may have room again.
    const bool guest_was_ready = guest_ready_;
    if (guest_ready_) {
      frames = guest_->receive();
      guest_ready_ = guest_->more();
    }
    if (!frames.empty() || guest_was_ready) nat_.on_frames(now, frames);
    if (!events.empty()) nat_.on_host(now, events);
    const std::optional<Time> deadline = nat_.deadline();
    if (deadline && *deadline <= now) nat_.on_time(now);
    // The guest may have made room while that was said.
    guest_ready_ = guest_ready_ || (guest_->more() && !guest_->closed());
  }

  Loop::Rest take_turns(gsl::span<const epoll_event> fetched) {
    constexpr int kTurns = 32;
    const std::uint64_t before = bytes_moved();
    take_turn(host_.events(fetched));
    for (int i = 1; i < kTurns && guest_ready_; ++i) take_turn({});
    if (guest_->closed()) tell_of_closing();
    warn_of_pings();
    return {.until = guest_ready_ ? Time{} : nat_.deadline(), .moved = bytes_moved() - before};
  }

  std::uint64_t bytes_moved() const { return nat_.counters().bytes_in + nat_.counters().bytes_out; }

  void tell_of_closing() {
    guest_ready_ = false;
    if (std::exchange(closing_told_, true)) return;
    if (on_closed_) {
      on_closed_();
    } else {
      log::warning("the guest's interface is gone, and with it the network");
    }
  }

  // Said when the first ping fails for it, not to everybody who will never ping.
  void warn_of_pings() {
    if (pings_warned_of_ || !host_.pings_forbidden()) return;
    pings_warned_of_ = true;
    log::warning(
        "pings can't leave: ICMP sockets are switched off; as root: 'sysctl -w "
        "net.ipv4.ping_group_range=\"0 2147483647\"'");
  }

  const ImpairedLink* impaired_ = nullptr;  // part of the guest's link
  std::unique_ptr<GuestLink> guest_;
  std::optional<SmbShare> smb_;  // outlives the host, whose commands write into its directory
  SystemHost host_;
  Nat nat_;
  NameServerFile name_servers_{"/etc/resolv.conf", &name_servers_of};
  std::optional<DirectoryFiles> files_;
  std::optional<GuestServices> services_;
  std::unique_ptr<Loop::Watch> guest_watch_;
  std::function<void()> on_closed_;
  bool guest_ready_ = false;
  bool pings_warned_of_ = false;
  bool closing_told_ = false;
};

World::World(const NetworkInvocation& invocation, std::unique_ptr<GuestLink> guest, Loop& loop)
    : core_(std::make_unique<Core>(invocation, std::move(guest), loop)) {}
World::~World() = default;

std::uint16_t World::add_host_forward(const HostForward& forward) {
  return core_->add_host_forward(forward);
}

bool World::remove_host_forward(const ListenAddress& listen) {
  return core_->remove_host_forward(listen);
}

bool World::has_host_forward(const ListenAddress& listen) {
  return core_->has_host_forward(listen);
}

NetworkReport World::report() const {
  return core_->report();
}

void World::look_at_link() {
  core_->look_at_link();
}

void World::catch_up() {
  core_->catch_up();
}

std::size_t World::undelivered_bytes() const {
  return core_->undelivered_bytes();
}

void World::on_closed(std::function<void()> on_closed) {
  core_->on_closed(std::move(on_closed));
}

}  // namespace sluice
