#include "devices/link/vfio_user/connection.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "posix/control_messages.h"
#include "posix/gather.h"

namespace sluice::vfio_user {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class VfioUserConnection : public testing::Test {
 protected:
  VfioUserConnection() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    ours_ = Descriptor(ends[0]);
    theirs_ = Descriptor(ends[1]);
    connection_.begin(ours_.get());
  }

  void send(const Octets& octets, int descriptors = 0) const {
    const Descriptor event(::eventfd(0, EFD_CLOEXEC));
    const std::vector<int> beside(static_cast<std::size_t>(descriptors), event.get());
    EXPECT_EQ(send_with_descriptors(theirs_.get(), to_be_written(octets), beside, 0),
              static_cast<ssize_t>(octets.size()));
  }
  Octets received() const {
    Octets octets(1 << 20);
    const ssize_t size = ::recv(theirs_.get(), octets.data(), octets.size(), 0);
    octets.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return octets;
  }
  static Octets message(std::uint16_t id, Command command, std::uint32_t flags,
                        const Octets& payload = {}) {
    const Header header{.id = id,
                        .command = command,
                        .size = static_cast<std::uint32_t>(sizeof(Header) + payload.size()),
                        .flags = flags,
                        .error = 0};
    const Bytes head = bytes_of(header);
    Octets octets(head.begin(), head.end());
    octets.insert(octets.end(), payload.begin(), payload.end());
    return octets;
  }
  static Octets dma_reply(std::uint16_t id, Command command, std::uint64_t address,
                          const Octets& data, std::uint32_t flags = Header::kReply) {
    const DmaAccess access{.address = address, .count = data.size()};
    const Bytes head = bytes_of(access);
    Octets payload(head.begin(), head.end());
    payload.insert(payload.end(), data.begin(), data.end());
    return message(id, command, flags, payload);
  }
  // Takes all requests that are there; their ids.
  std::vector<std::uint16_t> ids() {
    std::vector<std::uint16_t> all;
    do {
      while (const auto request = connection_.next()) all.push_back(request->header.id);
    } while (connection_.more());
    return all;
  }

  Descriptor ours_;
  Descriptor theirs_;
  Connection connection_{std::chrono::milliseconds(1)};
};

TEST_F(VfioUserConnection, DescriptorsComeWithTheirMessage) {
  send(message(1, Command::kDeviceReset, 0));
  send(message(2, Command::kDmaMap, 0), 1);
  send(message(3, Command::kDeviceReset, 0));
  std::vector<std::size_t> counts;
  do {
    while (const auto request = connection_.next()) counts.push_back(request->descriptors.size());
  } while (connection_.more());
  EXPECT_EQ(counts, (std::vector<std::size_t>{0, 1, 0}));
}

TEST_F(VfioUserConnection, AnAnswerHasItsRequestsNumberUnlessNoneIsWanted) {
  send(message(77, Command::kDeviceReset, 0) +
       message(78, Command::kRegionWrite, Header::kNoReply));
  while (const auto request = connection_.next()) {
    connection_.answer(request->header, 0, Octets{1, 2});
  }
  connection_.flush();
  EXPECT_EQ(received(), message(77, Command::kDeviceReset, Header::kReply, {1, 2}));
}

TEST_F(VfioUserConnection, AnErrorHasNoPayload) {
  send(message(77, Command::kDeviceReset, 0));
  connection_.answer(connection_.next()->header, 22, Octets{1, 2});
  connection_.flush();
  const auto header = read_struct<Header>(received());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->size, sizeof(Header));
  EXPECT_EQ(header->flags, Header::kReply | Header::kError);
  EXPECT_EQ(header->error, 22U);
}

TEST_F(VfioUserConnection, MemoryIsAskedForWhileRequestsWait) {
  send(message(40, Command::kRegionRead, 0) + dma_reply(1, Command::kDmaRead, 0x1000, {1, 2, 3}) +
       message(41, Command::kRegionRead, 0));
  ASSERT_EQ(connection_.next()->header.id, 40);
  Octets bytes(3);
  EXPECT_TRUE(connection_.dma_read(0x1000, bytes));
  EXPECT_EQ(bytes, (Octets{1, 2, 3}));
  const DmaAccess asked{.address = 0x1000, .count = 3};
  const Bytes payload = bytes_of(asked);
  EXPECT_EQ(received(), message(1, Command::kDmaRead, 0, Octets(payload.begin(), payload.end())));
  EXPECT_TRUE(connection_.more());
  EXPECT_EQ(ids(), (std::vector<std::uint16_t>{41}));
}

TEST_F(VfioUserConnection, MuchMemoryIsWrittenInPieces) {
  connection_.set_max_data(2);
  send(message(40, Command::kRegionWrite, 0) + dma_reply(1, Command::kDmaWrite, 0x1000, {}) +
       dma_reply(2, Command::kDmaWrite, 0x1002, {}));
  ASSERT_TRUE(connection_.next());
  EXPECT_TRUE(connection_.dma_write(0x1000, Octets{1, 2, 3}));
  EXPECT_EQ(received().size(), 2 * (sizeof(Header) + sizeof(DmaAccess)) + 3);
}

TEST_F(VfioUserConnection, AnAnswerThatIsNoneIsARefusal) {
  const Octets error =
      dma_reply(1, Command::kDmaRead, 0x1000, {1, 2, 3}, Header::kReply | Header::kError);
  const Octets other = dma_reply(2, Command::kDmaRead, 0x1001, {1, 2, 3});
  const Octets less = dma_reply(3, Command::kDmaRead, 0x1000, {1, 2});
  const Octets command = dma_reply(4, Command::kDmaWrite, 0x1000, {1, 2, 3});
  send(message(40, Command::kRegionRead, 0) + error + other + less + command);
  ASSERT_TRUE(connection_.next());
  Octets bytes(3);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(connection_.dma_read(0x1000, bytes));
  EXPECT_EQ(connection_.broken(), "");
}

TEST_F(VfioUserConnection, WhoDoesNotAnswerIsGivenUp) {
  Octets bytes(3);
  EXPECT_FALSE(connection_.dma_read(0x1000, bytes));
  EXPECT_NE(connection_.broken().find("takes too long to answer"), std::string::npos);
  EXPECT_FALSE(connection_.more());
}

TEST_F(VfioUserConnection, WhoAnswersLateEachTimeIsGivenUp) {
  constexpr std::chrono::milliseconds kPatience(100);
  constexpr int kDelay = 60;
  constexpr std::uint16_t kMost = 20;
  Connection connection(kPatience);
  connection.begin(ours_.get());
  std::thread client([this] {
    for (std::uint16_t id = 1; id <= kMost; ++id) {
      ::poll(nullptr, 0, kDelay);
      const Octets reply = dma_reply(id, Command::kDmaRead, 0x1000, {1, 2, 3});
      ::send(theirs_.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  });
  Octets bytes(3);
  const auto begin = std::chrono::steady_clock::now();
  int answered = 0;
  // Also when others have their turn in between.
  for (; answered < kMost && connection.dma_read(0x1000, bytes); ++answered) {
    if (answered % 2 == 1) connection.begin_turn();
  }
  EXPECT_LT(answered, 5);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kMost * std::chrono::milliseconds(kDelay));
  EXPECT_NE(connection.broken(), "");
  client.join();
}

TEST_F(VfioUserConnection, WhoLeavesWhileItIsAskedIsGone) {
  theirs_.reset();
  EXPECT_FALSE(connection_.dma_write(0x1000, Octets(3)));
  EXPECT_NE(connection_.broken(), "");
  connection_.end();
  EXPECT_FALSE(connection_.dma_write(0x1000, Octets(3)));
}

TEST_F(VfioUserConnection, AnAnswerThatNobodyWaitsForIsForgotten) {
  send(dma_reply(9, Command::kDmaRead, 0, {}) + message(1, Command::kDeviceReset, 0));
  EXPECT_EQ(ids(), (std::vector<std::uint16_t>{1}));
}

TEST_F(VfioUserConnection, HalfAMessageAndTheEndIsTheEnd) {
  send(Octets(7));
  EXPECT_EQ(connection_.next(), std::nullopt);
  EXPECT_EQ(connection_.broken(), "");
  theirs_.reset();
  EXPECT_EQ(connection_.next(), std::nullopt);
  EXPECT_EQ(connection_.broken(), "it has closed it");
}

TEST_F(VfioUserConnection, GarbageIsTheEnd) {
  send(Octets(100, 0xff));
  EXPECT_TRUE(ids().empty());
  EXPECT_NE(connection_.broken().find("4294967295 bytes"), std::string::npos);
}

TEST_F(VfioUserConnection, TooManyDescriptorsAreTheEnd) {
  send(message(1, Command::kDeviceSetIrqs, 0), 64);
  EXPECT_TRUE(ids().empty());
  EXPECT_NE(connection_.broken().find("more descriptors"), std::string::npos);
}

TEST_F(VfioUserConnection, WhoTakesNoAnswersIsNotServed) {
  const Octets requests = message(1, Command::kRegionRead, 0) + message(2, Command::kRegionRead, 0);
  int answered = 0;
  for (int i = 0; i < 100 && !connection_.congested(); ++i) {
    send(requests);
    while (!connection_.congested()) {
      const auto request = connection_.next();
      if (!request) break;
      connection_.answer(request->header, 0, Octets(kMaxData));
      connection_.flush();
      ++answered;
    }
  }
  EXPECT_TRUE(connection_.congested());
  EXPECT_FALSE(connection_.more());
  std::size_t taken = 0;
  for (int i = 0; i < 1000 && taken < static_cast<std::size_t>(answered) * kMaxData; ++i) {
    taken += received().size();
    connection_.flush();
  }
  EXPECT_EQ(taken, static_cast<std::size_t>(answered) * (kMaxData + sizeof(Header)));
  EXPECT_FALSE(connection_.congested());
}

}  // namespace
}  // namespace sluice::vfio_user
