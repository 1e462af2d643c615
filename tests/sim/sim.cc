#include "tests/sim/sim.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/sim/guest_tcp.h"

namespace sluice {

Sim::Sim(const NatConfig& config, const LinkCapabilities& capabilities)
    : link(capabilities), nat(config, link, host, Seed{1, 2}, now) {
  from_guest(arp_frame({.operation = ArpMessage::Operation::kRequest,
                        .sender_mac = kGuestMac,
                        .sender = kGuestAddress,
                        .target = config.network.v4.host}));
  take_seen();
}

void Sim::from_guest(const Octets& bytes, const Offload& offload) {
  give(bytes, offload);
  settle();
}

void Sim::give(const Octets& bytes, const Offload& offload) {
  Frame frame{bytes, offload};
  std::vector<Bytes> rest;
  if (piece != 0 && bytes.size() > Frame::kHeaders) {
    frame.bytes = frame.bytes.first(Frame::kHeaders);
    for (Bytes left = Bytes(bytes).subspan(Frame::kHeaders); !left.empty();) {
      rest.push_back(left.first(std::min(left.size(), piece)));
      left = left.subspan(rest.back().size());
    }
    frame.rest = rest;
  }
  nat.on_frames(now, gsl::span<const Frame>(&frame, 1));
}

bool Sim::exchange_once() {
  bool any = false;
  const std::vector<HostEvent> events = host.take_events();
  if (!events.empty()) {
    any = true;
    nat.on_host(now, events);
  }
  const auto deadline = nat.deadline();
  if (deadline && *deadline <= now) {
    any = true;
    nat.on_time(now);
  }
  for (const KeepingLink::Kept& kept : link.take()) {
    any = true;
    SeenFrame frame = see(kept.frame, kept.offload);
    const auto guest = std::find_if(guests_.begin(), guests_.end(),
                                    [&](const GuestTcp* g) { return g->takes(frame); });
    if (guest == guests_.end()) {
      seen_.push_back(std::move(frame));
    } else if (!loses()) {
      (*guest)->on_frame(now, frame);
    }
  }
  for (GuestTcp* const guest : guests_) any = guest->send_segments(now) || any;
  return any;
}

void Sim::settle() {
  constexpr int kMaxExchanges = 100000;
  for (int i = 0; i < kMaxExchanges; ++i) {
    if (!exchange_once()) return;
  }
  FAIL() << "guest, Nat and host never come to rest";
}

void Sim::run_for(Duration duration) {
  const Time end = now + duration;
  settle();
  for (;;) {
    std::optional<Time> next = nat.deadline();
    for (const GuestTcp* const guest : guests_) {
      const auto deadline = guest->deadline(now);
      if (deadline && (!next || *deadline < *next)) next = deadline;
    }
    if (!next || *next > end) break;
    now = std::max(now, *next);
    for (GuestTcp* const guest : guests_) guest->on_time(now);
    settle();
  }
  now = end;
  settle();
}

std::vector<SeenFrame> Sim::take_seen() {
  return std::exchange(seen_, {});
}

}  // namespace sluice
