#include "app/replay_host.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

constexpr Token kToken{.kind = Token::Kind::kTcp, .index = 7};
StreamTarget web_server() {
  return Endpoint{IpAddress::v4(192, 0, 2, 1), 80};
}
constexpr std::array<std::uint8_t, 5> kData = {1, 2, 3, 4, 5};

TEST(ReplayHost, AnAcceptedConnectionSwallowsWhatItIsSent) {
  ReplayHost host(ReplayHost::Manner::kAccept);
  const Opened opened = host.connect(kToken, web_server());
  const auto events = host.take_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].token, kToken);
  EXPECT_TRUE(events[0].ready.writable);
  EXPECT_EQ(host.take_error(opened.id), std::errc{});
  const std::array<Bytes, 2> pieces = {Bytes(kData), Bytes(kData)};
  EXPECT_EQ(host.send(opened.id, pieces).bytes, 10U);
  EXPECT_TRUE(host.receive(opened.id, {}).would_block());
  EXPECT_TRUE(host.take_events().empty());
}

TEST(ReplayHost, TheOtherSideFinishesWhenTheGuestDoes) {
  ReplayHost host(ReplayHost::Manner::kAccept);
  const Opened opened = host.connect(kToken, web_server());
  host.take_events();
  host.shutdown_send(opened.id);
  const auto events = host.take_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].ready.readable);
  const Transfer end = host.receive(opened.id, {});
  EXPECT_EQ(end.bytes, 0U);
  EXPECT_EQ(end.error, std::errc{});
  host.close(opened.id, CloseMode::kGraceful);
  EXPECT_EQ(host.open_sockets(), 0U);
}

TEST(ReplayHost, ARefusedConnectionSaysSo) {
  ReplayHost host(ReplayHost::Manner::kRefuse);
  const Opened opened = host.connect(kToken, web_server());
  ASSERT_EQ(host.take_events().size(), 1U);
  EXPECT_EQ(host.take_error(opened.id), std::errc::connection_refused);
}

TEST(ReplayHost, ASilentHostNeverAnswers) {
  ReplayHost host(ReplayHost::Manner::kSilent);
  const Opened opened = host.connect(kToken, web_server());
  EXPECT_TRUE(host.take_events().empty());
  const std::array<Bytes, 1> pieces = {Bytes(kData)};
  EXPECT_TRUE(host.send(opened.id, pieces).would_block());
}

TEST(ReplayHost, RefusedDatagramsComeBackAsErrorsUpToALimit) {
  ReplayHost host(ReplayHost::Manner::kRefuse);
  const Opened opened = host.open_datagrams(kToken, DatagramKind::kUdp, IpAddress::v4(0));
  const Endpoint peer{IpAddress::v4(192, 0, 2, 1), 53};
  const std::array<HostDatagram, 1> datagrams = {{{.peer = peer}}};
  for (std::size_t i = 0; i < 2 * ReplayHost::kMaxErrors; ++i) {
    EXPECT_EQ(host.send_datagrams(opened.id, datagrams), 1U);
  }
  std::size_t errors = 0;
  while (const auto error = host.receive_error(opened.id)) {
    EXPECT_EQ(error->destination, peer);
    ++errors;
  }
  EXPECT_EQ(errors, ReplayHost::kMaxErrors);
}

}  // namespace
}  // namespace sluice
