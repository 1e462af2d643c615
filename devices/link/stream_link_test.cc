#include "devices/link/stream_link.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "devices/link/mapped_file.h"
#include "devices/link/send_frame.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets some_frame(std::size_t size, std::uint8_t value) {
  return Octets(size, value);
}

// The same for every caller: payload stays where it is until the link has flushed.
const Octets& kept(Octets frame) {
  static std::set<Octets> frames;
  return *frames.insert(std::move(frame)).first;
}

class StreamLinkTest : public testing::Test {
 protected:
  StreamLinkTest() {
    // The name of a unix socket is short.
    std::string pattern = "/tmp/sluice-stream-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    place_ = UnixSocketName{.path = directory_ + "/socket"};
  }
  ~StreamLinkTest() override {
    ::unlink(std::get<UnixSocketName>(place_).path.c_str());
    ::rmdir(directory_.c_str());
  }

  StreamPeer::Tell teller() {
    return [this](StreamPeer::News, const std::string& text) { told_.push_back(text); };
  }
  // Lets both ends do what they can until `done`; false if that takes too long.
  static bool run(const std::vector<StreamLink*>& links, std::vector<Octets>& arrived,
                  const std::function<bool()>& done) {
    for (int i = 0; i < 2000 && !done(); ++i) {
      for (StreamLink* const link : links) {
        do {
          for (const Frame& frame : link->receive()) {
            arrived.emplace_back(frame.bytes.begin(), frame.bytes.end());
          }
        } while (link->more());
      }
      if (!done()) ::poll(nullptr, 0, 1);
    }
    return done();
  }

  std::string directory_;
  SocketPlace place_;
  std::vector<std::string> told_;
};

TEST_F(StreamLinkTest, WhoComesWhileThereIsNoDescriptorIsSentAwayAndTheNextOneTaken) {
  StreamLink server({.place = place_, .listens = true}, teller());
  std::vector<Octets> arrived;
  {
    StreamLink client({.place = place_}, teller());
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const Descriptor highest(::dup(STDERR_FILENO));
    const rlimit full{.rlim_cur = static_cast<rlim_t>(highest.get()) + 1,
                      .rlim_max = limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
    server.receive();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_NE(told_.back().find("Too many open files"), std::string::npos) << told_.back();
    // Nothing wakes us again and again.
    pollfd wanted{.fd = server.descriptor(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&wanted, 1, 0), 0);
    ASSERT_TRUE(run({&client}, arrived, [&] { return told_.size() == 2; }));
  }
  told_.clear();
  StreamLink client({.place = place_}, teller());
  ASSERT_TRUE(run({&server, &client}, arrived, [&] { return !told_.empty(); }));
  EXPECT_EQ(told_.back().find("connected with"), 0U) << told_.back();
}

TEST_F(StreamLinkTest, HasNoRoomWhileThePeerTakesNothing) {
  StreamLink server({.place = place_, .listens = true}, teller());
  StreamLink client({.place = place_}, teller());
  std::vector<Octets> arrived;
  ASSERT_TRUE(run({&server, &client}, arrived, [&] { return !told_.empty(); }));
  constexpr std::size_t kMost = 1000;
  std::size_t sent = 0;
  const Octets large = some_frame(65550, 1);
  const Octets small = some_frame(60, 2);
  for (; server.has_room({}) && sent < kMost; ++sent) {
    send_frame(server, large);
    server.flush();
  }
  EXPECT_LT(sent, kMost);
  // What answers still finds its place.
  send_frame(server, small);
  server.flush();
  EXPECT_EQ(server.counters().dropped(Drop::kLinkFull), 0U);
  ASSERT_TRUE(run({&server, &client}, arrived, [&] { return arrived.size() == sent + 1; }));
  EXPECT_TRUE(server.has_room({}));
}

TEST_F(StreamLinkTest, HasRoomWhenThePeerThatTookNothingHasGone) {
  StreamLink server({.place = place_, .listens = true}, teller());
  std::vector<Octets> arrived;
  {
    StreamLink client({.place = place_}, teller());
    ASSERT_TRUE(run({&server}, arrived, [&] { return !told_.empty(); }));
    const Octets large = some_frame(65550, 1);
    for (int i = 0; server.has_room({}) && i < 1000; ++i) {
      send_frame(server, large);
      server.flush();
    }
    EXPECT_FALSE(server.has_room({}));
  }
  ASSERT_TRUE(run({&server}, arrived, [&] { return told_.size() == 2; }));
  EXPECT_TRUE(server.has_room({}));
}

TEST_F(StreamLinkTest, WhoeverComesNextWaitsWithoutBeingAnnounced) {
  StreamLink server({.place = place_, .listens = true}, teller());
  std::vector<Octets> arrived;
  const auto is_announced = [&server] {
    pollfd wait{.fd = server.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, 0) == 1;
  };
  auto first = std::make_unique<StreamLink>(StreamPeerOptions{.place = place_}, teller());
  ASSERT_TRUE(run({&server}, arrived, [&] { return !told_.empty() && !is_announced(); }));
  const StreamLink second({.place = place_}, teller());
  EXPECT_FALSE(is_announced());
  first.reset();
  EXPECT_TRUE(is_announced());
  server.receive();
  EXPECT_TRUE(is_announced()) << "by the second";
  server.receive();
  EXPECT_EQ(told_.back(), "connected with " + to_string(place_));
}

TEST_F(StreamLinkTest, FramesGoBothWays) {
  StreamLink server({.place = place_, .listens = true}, teller());
  StreamLink client({.place = place_}, teller());
  std::vector<Octets> arrived;
  const std::vector frames{some_frame(60, 1), some_frame(65550, 2), some_frame(1514, 3)};
  bool sent = false;
  ASSERT_TRUE(run({&server, &client}, arrived, [&] {
    if (!sent && !told_.empty()) {
      for (const Octets& frame : frames) send_frame(server, frame);
      server.flush();
      sent = true;
    }
    return arrived.size() == 3;
  }));
  EXPECT_EQ(arrived, frames);
  arrived.clear();
  send_frame(client, kept(some_frame(80, 4)));
  client.flush();
  EXPECT_TRUE(run({&server, &client}, arrived, [&] { return !arrived.empty(); }));
  EXPECT_EQ(arrived, std::vector<Octets>{some_frame(80, 4)});
}

TEST_F(StreamLinkTest, WhatTheSocketHasNoRoomForFollowsLater) {
  StreamLink server({.place = place_, .listens = true}, teller());
  StreamLink client({.place = place_}, teller());
  std::vector<Octets> arrived;
  ASSERT_TRUE(run({&server}, arrived, [&] { return !told_.empty(); }));
  // More than a socket holds.
  constexpr std::size_t kFrames = 40;
  for (std::size_t i = 0; i < kFrames; ++i) send_frame(server, kept(some_frame(60'000, 1)));
  server.flush();
  EXPECT_EQ(server.counters().dropped(Drop::kLinkFull), 0U);
  EXPECT_TRUE(run({&client, &server}, arrived, [&] { return arrived.size() == kFrames; }));
  // And more than it keeps.
  for (std::size_t i = 0; i < 10 * kFrames; ++i) send_frame(server, kept(some_frame(60'000, 1)));
  EXPECT_GT(server.counters().dropped(Drop::kLinkFull), 0U);
}

TEST_F(StreamLinkTest, PayloadInMemoryThatIsGoneIsNotThePeersFault) {
  StreamLink server({.place = place_, .listens = true}, teller());
  StreamLink client({.place = place_}, teller());
  std::vector<Octets> arrived;
  ASSERT_TRUE(run({&server, &client}, arrived, [&] { return !told_.empty(); }));
  const Descriptor file(::memfd_create("guest", MFD_CLOEXEC));
  constexpr std::size_t kPage = 4096;
  ASSERT_EQ(::ftruncate(file.get(), kPage), 0);
  MappedFile memory(file, 0, kPage);
  ASSERT_EQ(::ftruncate(file.get(), 0), 0);
  const Bytes gone = memory.bytes().first(1000);
  copy_bytes(some_frame(60, 1), server.reserve(60));
  server.commit(60, gsl::span(&gone, 1), {});
  server.flush();
  EXPECT_TRUE(memory.is_lost());
  ASSERT_TRUE(run({&server, &client}, arrived, [&] { return !arrived.empty(); }));
  EXPECT_EQ(arrived[0].size(), 1060U);
}

TEST_F(StreamLinkTest, AListenerWaitsForTheNextPeer) {
  StreamLink server({.place = place_, .listens = true}, teller());
  std::vector<Octets> arrived;
  for (std::size_t i = 1; i <= 3; ++i) {
    StreamLink client({.place = place_}, teller());
    send_frame(client, kept(some_frame(70, 5)));
    client.flush();
    ASSERT_TRUE(run({&server}, arrived, [&] { return arrived.size() == i; }));
  }
  EXPECT_FALSE(server.closed());
}

TEST_F(StreamLinkTest, OneThatConnectsDoesSoAgainIfItIsTo) {
  StreamLink client({.place = place_, .reconnect = std::chrono::milliseconds(5)}, teller());
  std::vector<Octets> arrived;
  for (std::size_t i = 1; i <= 2; ++i) {
    StreamLink server({.place = place_, .listens = true}, teller());
    const std::size_t before = told_.size();
    ASSERT_TRUE(run({&client, &server}, arrived, [&] { return told_.size() >= before + 2; }));
    send_frame(server, kept(some_frame(70, 6)));
    server.flush();
    ASSERT_TRUE(run({&client}, arrived, [&] { return arrived.size() == i; }));
    EXPECT_FALSE(client.closed());
  }
}

TEST_F(StreamLinkTest, OneThatCanNotConnectSaysSo) {
  try {
    const StreamLink client({.place = place_}, teller());
    FAIL();
  } catch (const std::system_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("can't connect to unix:" + directory_), std::string::npos);
    EXPECT_NE(text.find("start the other end first"), std::string::npos);
  }
}

// A peer's end of a link.
class Peer {
 public:
  Peer() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours = Descriptor(ends[0]);
    theirs = Descriptor(ends[1]);
  }
  void say(const Octets& bytes) const {
    EXPECT_EQ(::send(ours.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  Descriptor ours;
  Descriptor theirs;
};

TEST_F(StreamLinkTest, APeerThatBreaksTheRulesIsLost) {
  const std::vector<std::pair<Octets, const char*>> cases{
      {{0xff, 0xff, 0xff, 0xff, 1, 2, 3}, "4294967295 bytes"},
      {{0, 0, 0, 60, 1, 2, 3}, "has closed it in the midst of a frame"},
      {{0, 0}, "has closed it in the midst of a frame"},
      {{'G', 'E', 'T', ' ', '/'}, "bytes; expected at most"},
  };
  for (const auto& [bytes, complaint] : cases) {
    told_.clear();
    Peer peer;
    StreamLink link(std::move(peer.theirs), teller());
    Octets all{0, 0, 0, 2, 8, 8};
    all.insert(all.end(), bytes.begin(), bytes.end());
    peer.say(all);
    peer.ours.reset();
    std::vector<Octets> arrived;
    ASSERT_TRUE(run({&link}, arrived, [&] { return link.closed(); })) << complaint;
    EXPECT_EQ(arrived, (std::vector<Octets>{{8, 8}})) << "what was whole counts";
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_NE(told_[0].find(complaint), std::string::npos) << told_[0];
    send_frame(link, kept(some_frame(60, 1)));
    EXPECT_EQ(link.counters().dropped(Drop::kLinkFull), 1U);
  }
}

TEST_F(StreamLinkTest, APeerThatEndsBehindAWholeFrameHasDoneNothingWrong) {
  for (const Octets& bytes : {Octets{}, Octets{0, 0, 0, 2, 8, 8}, Octets{0, 0, 0, 0}}) {
    told_.clear();
    Peer peer;
    StreamLink link(std::move(peer.theirs), teller());
    peer.say(bytes);
    peer.ours.reset();
    std::vector<Octets> arrived;
    ASSERT_TRUE(run({&link}, arrived, [&] { return link.closed(); }));
    EXPECT_EQ(told_,
              std::vector<std::string>{"the connection with the peer has ended: it has closed it"});
  }
}

TEST_F(StreamLinkTest, ManyLittleFramesComeInSeveralBatches) {
  const Peer peer;
  Descriptor end(::dup(peer.theirs.get()));
  StreamLink link(std::move(end), teller());
  Octets all;
  for (std::uint8_t i = 0; i < 200; ++i) all.insert(all.end(), {0, 0, 0, 1, i});
  peer.say(all);
  std::size_t arrived = 0;
  for (int i = 0; i < 3; ++i) {
    arrived += link.receive().size();
    EXPECT_EQ(arrived, 64U * (i + 1));
    EXPECT_TRUE(link.more());
  }
  // What comes while some still wait is announced now, and not again.
  peer.say({0, 0, 0, 1, 7});
  for (int i = 0; i < 10 && link.more(); ++i) arrived += link.receive().size();
  EXPECT_EQ(arrived, 201U);
}

TEST_F(StreamLinkTest, ASocketThatWasLeftBehindIsTakenAndOneInUseIsNot) {
  {
    const Descriptor left = open_socket(PlaceAddress(place_), SOCK_STREAM);
    bind_socket(left, place_);
  }
  const StreamLink server({.place = place_, .listens = true}, teller());
  EXPECT_THROW(StreamLink({.place = place_, .listens = true}, teller()), std::system_error);
}

TEST_F(StreamLinkTest, SomebodyElsesSocketIsLeftWhereItIs) {
  const std::string path = std::get<UnixSocketName>(place_).path;
  auto first = std::make_unique<StreamLink>(
      StreamPeerOptions{.place = place_, .listens = true, .reconnect = {}}, teller());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  auto second = std::make_unique<StreamLink>(
      StreamPeerOptions{.place = place_, .listens = true, .reconnect = {}}, teller());
  first.reset();
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  second.reset();
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(SocketPlace, NamesAreChecked) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{108}, std::size_t{5000}}) {
    EXPECT_THROW(PlaceAddress(UnixSocketName{.path = std::string(size, 'x')}),
                 std::invalid_argument);
  }
  EXPECT_EQ(to_string(UnixSocketName{.path = "x", .abstract = true}), "unix:@x");
  EXPECT_EQ(to_string(Endpoint{IpAddress::v4(127, 0, 0, 1), 5}), "127.0.0.1:5");
}

}  // namespace
}  // namespace sluice
