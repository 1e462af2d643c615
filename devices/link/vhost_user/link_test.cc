#include "devices/link/vhost_user/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "devices/link/mapped_file.h"
#include "devices/link/send_frame.h"
#include "devices/link/vhost_user/test_client.h"

namespace sluice::vhost_user {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::pair<Descriptor, Descriptor> socket_pair() {
  std::array<int, 2> ends{};
  Ensures(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::size_t open_descriptors() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct VhostUserLinkTest : testing::Test {
  VhostUserLinkTest() : VhostUserLinkTest(socket_pair()) {}
  explicit VhostUserLinkTest(std::pair<Descriptor, Descriptor> sockets)
      : client(std::move(sockets.first)),
        link(std::move(sockets.second), kOptions,
             [this](StreamPeer::News kind, const std::string& what) {
               kinds.push_back(kind);
               news.push_back(what);
             }) {}

  static constexpr VirtioNetOptions kOptions{.mac = MacAddress({2, 0, 0, 0, 0, 1}), .mtu = 1400};
  std::vector<StreamPeer::News> kinds;
  std::vector<std::string> news;
  Client client;
  VhostUserLink link;

  // Until nothing is left to do; returns all frames that came.
  std::vector<std::vector<std::uint8_t>> run() {
    std::vector<std::vector<std::uint8_t>> all;
    for (int i = 0; i < 100; ++i) {
      const auto frames = link.receive();
      for (const Frame& frame : frames) {
        all.emplace_back(frame.bytes.begin(), frame.bytes.end());
      }
      if (frames.empty() && !link.more()) break;
    }
    return all;
  }
  void send_from_guest(std::size_t size) {
    client.transmit.add({{Client::kBuffers, static_cast<std::uint32_t>(12 + size)}});
  }
  void expect_lost(const std::string& why) {
    run();
    ASSERT_FALSE(news.empty());
    EXPECT_THAT(news.back(), HasSubstr(why));
    EXPECT_TRUE(link.closed());
    // Nothing of it is left to stumble over.
    send_frame(link, std::vector<std::uint8_t>(100));
    EXPECT_TRUE(link.receive().empty());
  }
};

TEST_F(VhostUserLinkTest, FramesCrossBothWays) {
  client.set_up();
  run();
  EXPECT_THAT(news, ElementsAre());
  send_from_guest(100);
  client.kick(1);
  const auto frames = run();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].size(), 100U);
  EXPECT_EQ(client.take_calls(1), 1U);
  ASSERT_TRUE(client.transmit.take_used());

  client.receive.add({{Client::kBuffers, 2000, true}});
  send_frame(link, std::vector<std::uint8_t>(300));
  link.flush();
  EXPECT_EQ(client.take_calls(0), 1U);
  const auto used = client.receive.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->length, 312U);
}

TEST_F(VhostUserLinkTest, KickMakesTheDescriptorReadable) {
  client.set_up();
  run();
  PollSet polls;
  polls.add(link.descriptor(), EPOLLIN | EPOLLET, 0);
  polls.ready();
  EXPECT_TRUE(polls.ready().empty());
  client.kick(1);
  EXPECT_EQ(polls.ready().size(), 1U);
}

TEST_F(VhostUserLinkTest, QuestionThatComesBetweenTwoBatchesIsAnswered) {
  client.set_up();
  run();
  PollSet polls;
  polls.add(link.descriptor(), EPOLLIN | EPOLLET, 0);
  send_from_guest(100);
  client.kick(1);
  EXPECT_EQ(link.receive().size(), 1U);
  ASSERT_TRUE(link.more());
  client.send(Request::kGetFeatures);
  // Whoever waits hears of it now, and not again.
  polls.ready();
  for (int i = 0; i < 100 && link.more(); ++i) link.receive();
  EXPECT_TRUE(client.take_answer());
}

TEST_F(VhostUserLinkTest, QuestionsAreAnswered) {
  client.send(Request::kGetFeatures);
  client.send(Request::kGetProtocolFeatures);
  client.send(Request::kGetQueueNum);
  client.send(Request::kGetMaxMemSlots);
  std::vector<std::uint8_t> access(12 + 12);
  access[4] = 12;
  client.send(Request::kGetConfig, access);
  run();
  const auto features = client.take_answer();
  ASSERT_TRUE(features);
  EXPECT_EQ(features->request, Request::kGetFeatures);
  EXPECT_EQ(*parse_number(features->payload) & Client::kFeatures, Client::kFeatures);
  EXPECT_TRUE(*parse_number(features->payload) & kLogAll);
  const auto protocol = client.take_answer();
  ASSERT_TRUE(protocol);
  EXPECT_TRUE(*parse_number(protocol->payload) & bit(ProtocolFeature::kReplyAck));
  EXPECT_EQ(parse_number(client.take_answer()->payload), 1U);
  EXPECT_EQ(parse_number(client.take_answer()->payload), Memory::kMaxRegions);
  const auto config = client.take_answer();
  ASSERT_TRUE(config);
  ASSERT_EQ(config->payload.size(), 24U);
  EXPECT_EQ(config->payload[12], 2U);
  EXPECT_EQ(config->payload[18], 1U);
}

TEST_F(VhostUserLinkTest, WhatCanNotBeDoneIsRefusedToWhoAsksForAReply) {
  client.send_number(Request::kSetProtocolFeatures, bit(ProtocolFeature::kReplyAck), {},
                     Header::kNeedReply);
  client.send_table({Client::kRegion}, {}, Header::kNeedReply);
  client.send_table({Client::kRegion}, {client.memory.file().get()}, Header::kNeedReply);
  run();
  EXPECT_EQ(parse_number(client.take_answer()->payload), 0U);
  EXPECT_EQ(parse_number(client.take_answer()->payload), 1U);
  EXPECT_EQ(parse_number(client.take_answer()->payload), 0U);
  EXPECT_FALSE(client.take_answer());
  EXPECT_FALSE(link.closed());
  EXPECT_THAT(kinds, ElementsAre(StreamPeer::News::kComplaint));
}

TEST_F(VhostUserLinkTest, StoppedQueueGoesOnWhereItWas) {
  client.set_up();
  run();
  for (int i = 0; i < 3; ++i) send_from_guest(60);
  client.kick(1);
  EXPECT_EQ(run().size(), 3U);
  client.send_state(Request::kGetVringBase, 1, 0);
  run();
  const auto answer = client.take_answer();
  ASSERT_TRUE(answer);
  const auto state = VringState::parse(answer->payload);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->index, 1U);
  EXPECT_EQ(state->number, 3U);
  send_from_guest(70);
  EXPECT_TRUE(run().empty());
  client.start(1, 3);
  const auto frames = run();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].size(), 70U);
}

TEST_F(VhostUserLinkTest, StoppedQueueIsNotHeardAnyMoreAndMayBeHeardByTheSameDescriptorAgain) {
  client.set_up();
  run();
  const auto is_announced = [this] {
    pollfd wait{.fd = link.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, 0) == 1;
  };
  EXPECT_FALSE(is_announced());
  client.send_state(Request::kGetVringBase, 1, 0);
  run();
  client.kick(1);
  EXPECT_FALSE(is_announced());
  for (int i = 0; i < 3; ++i) {
    client.send_number(Request::kSetVringKick, 1, {client.kicks[1].get()});
    run();
    EXPECT_THAT(news, ElementsAre());
    send_from_guest(60);
    client.kick(1);
    EXPECT_TRUE(is_announced());
    EXPECT_EQ(run().size(), 1U);
    client.send_state(Request::kGetVringBase, 1, 0);
    run();
  }
}

TEST_F(VhostUserLinkTest, QueueThatIsDisabledMovesNothing) {
  client.set_up();
  client.send_state(Request::kSetVringEnable, 1, 0);
  run();
  send_from_guest(60);
  client.kick(1);
  EXPECT_TRUE(run().empty());
  client.send_state(Request::kSetVringEnable, 1, 1);
  EXPECT_EQ(run().size(), 1U);
}

TEST_F(VhostUserLinkTest, MemoryMayComeInPartsAndGoWhileQueuesRun) {
  client.set_up();
  run();
  MemoryRegion more{.guest = ClientMemory::kGuest + ClientMemory::kSize,
                    .size = 8192,
                    .user = ClientMemory::kUser + ClientMemory::kSize};
  auto single = Client::table_of({more});
  single[0] = 0;
  // Some say so more than once.
  for (int i = 0; i < 2; ++i) {
    client.send(Request::kAddMemReg, single, {client.memory.file().get()});
  }
  send_from_guest(60);
  client.kick(1);
  EXPECT_EQ(run().size(), 1U);
  client.transmit.add({{more.guest, 12 + 64}});
  client.kick(1);
  EXPECT_EQ(run().size(), 1U);
  client.send(Request::kRemMemReg, single);
  send_from_guest(60);
  client.transmit.add({{more.guest, 12 + 64}});
  client.kick(1);
  EXPECT_EQ(run().size(), 1U);
  EXPECT_EQ(link.counters().dropped(Drop::kMalformed), 1U);
  EXPECT_THAT(news, ElementsAre());
}

TEST_F(VhostUserLinkTest, GuestThatHasMovedIsAnnouncedInItsPlace) {
  client.set_up();
  const std::array<std::uint8_t, 8> guest{0x52, 0x54, 0, 0x12, 0x34, 0x56, 0, 0};
  client.send(Request::kSendRarp, {guest.begin(), guest.end()});
  send_from_guest(100);
  client.kick(1);
  const auto frames = run();
  ASSERT_EQ(frames.size(), 2U);
  // RFC 903: a request (3) of reverse ARP, by Ethernet (1) for IPv4.
  std::vector<std::uint8_t> expected = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12,
                                        0x34, 0x56, 0x80, 0x35,                                //
                                        0,    1,    8,    0,    6,    4,    0,    3,           //
                                        0x52, 0x54, 0,    0x12, 0x34, 0x56, 0,    0,    0, 0,  //
                                        0x52, 0x54, 0,    0x12, 0x34, 0x56, 0,    0,    0, 0};
  expected.resize(60);
  EXPECT_EQ(frames.front(), expected);
  EXPECT_EQ(frames.back().size(), 100U);
  EXPECT_TRUE(run().empty());
}

TEST_F(VhostUserLinkTest, PlaceForRequestsOfOursStaysOpenAsLongAsTheFrontEnd) {
  const auto is_open = [](const Descriptor& socket) {
    std::uint8_t byte = 0;
    return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
  };
  const auto give = [this] {
    auto [ours, theirs] = socket_pair();
    client.send(Request::kSetBackendReqFd, {}, {theirs.get()}, Header::kNeedReply);
    run();
    return std::move(ours);
  };
  client.send_number(Request::kSetProtocolFeatures,
                     bit(ProtocolFeature::kReplyAck) | bit(ProtocolFeature::kBackendReq));
  const Descriptor first = give();
  EXPECT_EQ(parse_number(client.take_answer()->payload), 0U);
  EXPECT_TRUE(is_open(first));
  const Descriptor second = give();
  EXPECT_FALSE(is_open(first));
  EXPECT_TRUE(is_open(second));
  client.hang_up();
  run();
  EXPECT_FALSE(is_open(second));
}

TEST_F(VhostUserLinkTest, PlaceForRequestsThatWasNotAgreedOnEndsTheConnection) {
  client.send(Request::kSetBackendReqFd, {}, {client.kicks[0].get()});
  expect_lost("SET_BACKEND_REQ_FD: was not agreed on");
}

TEST_F(VhostUserLinkTest, PlaceForRequestsWithoutADescriptorEndsTheConnection) {
  client.send_number(Request::kSetProtocolFeatures, bit(ProtocolFeature::kBackendReq));
  client.send(Request::kSetBackendReqFd);
  expect_lost("SET_BACKEND_REQ_FD: expected one descriptor");
}

TEST_F(VhostUserLinkTest, WrittenPagesAreMarkedInTheLog) {
  const Descriptor log(::memfd_create("log", MFD_CLOEXEC));
  const std::uint64_t pages = (ClientMemory::kGuest + ClientMemory::kSize) / 4096;
  ASSERT_EQ(::ftruncate(log.get(), static_cast<off_t>(pages / 8)), 0);
  client.set_up();
  std::vector<std::uint8_t> place(16);
  const std::uint64_t size = pages / 8;
  std::memcpy(place.data(), &size, sizeof size);
  client.send(Request::kSetLogBase, place, {log.get()});
  client.send_number(Request::kSetFeatures, Client::kFeatures | kLogAll);
  run();
  ASSERT_TRUE(client.take_answer());
  client.receive.add({{Client::kBuffers + 0x5ff0, 2000, true}});
  send_frame(link, std::vector<std::uint8_t>(300));
  link.flush();
  std::vector<std::uint64_t> marked;
  for (std::uint64_t page = ClientMemory::kGuest / 4096; page < pages; ++page) {
    std::uint8_t byte = 0;
    ASSERT_EQ(::pread(log.get(), &byte, 1, static_cast<off_t>(page / 8)), 1);
    if ((byte >> page % 8 & 1) != 0) marked.push_back(page * 4096 - ClientMemory::kGuest);
  }
  // What was used, that the other queue is listened to, and the two pages of the buffer.
  EXPECT_THAT(marked, ElementsAre(0, 0x10000, 0x25000, 0x26000));
}

TEST_F(VhostUserLinkTest, GarbageEndsTheConnection) {
  client.send_raw(std::vector<std::uint8_t>(64, 0xff));
  expect_lost("version 3 of the protocol");
}

TEST_F(VhostUserLinkTest, SizeOfFourGigabytesEndsTheConnection) {
  client.send_raw({{1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}});
  expect_lost("GET_FEATURES has 4294967295 bytes");
}

TEST_F(VhostUserLinkTest, HalfAMessageIsWaitedForAndItsEndEndsTheConnection) {
  client.send_raw({{1, 0, 0, 0, 1, 0}});
  run();
  EXPECT_FALSE(link.closed());
  client.hang_up();
  expect_lost("in the midst of a message");
}

TEST_F(VhostUserLinkTest, RequestsThatAreNotUnderstoodEndTheConnection) {
  client.send(static_cast<Request>(99));
  expect_lost("request 99");
}

TEST_F(VhostUserLinkTest, PayloadOfAnotherSizeEndsTheConnection) {
  client.send(Request::kSetFeatures, {{1, 2, 3}});
  expect_lost("SET_FEATURES: a payload of 3 bytes");
}

TEST_F(VhostUserLinkTest, TooManyDescriptorsEndTheConnection) {
  client.send(Request::kSetOwner, {}, std::vector<int>(9, client.memory.file().get()));
  expect_lost("more than 8 descriptors");
}

TEST_F(VhostUserLinkTest, MemoryThatTheFileDoesNotHaveEndsTheConnection) {
  MemoryRegion region = Client::kRegion;
  region.offset = 4096;
  client.send_table({region}, {client.memory.file().get()});
  expect_lost("can't map");
}

TEST_F(VhostUserLinkTest, RegionsWithoutAnEndOrOverEachOtherEndTheConnection) {
  MemoryRegion region = Client::kRegion;
  region.guest = ~std::uint64_t{0} - 5;
  client.send_table({region}, {client.memory.file().get()});
  expect_lost("without an end");
}

TEST_F(VhostUserLinkTest, RegionsOverEachOtherEndTheConnection) {
  const int file = client.memory.file().get();
  MemoryRegion other = Client::kRegion;
  other.guest += 4096;
  client.send_table({Client::kRegion, other}, {file, file});
  expect_lost("overlap");
}

TEST_F(VhostUserLinkTest, DescriptorThatIsNoFileIsNoMemory) {
  client.send_table({Client::kRegion}, {client.kicks[0].get()});
  expect_lost("can't map a file");
}

TEST_F(VhostUserLinkTest, DescriptorOfAFileIsNoSignal) {
  client.send_number(Request::kSetVringKick, 0, {client.memory.file().get()});
  expect_lost("expected an eventfd, a pipe or a unix socket");
}

TEST_F(VhostUserLinkTest, QueueThatThereIsNotEndsTheConnection) {
  client.send_state(Request::kSetVringNum, 2, 64);
  expect_lost("queue 2; there are 2");
}

TEST_F(VhostUserLinkTest, RingOutsideOfTheMemoryEndsTheConnection) {
  client.send_table({Client::kRegion}, {client.memory.file().get()});
  client.send_state(Request::kSetVringNum, 0, 64);
  client.send_address(0, 0, 0, 0);
  client.send_number(Request::kSetVringKick, 0, {client.kicks[0].get()});
  expect_lost("does not lie in the memory");
}

TEST_F(VhostUserLinkTest, FileThatBecomesShorterEndsTheConnectionOnly) {
  client.set_up();
  run();
  send_from_guest(60);
  client.kick(1);
  ASSERT_EQ(::ftruncate(client.memory.file().get(), 0), 0);
  expect_lost("become shorter");
}

// A file that a back end has made, in this process, too.
struct Kept {
  explicit Kept(Client::Answer answer)
      : area(*InflightArea::parse(answer.payload)),
        file(std::move(answer.descriptors.at(0))),
        mapped(file, area.offset, area.size) {}

  Client::Kept told() const { return {area, file.get()}; }
  MutableBytes region(std::size_t queue) const {
    const std::size_t size = SplitInflight::region_size(Client::kRingSize);
    return mapped.bytes().subspan(queue * ((size + 63) / 64 * 64), size);
  }

  InflightArea area;
  Descriptor file;
  MappedFile mapped;
};

struct InflightLinkTest : VhostUserLinkTest {
  Client::Answer ask(std::uint64_t features, InflightArea area = kTwoQueues) {
    client.send_number(Request::kSetFeatures, features);
    client.send_number(Request::kSetProtocolFeatures, bit(ProtocolFeature::kInflightShmfd));
    client.send(Request::kGetInflightFd, area.emit(InflightArea::kPaddedSize));
    run();
    auto answer = client.take_answer();
    Ensures(answer);
    return *std::move(answer);
  }
  void send_inflight(const Kept& kept, const InflightArea& area) {
    client.send(Request::kSetInflightFd, area.emit(InflightArea::kSize), {kept.file.get()});
  }

  static constexpr InflightArea kTwoQueues{
      .size = 0, .offset = 0, .queues = 2, .queue_size = Client::kRingSize};
};

TEST_F(InflightLinkTest, FileIsMadeThatHasRoomAndDoesNotBecomeShorter) {
  const auto split = ask(Client::kFeatures);
  EXPECT_EQ(split.payload.size(), InflightArea::kPaddedSize);
  const Kept kept(ask(Client::kFeatures));
  EXPECT_EQ(kept.area.size, 2 * (64 + 16 * Client::kRingSize));
  EXPECT_EQ(kept.area.queues, 2U);
  EXPECT_EQ(kept.area.queue_size, Client::kRingSize);
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  EXPECT_TRUE(std::ranges::all_of(kept.mapped.bytes(), is_zero));
  EXPECT_LT(::ftruncate(kept.file.get(), 0), 0);
  const Kept packed(ask(Client::kFeatures | virtio::kRingPacked));
  EXPECT_EQ(packed.area.size, 2 * (64 + 32 * Client::kRingSize));
}

TEST_F(InflightLinkTest, NothingIsLeftInFlightWhenAllIsDone) {
  const Kept kept(ask(Client::kFeatures));
  client.set_up(Client::kFeatures, kept.told());
  send_from_guest(60);
  client.kick(1);
  EXPECT_EQ(run().size(), 1U);
  client.receive.add({{Client::kBuffers, 2000, true}});
  send_frame(link, std::vector<std::uint8_t>(300));
  link.flush();
  EXPECT_TRUE(client.receive.take_used());
  for (const std::size_t queue : {0U, 1U}) {
    EXPECT_EQ(load_little<std::uint16_t>(kept.region(queue), 8), 1U);
    EXPECT_EQ(load_little<std::uint16_t>(kept.region(queue), 14), 1U) << "used index";
    EXPECT_EQ(kept.region(queue)[16], 0U);
    EXPECT_EQ(load_little<std::uint64_t>(kept.region(queue), 16 + 8), 0U) << "counter";
  }
  EXPECT_THAT(news, ElementsAre());
}

TEST_F(InflightLinkTest, FramesOfAProcessThatEndedAreSentByTheNext) {
  const Kept kept(ask(Client::kFeatures));
  for (const std::size_t size : {60U, 61U, 62U}) send_from_guest(size);
  {
    const auto areas = client.transmit.areas();
    SplitVirtioQueue ended(client.memory, areas, true,
                           SplitInflight::restore(kept.region(1), areas.size, 0));
    VirtioChain chain;
    ASSERT_TRUE(ended.next(chain));
    ended.complete(chain.name, 0);
    ended.publish();
    ASSERT_TRUE(ended.next(chain));
  }
  client.set_up(Client::kFeatures, kept.told());
  client.kick(1);
  const auto frames = run();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].size(), 61U);
  EXPECT_EQ(frames[1].size(), 62U);
  EXPECT_THAT(news, ElementsAre());
}

TEST_F(InflightLinkTest, RequestsThatWereNotAgreedOnEndTheConnection) {
  client.send(Request::kGetInflightFd, kTwoQueues.emit(InflightArea::kPaddedSize));
  expect_lost("GET_INFLIGHT_FD: was not agreed on");
}

TEST_F(InflightLinkTest, QueuesWithoutPlacesEndTheConnection) {
  client.send_number(Request::kSetProtocolFeatures, bit(ProtocolFeature::kInflightShmfd));
  client.send(Request::kGetInflightFd, InflightArea{.queues = 2}.emit(InflightArea::kSize));
  expect_lost("2 queues of 0 places");
}

TEST_F(InflightLinkTest, FileWithoutRoomEndsTheConnection) {
  const Kept kept(ask(Client::kFeatures));
  InflightArea area = kept.area;
  area.size -= 8;
  send_inflight(kept, area);
  expect_lost("can't keep what is in flight in 2168 bytes");
}

TEST_F(InflightLinkTest, RoomThatTheFileDoesNotHaveEndsTheConnection) {
  const Kept kept(ask(Client::kFeatures));
  InflightArea area = kept.area;
  area.offset = 8;
  send_inflight(kept, area);
  expect_lost("can't map");
}

TEST_F(InflightLinkTest, OddPlaceInTheFileEndsTheConnection) {
  const Kept kept(ask(Client::kFeatures));
  InflightArea area = kept.area;
  area.offset = 4;
  send_inflight(kept, area);
  expect_lost("expected a multiple of 8");
}

TEST_F(InflightLinkTest, FileForSplitQueuesHasNoRoomForPackedOnes) {
  const Kept kept(ask(Client::kFeatures));
  client.set_up(Client::kFeatures | virtio::kRingPacked, kept.told());
  expect_lost("can't keep what is in flight");
}

TEST_F(InflightLinkTest, FileThatComesWhileQueuesRunEndsTheConnection) {
  const Kept kept(ask(Client::kFeatures));
  client.set_up(Client::kFeatures, kept.told());
  send_inflight(kept, kept.area);
  expect_lost("SET_INFLIGHT_FD: queues run");
}

TEST_F(InflightLinkTest, ContentsThatMakeNoSenseEndTheConnection) {
  const Kept kept(ask(Client::kFeatures));
  store_little(kept.region(1), 8, std::uint16_t{7});
  client.set_up(Client::kFeatures, kept.told());
  expect_lost("what is in flight makes no sense");
}

TEST_F(InflightLinkTest, FileThatBecomesShorterEndsTheConnectionOnly) {
  const Descriptor file(::memfd_create("kept", MFD_CLOEXEC));
  InflightArea area = kTwoQueues;
  area.size = 1U << 16;
  ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>(area.size)), 0);
  client.set_up(Client::kFeatures, Client::Kept{area, file.get()});
  run();
  ASSERT_THAT(news, ElementsAre());
  ASSERT_EQ(::ftruncate(file.get(), 0), 0);
  send_from_guest(60);
  client.kick(1);
  expect_lost("become shorter");
}

TEST_F(VhostUserLinkTest, BrokenQueueIsToldOf) {
  client.set_up();
  const Descriptor error(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  client.send_number(Request::kSetVringErr, 1, {error.get()});
  client.transmit.make_available(Client::kRingSize);
  client.kick(1);
  run();
  ASSERT_FALSE(news.empty());
  EXPECT_THAT(news.back(), HasSubstr("queue 1 makes no sense"));
  EXPECT_EQ(kinds.back(), StreamPeer::News::kComplaint);
  std::uint64_t count = 0;
  EXPECT_EQ(::read(error.get(), &count, sizeof count), 8);
  EXPECT_FALSE(link.closed());
}

TEST(VhostUserListenerTest, NextFrontEndMayComeWhenOneHasGone) {
  const std::string directory = std::filesystem::temp_directory_path() / "vhost_user_XXXXXX";
  std::string made = directory;
  ASSERT_NE(::mkdtemp(made.data()), nullptr);
  const std::string path = made + "/socket";
  {
    VhostUserLink link(path, {}, [](StreamPeer::News, const std::string&) {});
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 3; ++i) {
      Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const PlaceAddress address(UnixSocketName{.path = path});
      ASSERT_EQ(::connect(socket.get(), address.data(), address.size()), 0);
      Client client(std::move(socket));
      client.set_up();
      for (int j = 0; j < 10; ++j) link.receive();
      client.transmit.add({{Client::kBuffers, 12 + 60}});
      client.kick(1);
      EXPECT_EQ(link.receive().size(), 1U);
      client.hang_up();
      for (int j = 0; j < 10; ++j) link.receive();
      EXPECT_FALSE(link.closed());
    }
    EXPECT_EQ(open_descriptors(), before);
  }
  std::filesystem::remove_all(made);
}

}  // namespace
}  // namespace sluice::vhost_user
