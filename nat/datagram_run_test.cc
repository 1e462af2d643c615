#include "nat/datagram_run.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <vector>

namespace sluice {
namespace {

constexpr Endpoint kPeer{IpAddress::v4(192, 0, 2, 1), 7};
constexpr std::array<std::uint8_t, 2000> kSome{};

std::vector<HostDatagram> datagrams_of(const std::vector<std::size_t>& sizes) {
  std::vector<HostDatagram> datagrams;
  datagrams.reserve(sizes.size());
  for (const std::size_t size : sizes) {
    datagrams.push_back({.peer = kPeer, .payload = Bytes(kSome).first(size)});
  }
  return datagrams;
}

std::size_t run_of(const std::vector<std::size_t>& sizes) {
  return run_length(datagrams_of(sizes), kMaxRun, 65507);
}

TEST(DatagramRun, IsOfOneSize) {
  EXPECT_EQ(run_of({}), 0U);
  EXPECT_EQ(run_of({100}), 1U);
  EXPECT_EQ(run_of({100, 100, 100, 101}), 3U);
}

TEST(DatagramRun, EndsWithAShorterOne) {
  EXPECT_EQ(run_of({100, 100, 99, 99}), 3U);
}

TEST(DatagramRun, HoldsNothingEmpty) {
  EXPECT_EQ(run_of({0, 0}), 1U);
  EXPECT_EQ(run_of({100, 0}), 1U);
}

TEST(DatagramRun, IsForOnePeer) {
  std::vector<HostDatagram> datagrams = datagrams_of({100, 100});
  datagrams[1].peer.port = 8;
  EXPECT_EQ(run_length(datagrams, kMaxRun, 65507), 1U);
}

TEST(DatagramRun, HasOneTtl) {
  std::vector<HostDatagram> datagrams = datagrams_of({100, 100});
  datagrams[1].ttl = 3;
  EXPECT_EQ(run_length(datagrams, kMaxRun, 65507), 1U);
}

RC_GTEST_PROP(DatagramRun, KeepsWithinItsBounds, ()) {
  const auto sizes = *rc::gen::container<std::vector<std::size_t>>(
      rc::gen::element<std::size_t>(0, 1, 8, 8, 8, 1400, 1400, 1400, 2000));
  const auto most = *rc::gen::inRange<std::size_t>(1, 70);
  const auto bytes = *rc::gen::inRange<std::size_t>(2000, 8000);
  const std::vector<HostDatagram> datagrams = datagrams_of(sizes);
  const std::size_t length = run_length(datagrams, most, bytes);
  RC_ASSERT(length <= most);
  RC_ASSERT(length <= sizes.size());
  RC_ASSERT(sizes.empty() || length >= 1);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < length; ++i) sum += sizes[i];
  RC_ASSERT(sum <= bytes);
}

}  // namespace
}  // namespace sluice
