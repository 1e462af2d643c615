#include "app/libslirp/scripted_program.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace sluice {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kPatience = 20 * kSecond;

struct Pair {
  int ours;
  short theirs;
};
constexpr std::array<Pair, 5> kPollEvents{{{SLIRP_POLL_IN, POLLIN},
                                           {SLIRP_POLL_OUT, POLLOUT},
                                           {SLIRP_POLL_PRI, POLLPRI},
                                           {SLIRP_POLL_ERR, POLLERR},
                                           {SLIRP_POLL_HUP, POLLHUP}}};

std::int64_t machine_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

// A short frame as it was before it was filled up.
Bytes without_padding(Bytes frame) {
  const auto ethernet = EthernetView::parse(frame);
  if (!ethernet || frame.size() > EthernetHeader::kMinFrame) return frame;
  if (ethernet->header().type == EtherType::kArp) {
    return frame.first(EthernetHeader::kSize + ArpMessage::kSize);
  }
  const auto ip = Ipv4View::parse(ethernet->payload());
  return ip ? frame.first(EthernetHeader::kSize + ip->packet().size()) : frame;
}

ScriptedProgram& program_of(void* self) {
  return *static_cast<ScriptedProgram*>(self);
}

}  // namespace

in_addr raw(const char* text) {
  in_addr address{};
  EXPECT_EQ(::inet_aton(text, &address), 1);
  return address;
}

Octets arp_question(const IpAddress& from) {
  return arp_frame({.operation = ArpMessage::Operation::kRequest,
                    .sender_mac = kGuestMac,
                    .sender = from,
                    .target = kGateway});
}

ScriptedProgram::ScriptedProgram() {
  config.version = SLIRP_CONFIG_VERSION_MAX;
  config.in_enabled = true;
  config.vnetwork.s_addr = ::inet_addr("10.0.2.0");
  config.vnetmask.s_addr = ::inet_addr("255.255.255.0");
  config.vhost.s_addr = ::inet_addr("10.0.2.2");
  config.vdhcp_start.s_addr = ::inet_addr("10.0.2.15");
  config.vnameserver.s_addr = ::inet_addr("10.0.2.3");
  callbacks.send_packet = &on_send_packet;
  callbacks.guest_error = [](const char* message, void* self) {
    program_of(self).errors.emplace_back(message);
  };
  callbacks.clock_get_ns = [](void* self) { return program_of(self).clock(); };
  callbacks.notify = [](void* self) { ++program_of(self).notified; };
  callbacks.register_poll_socket = [](int descriptor, void* self) {
    program_of(self).registered.push_back(descriptor);
  };
  callbacks.unregister_poll_socket = [](int descriptor, void* self) {
    program_of(self).unregistered.push_back(descriptor);
  };
}

ScriptedProgram::~ScriptedProgram() {
  stop();
  for (ProgramGuestTcp* const connection : connections_) connection->program_ = nullptr;
}

bool ScriptedProgram::start() {
  slirp = slirp_new(&config, &callbacks, this);
  if (slirp == nullptr) return false;
  from_guest(arp_question());
  take_seen();
  return true;
}

void ScriptedProgram::stop() {
  slirp_cleanup(std::exchange(slirp, nullptr));
}

std::int64_t ScriptedProgram::clock() const {
  return machine_clock() + pushed_;
}

ssize_t ScriptedProgram::on_send_packet(const void* frame, std::size_t size, void* self) {
  ScriptedProgram& program = program_of(self);
  SeenFrame seen = see(without_padding({static_cast<const std::uint8_t*>(frame), size}), {});
  if (program.on_frame) program.on_frame(seen);
  program.arrived_.push_back(std::move(seen));
  return static_cast<ssize_t>(size);
}

int ScriptedProgram::on_add_poll(int descriptor, int events, void* self) {
  auto& polls = program_of(self).polls_;
  polls.push_back({descriptor, events, 0});
  return static_cast<int>(polls.size()) - 1;
}

int ScriptedProgram::on_get_events(int index, void* self) {
  return program_of(self).polls_.at(static_cast<std::size_t>(index)).ready;
}

void ScriptedProgram::turn(int patience) {
  polls_.clear();
  timeout = UINT32_MAX;
  constexpr std::uint32_t kWithPollSocket = 6;
  if (config.version >= kWithPollSocket) {
    slirp_pollfds_fill_socket(slirp, &timeout, &on_add_poll, this);
  } else {
    slirp_pollfds_fill(slirp, &timeout, &on_add_poll, this);
  }
  polled = static_cast<int>(polls_.size());
  std::vector<pollfd> waiting;
  for (const Polled& each : polls_) {
    pollfd entry{.fd = each.descriptor, .events = 0, .revents = 0};
    for (const Pair& pair : kPollEvents) {
      if ((each.events & pair.ours) != 0) {
        entry.events = static_cast<short>(entry.events | pair.theirs);
      }
    }
    waiting.push_back(entry);
  }
  const auto limit =
      static_cast<int>(std::min<std::uint32_t>(timeout, static_cast<std::uint32_t>(patience)));
  ::poll(waiting.data(), waiting.size(), limit);
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    for (const Pair& pair : kPollEvents) {
      if ((waiting[i].revents & pair.theirs) != 0) polls_[i].ready |= pair.ours;
    }
  }
  slirp_pollfds_poll(slirp, 0, &on_get_events, this);
  settle();
}

bool ScriptedProgram::run_until(const std::function<bool()>& done) {
  const std::int64_t end = machine_clock() + kPatience;
  settle();
  while (!done()) {
    if (machine_clock() > end) return false;
    constexpr int kStep = 50;  // a condition may come true without the library's doing
    turn(kStep);
  }
  return true;
}

void ScriptedProgram::let_pass(std::int64_t nanoseconds) {
  pushed_ += nanoseconds;
  turn(0);
}

void ScriptedProgram::from_guest(const Octets& frame) {
  slirp_input(slirp, frame.data(), static_cast<int>(frame.size()));
  settle();
}

bool ScriptedProgram::deliver() {
  const std::vector<SeenFrame> frames = std::exchange(arrived_, {});
  for (const SeenFrame& frame : frames) {
    const auto taker =
        std::find_if(connections_.begin(), connections_.end(),
                     [&](const auto* connection) { return connection->takes(frame); });
    if (taker == connections_.end()) {
      seen_.push_back(frame);
    } else {
      (*taker)->on_frame(frame);
    }
  }
  bool any = !frames.empty();
  for (ProgramGuestTcp* const connection : connections_) any = connection->send_segments() || any;
  return any;
}

void ScriptedProgram::settle() {
  constexpr int kMaxRounds = 100000;
  for (int i = 0; i < kMaxRounds; ++i) {
    if (slirp == nullptr || !deliver()) return;
  }
  FAIL() << "the guest and the library never come to rest";
}

std::vector<SeenFrame> ScriptedProgram::take_seen() {
  return std::exchange(seen_, {});
}

std::string ScriptedProgram::connections() const {
  const std::unique_ptr<char, decltype(&std::free)> text(slirp_connection_info(slirp), &std::free);
  return text == nullptr ? "" : text.get();
}

tcp::Parameters ProgramGuestTcp::parameters() {
  return {.initial_sequence = tcp::Sequence(0xfffffff0),  // wraps soon
          .timestamp_offset = 77,
          .maximum_segment_size = 1460,
          .receive_space = kSpace};
}

Time ProgramGuestTcp::now() const {
  return Time(Duration(program_->clock()));
}

ProgramGuestTcp::ProgramGuestTcp(ScriptedProgram& program, std::uint16_t port,
                                 const Endpoint& remote)
    : program_(&program), port_(port), remote_(remote) {
  connection_.emplace(tcp::Connection::to_guest(now(), parameters()));
  program_->connections_.push_back(this);
}

ProgramGuestTcp::ProgramGuestTcp(ScriptedProgram& program, std::uint16_t port)
    : program_(&program), port_(port) {
  program_->connections_.push_back(this);
}

ProgramGuestTcp::~ProgramGuestTcp() {
  if (program_ != nullptr) std::erase(program_->connections_, this);
}

void ProgramGuestTcp::move_to(ScriptedProgram& program) {
  std::erase(program_->connections_, this);
  program_ = &program;
  program_->connections_.push_back(this);
}

void ProgramGuestTcp::write(std::string_view bytes) {
  queue_ += bytes;
  connection_->enqueue(static_cast<std::uint32_t>(bytes.size()));
}

bool ProgramGuestTcp::takes(const SeenFrame& frame) const {
  if (!frame.tcp || frame.tcp->destination_port != port_) return false;
  if (!connection_) return frame.tcp->flags.syn;
  return remote_ == Endpoint{frame.ip->source, frame.tcp->source_port};
}

void ProgramGuestTcp::on_frame(const SeenFrame& frame) {
  const TcpHeader& header = *frame.tcp;
  const tcp::Segment segment{.sequence = tcp::Sequence(header.sequence),
                             .acknowledgment = tcp::Sequence(header.acknowledgment),
                             .flags = header.flags,
                             .window = header.window,
                             .options = frame.tcp_options,
                             .payload = as_bytes(frame.payload)};
  if (!connection_) {
    remote_ = {frame.ip->source, header.source_port};
    connection_.emplace(tcp::Connection::from_syn(now(), segment, parameters()));
    connection_->admit();
    return;
  }
  const tcp::Arrival arrival = connection_->on_segment(now(), segment);
  queue_.erase(0, arrival.acknowledged);
  // The library sends in order, and nothing is lost on the way.
  if (arrival.payload.empty() || arrival.offset != 0) return;
  arrival.payload.for_each([this](Bytes piece) { received_ += as_text(piece); });
  connection_->received(now(), static_cast<std::uint32_t>(arrival.payload.size()));
}

bool ProgramGuestTcp::send_segments() {
  if (!connection_) return false;
  const auto due = connection_->deadline(now());
  if (due && *due <= now()) connection_->on_time(now());
  connection_->set_receive_space(kSpace);
  bool any = false;
  while (const auto segment = connection_->next(now(), 0)) {
    any = true;
    const TcpHeader header{.source_port = port_,
                           .destination_port = remote_.port,
                           .sequence = segment->sequence.number(),
                           .acknowledgment = segment->acknowledgment.number(),
                           .flags = segment->flags,
                           .window = segment->window};
    const Octets bytes = tcp_frame(kGuestAddress, remote_.address, header, segment->options,
                                   as_bytes(queue_).subspan(segment->offset, segment->length));
    slirp_input(program_->slirp, bytes.data(), static_cast<int>(bytes.size()));
  }
  return any;
}

}  // namespace sluice
