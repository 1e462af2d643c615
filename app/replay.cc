#include "app/replay.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "app/guest_services.h"
#include "app/log.h"
#include "app/replay_host.h"
#include "app/replayer.h"
#include "app/signals.h"
#include "app/summary.h"
#include "devices/link/capture_link.h"
#include "devices/link/capture_reader.h"
#include "devices/link/capture_writer.h"
#include "nat/nat.h"

namespace sluice {
namespace {

// Long enough for what a flow does by itself when nobody answers, for a while.
constexpr std::chrono::seconds kAfterwards{10};

constexpr std::size_t kMacOffset = MacAddress::kSize;  // of the source, behind the destination

// One name server, of an address for documentation (RFC 5737): the imitated host is silent for it.
class SilentNameServer final : public NameServers {
 public:
  gsl::span<const Endpoint> current(Time /*now*/) override { return servers_; }

 private:
  std::array<Endpoint, 1> servers_ = {{{IpAddress::v4(192, 0, 2, 53), 53}}};
};

// Replay imitates the host, and some keys are about the real one.
void warn_of_unused(const UserNetworkOptions& network) {
  const auto warn = [](bool given, std::string_view key) {
    if (given)
      log::warning(std::string(key) + "= has no part in a replay: it is about the real host");
  };
  warn(!network.host_forwards.empty(), "hostfwd");
  warn(!network.tftp_directory.empty(), "tftp");
  warn(!network.smb_directory.empty(), "smb");
  warn(network.outbound || network.outbound6, "outbound");
}

// Frames fed so far, on a terminal's line that is gone at the end.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  void on_frame() {
    constexpr std::uint64_t kEvery = 50000;
    if (++frames_ % kEvery != 0 || !terminal_) return;
    std::fprintf(stderr, "\rsluice: %llu frames", static_cast<unsigned long long>(frames_));
    shown_ = true;
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  std::uint64_t frames_ = 0;
};

ReplayHost::Manner manner_of(ReplayInvocation::HostManner manner) {
  switch (manner) {
    case ReplayInvocation::HostManner::kRefuse:
      return ReplayHost::Manner::kRefuse;
    case ReplayInvocation::HostManner::kSilent:
      return ReplayHost::Manner::kSilent;
    case ReplayInvocation::HostManner::kAccept:
      break;
  }
  return ReplayHost::Manner::kAccept;
}

MacAddress source_of(Bytes frame) {
  std::array<std::uint8_t, MacAddress::kSize> octets{};
  copy_bytes(frame.subspan(kMacOffset, octets.size()), octets);
  return MacAddress(octets);
}

// Whether the frame is the guest's, and of the guest that was asked for.
bool is_wanted(const ReplayInvocation& invocation, Bytes frame) {
  // Too short to say whose it is; the core will say what it is.
  if (frame.size() < kMacOffset + MacAddress::kSize) return !invocation.guest;
  const MacAddress source = source_of(frame);
  if (invocation.guest) return source == *invocation.guest;
  // Addresses of the core's own begin so (Network::mac_of).
  return source.octets()[0] != 0x52 || source.octets()[1] != 0x55;
}

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

int run_replay(const ReplayInvocation& invocation) {
  const NetworkInvocation& common = invocation.common;
  const Network& network = common.network.network;
  log::set_level(common.log_level);
  ignore_failed_writes();
  constexpr MacAddress kGuest({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
  CaptureReader reader(invocation.input, {.guest = invocation.guest.value_or(kGuest),
                                          .gateway = Network::mac_of(network.v4.host)});
  const Seed seed = common.seed.value_or(Seed{});
  const Time start{};
  std::optional<CapturedFrame> captured = reader.next();
  std::unique_ptr<CaptureWriter> writer;
  if (std::error_code unknown; std::filesystem::equivalent(
          invocation.input == "-" ? "/dev/stdin" : invocation.input,
          invocation.output == "-" ? "/dev/stdout" : invocation.output, unknown)) {
    throw std::invalid_argument("-o: '" + invocation.output +
                                "' is the capture that is replayed; expected another file");
  }
  if (!invocation.output.empty()) {
    writer = std::make_unique<CaptureWriter>(
        CaptureOptions{.path = invocation.output,
                       .filter = "",
                       .clock = {.start = start, .at_start = reader.begins_at()},
                       .waits = true});
  }
  CaptureLink link(writer.get());
  ReplayHost host(manner_of(invocation.host));
  Nat nat(nat_config(common.network), link, host, seed, start);
  SilentNameServer name_servers;
  GuestServices services(nat, common.network, name_servers);
  for (const GuestForward& forward : common.network.guest_forwards) nat.add_guest_forward(forward);

  warn_of_unused(common.network);

  Replayer replayer(nat, link, host, start);
  std::uint64_t left_out = 0;
  {
    Progress progress;
    for (; captured; captured = reader.next()) {
      progress.on_frame();
      if (!is_wanted(invocation, captured->bytes)) {
        ++left_out;
        continue;
      }
      Frame frame{.bytes = captured->bytes};
      if (!invocation.verify_checksums) frame.offload.checksum = ChecksumState::kVerified;
      replayer.on_frame(captured->time, frame);
    }
    replayer.run_for(kAfterwards);
  }
  if (writer) writer->flush();

  std::FILE* const screen = invocation.output == "-" ? stderr : stdout;
  const auto print_count = [screen](const char* name, std::uint64_t count) {
    std::fprintf(screen, "%-24s%llu\n", name, static_cast<unsigned long long>(count));
  };
  print_count("frames left out", left_out);
  print_count("records skipped", reader.skipped());
  print_count("frames cut off", reader.truncated());
  std::fputs(summary_of(nat.counters()).c_str(), screen);
  std::fprintf(screen, "%-24s%.6f\n", "seconds", seconds_of(replayer.now() - start));
  if (std::fflush(screen) != 0) {
    log::error("can't write the summary: " + std::generic_category().message(errno));
  }
  if (!reader.problem().empty()) log::warning(reader.problem());
  if (writer && !writer->problem().empty()) {
    log::error(writer->problem());
    return 1;
  }
  return reader.problem().empty() && std::ferror(screen) == 0 ? 0 : 1;
}

}  // namespace sluice
