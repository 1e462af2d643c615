#include "stack/tcp/two_machines.h"

#include <algorithm>

namespace sluice::tcp {

TwoMachines::TwoMachines(const Impairment& impairment, const Seed& seed)
    : impairment_(impairment), random_(seed) {}

void TwoMachines::open(const Parameters& a_parameters, const Parameters& b_parameters) {
  b_parameters_ = b_parameters;
  a.connection.emplace(Connection::to_guest(now, a_parameters));
  turn(a);
}

bool TwoMachines::run(Duration limit) {
  const Time end = now + limit;
  while (now < end) {
    std::optional<Time> next;
    if (!link_.empty()) next = link_.begin()->first;
    for (Machine* machine : {&a, &b}) {
      if (!machine->connection) continue;
      const auto deadline = machine->connection->deadline(now);
      if (deadline && (!next || *deadline < *next)) next = deadline;
    }
    if (!next) break;
    now = std::max(now, *next);
    while (!link_.empty() && link_.begin()->first <= now) {
      auto flying = link_.extract(link_.begin());
      deliver(flying.mapped());
    }
    for (Machine* machine : {&a, &b}) {
      if (!machine->connection) continue;
      if (machine->connection->deadline(now) <= now) machine->connection->on_time(now);
      turn(*machine);
    }
  }
  return a.connection && b.connection && a.connection->closed() && b.connection->closed();
}

void TwoMachines::turn(Machine& machine) {
  Connection& connection = *machine.connection;
  constexpr std::size_t kSendQueue = 262144;
  const std::size_t room = kSendQueue - (machine.enqueued - machine.acknowledged);
  const std::size_t more = std::min(room, machine.to_send.size() - machine.enqueued);
  if (more != 0) {
    machine.enqueued += more;
    connection.enqueue(static_cast<std::uint32_t>(more));
  }
  if (machine.enqueued == machine.to_send.size()) connection.finish();
  connection.set_receive_space(static_cast<std::uint32_t>(machine.space));
  for (int i = 0; i < 10000; ++i) {
    const auto outgoing = connection.next(now, 65536);
    if (!outgoing) break;
    send(machine, *outgoing);
  }
}

void TwoMachines::send(Machine& from, const Outgoing& outgoing) {
  // The link cuts what is larger than a segment, as a tap's reader does.
  const std::size_t base = from.acknowledged + outgoing.offset;
  std::uint32_t done = 0;
  do {
    const std::uint32_t size =
        std::min<std::uint32_t>(outgoing.length - done, outgoing.segment_size);
    Flying flying{&from == &a ? &b : &a, {}, {}};
    flying.segment.sequence = outgoing.sequence + done;
    flying.segment.acknowledgment = outgoing.acknowledgment;
    flying.segment.flags = outgoing.flags;
    flying.segment.flags.fin = outgoing.flags.fin && done + size == outgoing.length;
    flying.segment.window = outgoing.window;
    flying.segment.options = outgoing.options;
    const auto first = from.to_send.begin() + static_cast<std::ptrdiff_t>(base + done);
    flying.payload.assign(first, first + size);
    done += size;
    ++from.segments_sent;
    if (random_.below(100) < impairment_.loss_percent) continue;
    const unsigned copies = random_.below(100) < impairment_.duplicate_percent ? 2 : 1;
    for (unsigned copy = 0; copy < copies; ++copy) {
      const std::uint32_t jitter =
          impairment_.jitter_ms == 0 ? 0 : random_.below(impairment_.jitter_ms * 1000);
      link_.emplace(
          now + std::chrono::milliseconds(impairment_.delay_ms) + std::chrono::microseconds(jitter),
          flying);
    }
  } while (done < outgoing.length);
}

void TwoMachines::deliver(Flying& flying) {
  Machine& machine = *flying.to;
  flying.segment.payload = Bytes(flying.payload);
  if (!machine.connection) {
    if (!flying.segment.flags.syn || flying.segment.flags.ack) return;
    machine.connection.emplace(Connection::from_syn(now, flying.segment, b_parameters_));
    machine.connection->admit();
    return;
  }
  take(machine, machine.connection->on_segment(now, flying.segment));
}

void TwoMachines::take(Machine& machine, const Arrival& arrival) {
  machine.acknowledged += arrival.acknowledged;
  if (arrival.payload.empty()) return;
  Connection& connection = *machine.connection;
  if (arrival.offset != 0) {
    const auto count = static_cast<std::uint32_t>(arrival.payload.size());
    if (connection.keep(arrival.offset, count)) {
      machine.aside[machine.received.size() + arrival.offset] = arrival.payload.to_vector();
    }
    return;
  }
  ++machine.deliveries;
  if (machine.refuse_every != 0 && machine.deliveries % machine.refuse_every == 0) {
    connection.received(now, 0);
    return;
  }
  arrival.payload.for_each([&](Bytes piece) {
    machine.received.insert(machine.received.end(), piece.begin(), piece.end());
  });
  const std::uint32_t filled =
      connection.received(now, static_cast<std::uint32_t>(arrival.payload.size()));
  const std::size_t target = machine.received.size() + filled;
  // Pieces put aside may overlap each other and what has come since.
  for (const auto& [offset, piece] : machine.aside) {
    if (offset > machine.received.size()) break;
    const std::size_t skip = machine.received.size() - offset;
    if (skip >= piece.size() || machine.received.size() >= target) continue;
    const std::size_t count = std::min(piece.size() - skip, target - machine.received.size());
    const auto first = piece.begin() + static_cast<std::ptrdiff_t>(skip);
    machine.received.insert(machine.received.end(), first,
                            first + static_cast<std::ptrdiff_t>(count));
  }
  std::erase_if(machine.aside, [&](const auto& piece) {
    return piece.first + piece.second.size() <= machine.received.size();
  });
}

}  // namespace sluice::tcp
