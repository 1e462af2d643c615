#include "devices/link/vfio_user/inbox.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <algorithm>

namespace sluice::vfio_user {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets message(std::uint16_t id, std::uint32_t flags, const Octets& payload,
               std::uint32_t size_more = 0) {
  const Header header{
      .id = id,
      .command = Command::kDmaRead,
      .size = static_cast<std::uint32_t>(sizeof(Header) + payload.size() + size_more),
      .flags = flags,
      .error = 0};
  const Bytes head = bytes_of(header);
  Octets octets(head.begin(), head.end());
  octets.insert(octets.end(), payload.begin(), payload.end());
  return octets;
}

Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void give(Inbox& inbox, const Octets& octets, std::vector<Descriptor> descriptors = {}) {
  const MutableBytes room = inbox.room();
  ASSERT_GE(room.size(), octets.size());
  copy_bytes(octets, room);
  inbox.commit(octets.size(), std::move(descriptors));
}

std::vector<Descriptor> one_descriptor() {
  std::vector<Descriptor> descriptors;
  descriptors.emplace_back(::eventfd(0, EFD_CLOEXEC));
  return descriptors;
}

std::vector<std::uint16_t> ids(Inbox& inbox) {
  std::vector<std::uint16_t> all;
  while (const auto message = inbox.next()) all.push_back(message->header.id);
  return all;
}

TEST(VfioUserInbox, MessagesComeWholeHoweverTheirBytesCome) {
  const Octets stream = message(1, 0, {1, 2, 3}) + message(2, 0, {}) + message(3, 0, Octets(500));
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    Inbox inbox;
    std::vector<std::uint16_t> seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const std::size_t end = std::min(stream.size(), at + piece);
      give(inbox, Octets(stream.data() + at, stream.data() + end));
      for (const std::uint16_t id : ids(inbox)) seen.push_back(id);
    }
    EXPECT_EQ(seen, (std::vector<std::uint16_t>{1, 2, 3})) << piece;
    EXPECT_EQ(inbox.broken(), "");
  }
}

TEST(VfioUserInbox, ThereIsRoomForTheLargestMessageHoweverManyCameBefore) {
  Inbox inbox;
  const Octets large = message(7, 0, Octets(kMaxMessage - sizeof(Header)));
  for (int i = 0; i < 20; ++i) {
    // What has begun stays in the way of the next ones.
    give(inbox, large + message(8, 0, {1}));
    EXPECT_EQ(ids(inbox), (std::vector<std::uint16_t>{7, 8}));
    give(inbox, Octets(large.begin(), large.begin() + 100));
    EXPECT_EQ(inbox.next(), std::nullopt);
    give(inbox, Octets(large.begin() + 100, large.end()));
    EXPECT_EQ(ids(inbox), (std::vector<std::uint16_t>{7}));
  }
}

TEST(VfioUserInbox, ASizeThatNoMessageHasBreaksIt) {
  for (const std::uint32_t size : {0U, 15U, static_cast<std::uint32_t>(kMaxMessage + 1), ~0U}) {
    Inbox inbox;
    give(inbox, message(1, 0, {}) + message(2, 0, {}, size - 16));
    EXPECT_NE(inbox.broken().find(std::to_string(size) + " bytes"), std::string::npos)
        << inbox.broken();
    inbox.reset();
    give(inbox, message(1, 0, {}));
    EXPECT_EQ(inbox.broken(), "");
  }
}

TEST(VfioUserInbox, AMessageOfNoKindBreaksIt) {
  Inbox inbox;
  give(inbox, message(1, 2, {}));
  EXPECT_NE(inbox.broken(), "");
}

TEST(VfioUserInbox, AReplyIsTakenFromBetweenRequests) {
  Inbox inbox;
  give(inbox, message(1, 0, {1}) + message(9, 0, {}), one_descriptor());
  give(inbox, message(9, Header::kReply, {4, 2}) + message(2, 0, {2}), one_descriptor());
  give(inbox, Octets(5));
  EXPECT_EQ(inbox.take_reply(8), std::nullopt);
  const auto reply = inbox.take_reply(9);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->payload, (Octets{4, 2}));
  EXPECT_EQ(inbox.take_reply(9), std::nullopt);
  EXPECT_EQ(inbox.next()->descriptors.size(), 0U);
  EXPECT_EQ(inbox.next()->descriptors.size(), 1U);
  const auto last = inbox.next();
  EXPECT_EQ(last->header.id, 2);
  EXPECT_EQ(last->payload[0], 2);
  EXPECT_EQ(last->descriptors.size(), 1U);
}

TEST(VfioUserInbox, DescriptorsBelongToTheMessageThatBeganLast) {
  Inbox inbox;
  const Octets second = message(2, 0, Octets(50));
  give(inbox, message(1, 0, {}) + Octets(second.begin(), second.begin() + 3), one_descriptor());
  EXPECT_EQ(inbox.next()->descriptors.size(), 0U);
  give(inbox, Octets(second.begin() + 3, second.end()));
  EXPECT_EQ(inbox.next()->descriptors.size(), 1U);
}

TEST(VfioUserInbox, DescriptorsThatNobodyTakesAreBounded) {
  Inbox inbox;
  for (int i = 0; i < 100 && inbox.broken().empty(); ++i) {
    give(inbox, message(1, 0, {}), one_descriptor());
  }
  EXPECT_EQ(inbox.broken(), "it has sent too many descriptors");
}

}  // namespace
}  // namespace sluice::vfio_user
