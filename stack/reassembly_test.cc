#include "stack/reassembly.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "stack/checksum.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using Packet = std::vector<std::uint8_t>;

Packet counting_bytes(std::size_t size) {
  Packet bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return bytes;
}

// One packet on a wire: `options` (a multiple of 4 bytes) between header and payload.
Packet packet_of(Ipv4Header header, const Packet& payload, const Packet& options = {}) {
  const std::size_t header_size = Ipv4Header::kSize + options.size();
  header.total_length = static_cast<std::uint16_t>(header_size + payload.size());
  Packet packet(Ipv4Header::kSize);
  header.emit(packet);
  packet.insert(packet.end(), options.begin(), options.end());
  packet[0] = static_cast<std::uint8_t>(0x40 | header_size / 4);
  store_big(MutableBytes(packet), 10, std::uint16_t{0});
  store_big(MutableBytes(packet), 10, internet_checksum(packet));
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

Ipv4Header header_of(std::uint16_t identification) {
  return {.identification = identification,
          .protocol = IpProtocol::kUdp,
          .source = IpAddress::v4(10, 0, 2, 15),
          .destination = IpAddress::v4(192, 0, 2, 1)};
}

// Bytes [begin, end) of `whole` as a fragment of packet `identification`.
Packet fragment_of(const Packet& whole, std::size_t begin, std::size_t end,
                   std::uint16_t identification = 1) {
  Ipv4Header header = header_of(identification);
  header.fragment_offset = static_cast<std::uint16_t>(begin);
  header.more_fragments = end < whole.size();
  return packet_of(header, Packet(whole.begin() + static_cast<std::ptrdiff_t>(begin),
                                  whole.begin() + static_cast<std::ptrdiff_t>(end)));
}

// A Reassembler and the world it needs.
struct Bench {
  explicit Bench(const ReassemblyLimits& limits = {}) : reassembler(limits, counters, timers) {}

  std::optional<Packet> add(const Packet& packet) {
    const auto view = Ipv4View::parse(packet);
    if (!view) throw std::logic_error("the test made a wrong packet");
    const auto whole = reassembler.add(now, Fragment(*view));
    if (!whole) return std::nullopt;
    return Packet(whole->begin(), whole->end());
  }
  void wait(Duration duration) {
    now += duration;
    timers.advance(now);
  }
  std::uint64_t dropped(Drop reason) const { return counters.dropped(reason); }
  std::uint64_t dropped() const {
    std::uint64_t sum = 0;
    for (const auto count : counters.drops) sum += count;
    return sum;
  }

  Time now{};
  Counters counters;
  TimerWheel timers{Time{}};
  Reassembler reassembler;
};

TEST(Reassembly, AWholePacketComesBackAsItIs) {
  Bench bench;
  const Packet packet = packet_of(header_of(1), counting_bytes(5));
  EXPECT_EQ(bench.add(packet), packet);
  EXPECT_EQ(bench.reassembler.datagrams(), 0);
}

TEST(Reassembly, FragmentsInOrderGiveTheWholePacket) {
  Bench bench;
  const Packet payload = counting_bytes(3000);
  EXPECT_FALSE(bench.add(fragment_of(payload, 0, 1480)));
  EXPECT_FALSE(bench.add(fragment_of(payload, 1480, 2960)));
  EXPECT_EQ(bench.add(fragment_of(payload, 2960, 3000)), packet_of(header_of(1), payload));
  EXPECT_EQ(bench.reassembler.datagrams(), 0);
  EXPECT_EQ(bench.reassembler.buffered_bytes(), 0);
  EXPECT_FALSE(bench.timers.deadline());
  EXPECT_EQ(bench.dropped(), 0);
}

TEST(Reassembly, LargestPacketIsPutTogether) {
  Bench bench;
  const Packet payload = counting_bytes(65515);
  std::optional<Packet> whole;
  for (std::size_t at = 0; at < payload.size(); at += 1480) {
    ASSERT_FALSE(whole);
    whole = bench.add(fragment_of(payload, at, std::min(at + 1480, payload.size())));
  }
  EXPECT_EQ(whole, packet_of(header_of(1), payload));
}

TEST(Reassembly, HeaderOfTheFirstFragmentStaysWithItsOptions) {
  Bench bench;
  const Packet payload = counting_bytes(24);
  const Packet options = {0x94, 4, 0, 0};  // router alert
  Ipv4Header last = header_of(1);
  last.fragment_offset = 16;
  last.ttl = 9;
  EXPECT_FALSE(bench.add(packet_of(last, Packet(payload.begin() + 16, payload.end()))));
  Ipv4Header first = header_of(1);
  first.more_fragments = true;
  first.dont_fragment = true;
  first.tos = 0x10;
  const auto whole =
      bench.add(packet_of(first, Packet(payload.begin(), payload.begin() + 16), options));
  first.more_fragments = false;
  first.dont_fragment = false;
  EXPECT_EQ(whole, packet_of(first, payload, options));
}

TEST(Reassembly, PacketsAreKeptApartByAddressesProtocolAndIdentification) {
  Bench bench;
  std::vector<Ipv4Header> headers(5, header_of(1));
  headers[1].identification = 2;
  headers[2].source = IpAddress::v4(10, 0, 2, 16);
  headers[3].destination = IpAddress::v4(192, 0, 2, 2);
  headers[4].protocol = IpProtocol::kIcmp;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Ipv4Header first = headers[i];
    first.more_fragments = true;
    EXPECT_FALSE(bench.add(packet_of(first, Packet(8, static_cast<std::uint8_t>(i)))));
  }
  EXPECT_EQ(bench.reassembler.datagrams(), 5);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Ipv4Header last = headers[i];
    last.fragment_offset = 8;
    const auto byte = static_cast<std::uint8_t>(i);
    EXPECT_EQ(bench.add(packet_of(last, Packet(3, byte))), packet_of(headers[i], Packet(11, byte)));
  }
}

TEST(Reassembly, ExactRepetitionIsIgnored) {
  Bench bench;
  const Packet payload = counting_bytes(24);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(bench.add(fragment_of(payload, 16, 24)));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(bench.add(fragment_of(payload, 0, 8)));
  EXPECT_EQ(bench.add(fragment_of(payload, 8, 16)), packet_of(header_of(1), payload));
  EXPECT_EQ(bench.dropped(), 0);
}

// Ranges against [16, 32) of a packet of which [48, 56) is the end.
TEST(Reassembly, AnyOverlapDiscardsTheWholePacketAndWhatIsStillToCome) {
  const std::pair<std::size_t, std::size_t> overlaps[] = {
      {8, 24}, {24, 40}, {16, 24}, {24, 32}, {8, 40}, {16, 40}, {8, 32}, {0, 56}, {40, 64}};
  for (const auto& [begin, end] : overlaps) {
    Bench bench;
    const Packet payload = counting_bytes(56);
    EXPECT_FALSE(bench.add(fragment_of(payload, 16, 32)));
    EXPECT_FALSE(bench.add(fragment_of(payload, 48, 56)));
    Ipv4Header header = header_of(1);
    header.fragment_offset = static_cast<std::uint16_t>(begin);
    header.more_fragments = true;
    EXPECT_FALSE(bench.add(packet_of(header, counting_bytes(end - begin))));
    EXPECT_EQ(bench.dropped(Drop::kReassemblyOverlap), 1) << begin << " to " << end;
    EXPECT_EQ(bench.reassembler.buffered_bytes(), 0);
    // All of it again: it is not to be put together any more, until its time is over.
    for (std::size_t at = 0; at < 56; at += 8) {
      EXPECT_FALSE(bench.add(fragment_of(payload, at, at + 8)));
    }
    EXPECT_EQ(bench.dropped(Drop::kReassemblyOverlap), 8);
    bench.wait(seconds(31));
    EXPECT_EQ(bench.dropped(), 8);
    EXPECT_FALSE(bench.add(fragment_of(payload, 0, 32)));
    EXPECT_TRUE(bench.add(fragment_of(payload, 32, 56)));
  }
}

TEST(Reassembly, RepetitionWithOtherBytesIsAConflict) {
  Bench bench;
  Packet payload = counting_bytes(24);
  EXPECT_FALSE(bench.add(fragment_of(payload, 8, 16)));
  payload[15] ^= 1;
  EXPECT_FALSE(bench.add(fragment_of(payload, 8, 16)));
  EXPECT_EQ(bench.dropped(Drop::kReassemblyOverlap), 1);
}

TEST(Reassembly, DisagreementAboutTheEndIsAConflict) {
  const Packet shorter = counting_bytes(24);
  const Packet longer = counting_bytes(32);
  using Fragments = std::vector<Packet>;
  const Fragments cases[] = {
      {fragment_of(shorter, 16, 24), fragment_of(longer, 24, 32)},  // two ends
      {fragment_of(longer, 24, 32), fragment_of(shorter, 16, 24)},
      {fragment_of(shorter, 16, 24), fragment_of(longer, 16, 24)},  // the end, and more behind it
      {fragment_of(longer, 16, 24), fragment_of(shorter, 16, 24)},
      {fragment_of(counting_bytes(40), 24, 32), fragment_of(shorter, 16, 24)},  // past the end
      {fragment_of(shorter, 16, 24), fragment_of(counting_bytes(40), 24, 32)},
  };
  for (const Fragments& fragments : cases) {
    Bench bench;
    for (const Packet& fragment : fragments) EXPECT_FALSE(bench.add(fragment));
    EXPECT_EQ(bench.dropped(Drop::kReassemblyOverlap), 1);
  }
}

TEST(Reassembly, MalformedFragmentsAreRefusedAndDoNoHarmToOthers) {
  Bench bench;
  const Packet payload = counting_bytes(24);
  EXPECT_FALSE(bench.add(fragment_of(payload, 0, 8)));

  Ipv4Header header = header_of(1);
  header.more_fragments = true;
  EXPECT_FALSE(bench.add(packet_of(header, {})));
  header.fragment_offset = 8;
  EXPECT_FALSE(bench.add(packet_of(header, Packet(9))));  // no multiple of 8
  header.more_fragments = false;
  EXPECT_FALSE(bench.add(packet_of(header, {})));
  header.fragment_offset = 65512;
  EXPECT_FALSE(bench.add(packet_of(header, Packet(4))));  // one byte too many with its header
  header.fragment_offset = 65528;
  EXPECT_FALSE(bench.add(packet_of(header, Packet(1000))));
  EXPECT_EQ(bench.dropped(Drop::kMalformed), 5);
  EXPECT_EQ(bench.reassembler.datagrams(), 1);

  EXPECT_TRUE(bench.add(fragment_of(payload, 8, 24)));
}

TEST(Reassembly, AFirstHeaderThatMakesThePacketTooLongSpoilsIt) {
  Bench bench;
  const Packet payload = counting_bytes(65515);
  EXPECT_FALSE(bench.add(fragment_of(payload, 32768, 65515)));
  Ipv4Header first = header_of(1);
  first.more_fragments = true;
  EXPECT_FALSE(
      bench.add(packet_of(first, Packet(payload.begin(), payload.begin() + 32768), {1, 1, 1, 1})));
  EXPECT_EQ(bench.dropped(Drop::kMalformed), 1);
  EXPECT_EQ(bench.reassembler.datagrams(), 0);
}

TEST(Reassembly, WhatNeverCompletesIsForgottenAfterItsLifetime) {
  Bench bench;
  const Packet payload = counting_bytes(24);
  bench.add(fragment_of(payload, 0, 8, 1));
  bench.wait(seconds(20));
  bench.add(fragment_of(payload, 0, 8, 2));
  bench.add(fragment_of(payload, 8, 16, 1));  // does not prolong it
  bench.wait(seconds(9));
  EXPECT_EQ(bench.reassembler.datagrams(), 2);
  bench.wait(seconds(2));
  EXPECT_EQ(bench.reassembler.datagrams(), 1);
  EXPECT_EQ(bench.dropped(Drop::kReassemblyTimeout), 1);
  EXPECT_FALSE(bench.add(fragment_of(payload, 16, 24, 1)));
  EXPECT_TRUE(bench.add(fragment_of(payload, 8, 24, 2)));
  bench.wait(seconds(60));
  EXPECT_EQ(bench.reassembler.datagrams(), 0);
  EXPECT_EQ(bench.reassembler.buffered_bytes(), 0);
  EXPECT_EQ(bench.dropped(Drop::kReassemblyTimeout), 2);
  EXPECT_FALSE(bench.timers.deadline());
}

TEST(Reassembly, TheOldestGivesWayWhenThereAreTooManyPackets) {
  Bench bench({.datagrams = 4});
  const Packet payload = counting_bytes(16);
  for (std::uint16_t id = 1; id <= 6; ++id) bench.add(fragment_of(payload, 0, 8, id));
  EXPECT_EQ(bench.reassembler.datagrams(), 4);
  EXPECT_EQ(bench.dropped(Drop::kReassemblyLimit), 2);
  for (std::uint16_t id = 3; id <= 6; ++id) EXPECT_TRUE(bench.add(fragment_of(payload, 8, 16, id)));
  EXPECT_FALSE(bench.add(fragment_of(payload, 8, 16, 1)));
}

TEST(Reassembly, ADiscardedPacketThatGivesWayIsNotCountedAgain) {
  Bench bench({.datagrams = 1});
  const Packet payload = counting_bytes(32);
  bench.add(fragment_of(payload, 0, 16, 1));
  bench.add(fragment_of(payload, 8, 24, 1));
  bench.add(fragment_of(payload, 0, 16, 2));
  EXPECT_EQ(bench.dropped(), 1);
  EXPECT_TRUE(bench.add(fragment_of(payload, 16, 32, 2)));
}

TEST(Reassembly, TheOldestGivesWayWhenTheBytesAreUsedUp) {
  Bench bench({.bytes = 10000});
  const Packet payload = counting_bytes(4008);
  for (std::uint16_t id = 1; id <= 3; ++id) bench.add(fragment_of(payload, 0, 4000, id));
  EXPECT_EQ(bench.reassembler.datagrams(), 2);
  EXPECT_LE(bench.reassembler.buffered_bytes(), 10000);
  EXPECT_EQ(bench.dropped(Drop::kReassemblyLimit), 1);
  // Also when it is the oldest of all that grows.
  const Packet larger = counting_bytes(8008);
  EXPECT_FALSE(bench.add(fragment_of(larger, 4000, 8000, 2)));
  EXPECT_TRUE(bench.add(fragment_of(larger, 8000, 8008, 2)));
  EXPECT_FALSE(bench.add(fragment_of(payload, 4000, 4008, 3)));
  EXPECT_EQ(bench.dropped(Drop::kReassemblyLimit), 2);
}

TEST(Reassembly, APacketLargerThanTheBudgetIsDiscarded) {
  Bench bench({.bytes = 1000});
  const Packet payload = counting_bytes(2000);
  EXPECT_FALSE(bench.add(fragment_of(payload, 0, 800)));
  EXPECT_FALSE(bench.add(fragment_of(payload, 800, 1600)));
  EXPECT_FALSE(bench.add(fragment_of(payload, 1600, 2000)));
  EXPECT_EQ(bench.dropped(Drop::kReassemblyLimit), 2);
  EXPECT_EQ(bench.reassembler.buffered_bytes(), 0);
}

TEST(Reassembly, APacketInTooManyPiecesIsDiscarded) {
  Bench bench({.fragments = 4});
  const Packet payload = counting_bytes(48);
  for (std::size_t at = 0; at < 48; at += 8) {
    EXPECT_FALSE(bench.add(fragment_of(payload, at, at + 8, 1)));
  }
  EXPECT_EQ(bench.dropped(Drop::kReassemblyLimit), 2);
  std::optional<Packet> whole;
  for (std::size_t at = 0; at < 48; at += 16) {
    whole = bench.add(fragment_of(payload, at, std::min<std::size_t>(at + 16, 48), 2));
  }
  EXPECT_TRUE(whole);
}

TEST(Reassembly, AFloodThatNeverCompletesStaysWithinTheLimits) {
  Bench bench;
  const ReassemblyLimits limits;
  const Packet payload = counting_bytes(65000);
  Packet fragment = fragment_of(payload, 32000, 33480);
  for (std::uint32_t i = 0; i < 100000; ++i) {
    // Another packet each time, and a few fragments of each thousandth.
    store_big(MutableBytes(fragment), 4, static_cast<std::uint16_t>(i % 1000 == 0 ? 0 : i));
    store_big(MutableBytes(fragment), 6, static_cast<std::uint16_t>(0x2000 | i % 7000));
    store_big(MutableBytes(fragment), 10, std::uint16_t{0});
    store_big(MutableBytes(fragment), 10, internet_checksum(Bytes(fragment).first(20)));
    bench.add(fragment);
    ASSERT_LE(bench.reassembler.datagrams(), limits.datagrams);
    ASSERT_LE(bench.reassembler.buffered_bytes(), limits.bytes);
  }
  bench.wait(seconds(31));
  EXPECT_EQ(bench.reassembler.datagrams(), 0);
  EXPECT_EQ(bench.reassembler.buffered_bytes(), 0);
}

// Cuts of a payload at multiples of 8.
std::vector<std::size_t> any_cuts(std::size_t size) {
  const auto inner = *rc::gen::container<std::set<std::size_t>>(rc::gen::map(
      rc::gen::inRange<std::size_t>(0, size), [](std::size_t at) { return at / 8 * 8; }));
  std::set<std::size_t> cuts(inner);
  cuts.insert(0);
  cuts.insert(size);
  return {cuts.begin(), cuts.end()};
}

RC_GTEST_PROP(Reassembly, FragmentsInAnyOrderWithRepetitionsGiveTheWholePacket, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(9, 3000);
  const Packet payload = counting_bytes(size);
  const auto cuts = any_cuts(size);
  RC_PRE(cuts.size() > 2 && cuts.size() < 128);
  std::vector<Packet> fragments;
  for (std::size_t i = 1; i < cuts.size(); ++i) {
    fragments.push_back(fragment_of(payload, cuts[i - 1], cuts[i]));
  }
  // Each at least once, then some again, in any order.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < fragments.size(); ++i) {
    order.insert(order.end(), *rc::gen::inRange<std::size_t>(1, 4), i);
  }
  for (std::size_t i = order.size() - 1; i > 0; --i) {
    std::swap(order[i], order[*rc::gen::inRange<std::size_t>(0, i + 1)]);
  }
  Bench bench;
  std::set<std::size_t> seen;
  for (const std::size_t index : order) {
    const auto whole = bench.add(fragments[index]);
    seen.insert(index);
    RC_ASSERT(whole.has_value() == (seen.size() == fragments.size()));
    if (!whole) continue;
    RC_ASSERT(*whole == packet_of(header_of(1), payload));
    break;
  }
  RC_ASSERT(bench.dropped() == 0U);
}

RC_GTEST_PROP(Reassembly, InterleavedPacketsDoNotMix, ()) {
  Bench bench;
  std::vector<std::pair<std::uint16_t, Packet>> fragments;
  std::vector<Packet> payloads;
  for (std::uint16_t id = 0; id < 8; ++id) {
    const auto size = *rc::gen::inRange<std::size_t>(17, 200);
    Packet payload(size, static_cast<std::uint8_t>(id + 1));
    for (std::size_t at = 0; at < size; at += 16) {
      fragments.emplace_back(id, fragment_of(payload, at, std::min(at + 16, size), id));
    }
    payloads.push_back(std::move(payload));
  }
  for (std::size_t i = fragments.size() - 1; i > 0; --i) {
    std::swap(fragments[i], fragments[*rc::gen::inRange<std::size_t>(0, i + 1)]);
  }
  std::size_t complete = 0;
  for (const auto& [id, fragment] : fragments) {
    if (const auto whole = bench.add(fragment)) {
      RC_ASSERT(*whole == packet_of(header_of(id), payloads[id]));
      ++complete;
    }
  }
  RC_ASSERT(complete == payloads.size());
  RC_ASSERT(bench.reassembler.datagrams() == 0U);
}

RC_GTEST_PROP(Reassembly, AnyFragmentsStayWithinTheLimits, ()) {
  const ReassemblyLimits limits{.datagrams = 3, .bytes = 400, .fragments = 4};
  Bench bench(limits);
  const auto steps = *rc::gen::inRange(0, 200);
  for (int i = 0; i < steps; ++i) {
    Ipv4Header header = header_of(*rc::gen::inRange<std::uint16_t>(0, 5));
    header.fragment_offset = static_cast<std::uint16_t>(*rc::gen::inRange(0, 16) * 8);
    header.more_fragments = *rc::gen::arbitrary<bool>();
    const auto size = *rc::gen::inRange<std::size_t>(0, 8) * 8;
    const auto whole = bench.add(packet_of(header, Packet(size)));
    if (whole) {
      const auto view = Ipv4View::parse(*whole);
      RC_ASSERT(view.has_value());
      RC_ASSERT(!view->is_fragment());
      RC_ASSERT(view->packet().size() == whole->size());
    }
    RC_ASSERT(bench.reassembler.datagrams() <= limits.datagrams);
    RC_ASSERT(bench.reassembler.buffered_bytes() <= limits.bytes);
    if (*rc::gen::inRange(0, 20) == 0) bench.wait(seconds(*rc::gen::inRange(1, 20)));
  }
  bench.wait(seconds(31));
  RC_ASSERT(bench.reassembler.datagrams() == 0U);
  RC_ASSERT(bench.reassembler.buffered_bytes() == 0U);
  RC_ASSERT(!bench.timers.deadline().has_value());
}

}  // namespace
}  // namespace sluice
