#include "devices/link/vfio_user/link.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "devices/link/send_frame.h"
#include "devices/link/simple_nic.h"
#include "posix/control_messages.h"
#include "posix/gather.h"

namespace sluice {
namespace {

using namespace vfio_user;  // NOLINT(google-build-using-namespace): what is tested

using Octets = std::vector<std::uint8_t>;

class VfioUserLinkTest : public testing::Test {
 protected:
  VfioUserLinkTest() {
    std::string pattern = "/tmp/sluice-vfio-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ + "/card";
    const auto make = [this](PciSlot& slot) {
      auto nic = std::make_unique<SimpleNic>(slot);
      nic_ = nic.get();
      return nic;
    };
    link_ = std::make_unique<VfioUserLink>(
        path_, make, [this] { return now_; },
        [this](StreamPeer::News, const std::string& text) { told_.push_back(text); });
  }
  ~VfioUserLinkTest() override {
    link_.reset();
    ::rmdir(directory_.c_str());
  }

  void connect() {
    const PlaceAddress place(UnixSocketName{.path = path_});
    client_ = open_socket(place, SOCK_STREAM);
    ASSERT_EQ(::connect(client_.get(), place.data(), place.size()), 0);
  }
  void send(const Octets& octets, const std::vector<int>& descriptors = {}) const {
    ASSERT_EQ(
        send_with_descriptors(client_.get(), to_be_written(octets), descriptors, MSG_NOSIGNAL),
        static_cast<ssize_t>(octets.size()));
  }
  // Lets the link do what there is to be done; the frames that came.
  std::vector<Octets> turn() {
    std::vector<Octets> frames;
    for (int i = 0; i < 100; ++i) {
      for (const Frame& frame : link_->receive()) {
        frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
      }
      if (!link_->more()) break;
    }
    return frames;
  }
  static Octets request(Command command, const Octets& payload, std::uint32_t flags = 0) {
    const Header header{.id = 7,
                        .command = command,
                        .size = static_cast<std::uint32_t>(sizeof(Header) + payload.size()),
                        .flags = flags,
                        .error = 0};
    Octets octets = as_octets(header);
    octets.insert(octets.end(), payload.begin(), payload.end());
    return octets;
  }
  template <typename T>
  static Octets as_octets(const T& value, const Octets& more = {}) {
    const Bytes bytes = bytes_of(value);
    Octets octets(bytes.begin(), bytes.end());
    octets.insert(octets.end(), more.begin(), more.end());
    return octets;
  }
  // The next answer: its error, and what follows its header.
  struct Answer {
    std::uint32_t error = ~0U;
    Octets payload;
  };
  Answer answer() const {
    Header header{};
    if (::recv(client_.get(), &header, sizeof header, 0) != sizeof header) return {};
    Octets payload(header.size - sizeof header);
    if (!payload.empty()) ::recv(client_.get(), payload.data(), payload.size(), 0);
    return {header.error, payload};
  }
  Answer ask(Command command, const Octets& payload, const std::vector<int>& descriptors = {}) {
    send(request(command, payload), descriptors);
    turn();
    return answer();
  }
  void agree() {
    connect();
    const std::string text = R"({"capabilities":{"max_msg_fds":8,"max_data_xfer_size":1048576}})";
    const Octets said(text.c_str(), text.c_str() + text.size() + 1);
    const Answer told = ask(Command::kVersion, as_octets(Version{.major = 0, .minor = 3}, said));
    ASSERT_EQ(told.error, 0U);
    EXPECT_EQ(read_struct<Version>(told.payload)->minor, 1);
  }
  static Octets write_of(std::uint32_t region, std::uint64_t offset, const Octets& data) {
    return as_octets(
        RegionAccess{
            .offset = offset, .region = region, .count = static_cast<std::uint32_t>(data.size())},
        data);
  }
  std::uint32_t write(std::uint32_t region, std::uint64_t offset, const Octets& data) {
    return ask(Command::kRegionWrite, write_of(region, offset, data)).error;
  }
  static Octets double_word(std::uint32_t value) { return as_octets(value); }
  Octets read(std::uint32_t region, std::uint64_t offset, std::uint32_t count) {
    const Answer told =
        ask(Command::kRegionRead,
            as_octets(RegionAccess{.offset = offset, .region = region, .count = count}));
    if (told.error != 0) return {};
    return {told.payload.begin() + sizeof(RegionAccess), told.payload.end()};
  }
  void share_memory() {
    memory_ = Descriptor(::memfd_create("memory", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(memory_.get(), 0x10000), 0);
    const DmaMap map{.argsz = sizeof(DmaMap),
                     .flags = DmaMap::kReadable | DmaMap::kWritable,
                     .offset = 0,
                     .address = 0x100000,
                     .size = 0x10000};
    ASSERT_EQ(ask(Command::kDmaMap, as_octets(map), {memory_.get()}).error, 0U);
  }

  std::string directory_;
  std::string path_;
  Time now_ = Time(std::chrono::seconds(100));
  std::vector<std::string> told_;
  SimpleNic* nic_ = nullptr;
  std::unique_ptr<VfioUserLink> link_;
  Descriptor client_;
  Descriptor memory_;
};

TEST_F(VfioUserLinkTest, TheCardIsDescribed) {
  agree();
  const auto info = read_struct<DeviceInfo>(
      ask(Command::kDeviceGetInfo, as_octets(DeviceInfo{.argsz = sizeof(DeviceInfo)})).payload);
  EXPECT_EQ(info->flags, DeviceInfo::kReset | DeviceInfo::kPci);
  EXPECT_EQ(info->regions, 9U);
  EXPECT_EQ(info->irqs, 5U);
  const std::array<std::uint64_t, kRegions> sizes{0x100, 0x20, 0, 0, 0, 0, 0, 256, 0};
  for (std::uint32_t i = 0; i < kRegions; ++i) {
    const auto region =
        read_struct<RegionInfo>(ask(Command::kDeviceGetRegionInfo,
                                    as_octets(RegionInfo{.argsz = sizeof(RegionInfo), .index = i}))
                                    .payload);
    EXPECT_EQ(region->size, sizes.at(i)) << i;
    EXPECT_EQ(region->flags, sizes.at(i) == 0 ? 0U : 3U) << i;
  }
  const std::array<std::uint32_t, 5> counts{1, 4, 3, 0, 0};
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    const auto irq = read_struct<IrqInfo>(
        ask(Command::kDeviceGetIrqInfo, as_octets(IrqInfo{.argsz = sizeof(IrqInfo), .index = i}))
            .payload);
    EXPECT_EQ(irq->count, counts.at(i)) << i;
  }
  const Octets config = read(kConfigRegion, 0, 256);
  ASSERT_EQ(config.size(), 256U);
  EXPECT_EQ(config[0], 0x34);
  EXPECT_EQ(config[3], 0x56);
}

TEST_F(VfioUserLinkTest, AccessesAreThoseOfTheProcessor) {
  agree();
  EXPECT_EQ(read(0, 0x41, 1), Octets{0x41});
  EXPECT_EQ(read(1, 0x10, 4), (Octets{0x10, 0, 4, 1}));
  EXPECT_EQ(read(0, 0x10, 8), (Octets{0x10, 0, 8, 0, 0, 0, 0, 0}));
  EXPECT_EQ(write(0, 0x22, {1, 2}), 0U);
  EXPECT_EQ(write(0, 0x41, {1, 2, 3, 4}), 0U);
  using Write = SimpleNic::Write;
  EXPECT_EQ(nic_->writes,
            (std::vector<Write>{
                {0, 0x22, 2, 0x201}, {0, 0x41, 1, 1}, {0, 0x42, 2, 0x302}, {0, 0x44, 1, 4}}));
  nic_->writes.clear();
  const RegionWrite one{.access = {.offset = 0x30, .region = 1 - 1, .count = 4},
                        .data = {1, 0, 0, 0}};
  const Octets many = as_octets(std::uint64_t{2}, as_octets(one, as_octets(one)));
  EXPECT_EQ(ask(Command::kRegionWriteMulti, many).error, 0U);
  EXPECT_EQ(nic_->writes, (std::vector<Write>{{0, 0x30, 4, 1}, {0, 0x30, 4, 1}}));
}

TEST_F(VfioUserLinkTest, WhatIsOutsideIsRefused) {
  agree();
  EXPECT_EQ(write(0, 0xfd, {1, 2, 3, 4}), static_cast<std::uint32_t>(EINVAL));
  EXPECT_EQ(write(0, ~std::uint64_t{0}, {1}), static_cast<std::uint32_t>(EINVAL));
  EXPECT_EQ(write(2, 0, {1}), static_cast<std::uint32_t>(EINVAL));
  EXPECT_EQ(write(100, 0, {1}), static_cast<std::uint32_t>(EINVAL));
  EXPECT_TRUE(read(0, 0, 0x101).empty());
  EXPECT_TRUE(read(kConfigRegion, 0, ~0U).empty());
  const auto refused = [this](Command command, const Octets& payload) {
    const std::uint32_t error = ask(command, payload).error;
    EXPECT_TRUE(error != 0 && error != ~0U) << static_cast<int>(command) << ": " << error;
  };
  // More is said to follow than does.
  refused(Command::kRegionWrite, as_octets(RegionAccess{.offset = 0, .region = 0, .count = 5}));
  refused(Command::kRegionWriteMulti, as_octets(~std::uint64_t{0}));
  refused(Command::kDeviceGetRegionInfo, as_octets(RegionInfo{.index = kRegions}));
  refused(Command::kDeviceGetRegionIoFds, as_octets(RegionIoFds{.index = kRegions}));
  refused(Command::kDeviceGetIrqInfo, as_octets(IrqInfo{.index = 5}));
  refused(static_cast<Command>(14), {});
  for (int command = 1; command < 20; ++command) {
    if (command == 4 || command == 13) continue;
    refused(static_cast<Command>(command), {1, 2, 3});
  }
  EXPECT_TRUE(nic_->writes.empty());
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(VfioUserLinkTest, FramesGoBothWaysThroughSharedMemory) {
  agree();
  share_memory();
  const Octets frame(SimpleNic::kFrame, 3);
  ASSERT_EQ(::pwrite(memory_.get(), frame.data(), frame.size(), 0x1000), 64);
  send(request(Command::kRegionWrite, write_of(0, SimpleNic::kSend, double_word(0x101000)),
               Header::kNoReply));
  EXPECT_EQ(turn(), std::vector<Octets>{frame});

  const Descriptor line(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const IrqSet bind{.argsz = sizeof(IrqSet),
                    .flags = IrqSet::kDataEventFd | IrqSet::kTrigger,
                    .index = Interrupts::kLine,
                    .start = 0,
                    .count = 1};
  ASSERT_EQ(ask(Command::kDeviceSetIrqs, as_octets(bind), {line.get()}).error, 0U);
  ASSERT_EQ(write(0, SimpleNic::kReceiveAt, double_word(0x102000)), 0U);
  const Octets other(200, 5);
  send_frame(*link_, other);
  link_->flush();
  Octets arrived(200);
  ASSERT_EQ(::pread(memory_.get(), arrived.data(), arrived.size(), 0x2000), 200);
  EXPECT_EQ(arrived, other);
  std::uint64_t times = 0;
  EXPECT_EQ(::read(line.get(), &times, sizeof times), static_cast<ssize_t>(sizeof times));
  EXPECT_EQ(times, 1U);
}

TEST_F(VfioUserLinkTest, ManyRequestsAreServedInTurns) {
  agree();
  share_memory();
  Octets all;
  for (int i = 0; i < 1000; ++i) {
    const Octets one =
        request(Command::kRegionWrite, write_of(0, SimpleNic::kSend, double_word(0x101000)),
                Header::kNoReply);
    all.insert(all.end(), one.begin(), one.end());
  }
  send(all);
  const std::size_t first = link_->receive().size();
  EXPECT_LT(first, 300U);
  EXPECT_TRUE(link_->more());
  EXPECT_EQ(first + turn().size(), 1000U);
}

TEST_F(VfioUserLinkTest, TheCardIsWokenAtItsDeadline) {
  agree();
  const auto wake = static_cast<std::uint32_t>(1000);
  now_ = Time(std::chrono::nanoseconds(500));
  ASSERT_EQ(write(0, SimpleNic::kWake, double_word(wake)), 0U);
  EXPECT_EQ(nic_->woken, 0);
  // The descriptor tells of it though the machine says nothing.
  pollfd wait{.fd = link_->descriptor(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&wait, 1, 10000), 1);
  now_ = Time(std::chrono::nanoseconds(1000));
  turn();
  EXPECT_EQ(nic_->woken, 1);
  wait.revents = 0;
  EXPECT_EQ(::poll(&wait, 1, 0), 0);
}

TEST_F(VfioUserLinkTest, ARequestThatCameWhileMemoryWasAskedForIsAnnounced) {
  agree();
  const DmaMap map{.argsz = sizeof(DmaMap),
                   .flags = DmaMap::kReadable | DmaMap::kWritable,
                   .offset = 0,
                   .address = 0x100000,
                   .size = 0x10000};
  ASSERT_EQ(ask(Command::kDmaMap, as_octets(map)).error, 0U);
  ASSERT_EQ(write(0, SimpleNic::kReceiveAt, double_word(0x102000)), 0U);
  // Both pieces of a frame are written; the answers are there already.
  for (const std::uint64_t address : {0x102000, 0x102000 + 14}) {
    const Octets access = as_octets(DmaAccess{.address = address, .count = 0});
    Octets reply = request(Command::kDmaWrite, access, Header::kReply);
    reply[0] = address == 0x102000 ? 1 : 2;
    send(request(Command::kDeviceReset, {}));
    send(reply);
  }
  send_frame(*link_, Octets(100));
  link_->flush();
  EXPECT_EQ(nic_->resets, 0);
  pollfd wait{.fd = link_->descriptor(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&wait, 1, 10000), 1);
  turn();
  EXPECT_EQ(nic_->resets, 2);
}

TEST_F(VfioUserLinkTest, WhatFindsNoRoomWaitsInItsOrder) {
  agree();
  share_memory();
  ASSERT_EQ(write(0, SimpleNic::kReceiveAt, double_word(0x102000)), 0U);
  const auto last = [this] {
    std::uint8_t byte = 0;
    EXPECT_EQ(::pread(memory_.get(), &byte, 1, 0x2000), 1);
    return byte;
  };
  nic_->places = 1;
  for (const std::uint8_t number : {1, 2, 3}) send_frame(*link_, Octets(100, number));
  link_->flush();
  EXPECT_EQ(last(), 1);
  // It is looked at again though nothing happens.
  nic_->places = 1;
  pollfd wait{.fd = link_->descriptor(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&wait, 1, 10000), 1);
  turn();
  EXPECT_EQ(last(), 2);
  // And when the machine does something.
  nic_->places = 5;
  ASSERT_EQ(write(0, 0x40, double_word(0)), 0U);
  EXPECT_EQ(last(), 3);
  EXPECT_EQ(nic_->places, 4U);
  EXPECT_EQ(link_->counters().dropped(Drop::kLinkFull), 0U);
}

TEST_F(VfioUserLinkTest, AMachineThatSaidSomethingMeanwhileIsReminded) {
  agree();
  share_memory();
  ASSERT_EQ(write(0, SimpleNic::kReceiveAt, double_word(0x102000)), 0U);
  send_frame(*link_, Octets(100));
  link_->flush();
  ASSERT_EQ(write(0, 0x40, double_word(0)), 0U);
  EXPECT_EQ(nic_->reminded, 0);
  send(request(Command::kRegionWrite, write_of(0, 0x40, double_word(0)), Header::kNoReply));
  send_frame(*link_, Octets(100));
  link_->flush();
  EXPECT_EQ(nic_->reminded, 0);
  turn();
  EXPECT_EQ(nic_->reminded, 1);
  turn();
  EXPECT_EQ(nic_->reminded, 1);
}

TEST_F(VfioUserLinkTest, WhoCanWaitIsAskedToBeforeAnythingIsLost) {
  agree();
  share_memory();
  nic_->places = 0;
  std::size_t sent = 0;
  for (; sent < 10000 && link_->has_room(MacAddress()); ++sent) send_frame(*link_, Octets(1500));
  link_->flush();
  EXPECT_LT(sent, 100U);
  EXPECT_EQ(link_->counters().dropped(Drop::kLinkFull), 0U);
  for (int i = 0; i < 10000; ++i) send_frame(*link_, Octets(1500));
  link_->flush();
  EXPECT_GT(link_->counters().dropped(Drop::kLinkFull), 0U);
  nic_->places = 100'000;
  turn();
  EXPECT_TRUE(link_->has_room(MacAddress()));
}

TEST_F(VfioUserLinkTest, ACardWithoutRoomHearsOfWhoWaits) {
  agree();
  EXPECT_TRUE(link_->has_room(MacAddress()));
  link_->flush();
  EXPECT_EQ(nic_->flushed, 0);
  nic_->full = true;
  EXPECT_FALSE(link_->has_room(MacAddress()));
  link_->flush();
  EXPECT_EQ(nic_->flushed, 1);
  link_->flush();
  EXPECT_EQ(nic_->flushed, 1);
}

TEST_F(VfioUserLinkTest, ACardSeesItsCablePulledOut) {
  agree();
  turn();
  const auto has_news = [this] {
    pollfd news{.fd = link_->descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&news, 1, 1000) == 1;
  };
  link_->set_link(false);
  EXPECT_FALSE(nic_->link);
  EXPECT_TRUE(has_news()) << "of what the card does then";
  turn();
  link_->set_link(true);
  EXPECT_TRUE(nic_->link);
  EXPECT_TRUE(has_news());
}

TEST_F(VfioUserLinkTest, OneMachineFollowsAnother) {
  agree();
  share_memory();
  ASSERT_EQ(write(0, SimpleNic::kInterrupt, double_word(1)), 0U);
  client_.reset();
  turn();
  send_frame(*link_, Octets(100));
  EXPECT_EQ(link_->counters().dropped(Drop::kLinkFull), 1U);
  EXPECT_FALSE(link_->closed());
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_NE(told_[1].find("it has closed it"), std::string::npos);
  agree();
  // What the first one had shared is not the second one's.
  send(request(Command::kRegionWrite, write_of(0, SimpleNic::kSend, double_word(0x101000)),
               Header::kNoReply));
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(ask(Command::kDeviceReset, {}).error, 0U);
  EXPECT_EQ(nic_->resets, 1);
}

TEST_F(VfioUserLinkTest, WhoBreaksTheRulesIsLostAndToldWhy) {
  const auto lost = [this](const Octets& octets, const std::string& why) {
    connect();
    send(octets);
    turn();
    EXPECT_NE(told_.back().find(why), std::string::npos) << told_.back();
    std::uint8_t byte = 0;
    while (::recv(client_.get(), &byte, 1, 0) > 0) {
    }
    EXPECT_EQ(::recv(client_.get(), &byte, 1, 0), 0);
  };
  lost(Octets(64, 0xff), "4294967295 bytes");
  lost(request(Command::kDeviceReset, {}), "does not begin with the version");
  lost(request(Command::kVersion, as_octets(Version{.major = 1, .minor = 0})), "version 1");
  const std::string little = R"({"capabilities":{"max_data_xfer_size":4095}})";
  lost(request(Command::kVersion,
               as_octets(Version{.major = 0, .minor = 1}, Octets(little.begin(), little.end()))),
       "4095 bytes in a message; expected at least 4096");
  EXPECT_EQ(nic_->resets, 0);
  agree();
}

TEST_F(VfioUserLinkTest, AMachineWhoseMemoryBecomesShorterIsLost) {
  agree();
  share_memory();
  ASSERT_EQ(::ftruncate(memory_.get(), 0), 0);
  send(request(Command::kRegionWrite, write_of(0, SimpleNic::kSend, double_word(0x101000)),
               Header::kNoReply));
  turn();
  EXPECT_NE(told_.back().find("become shorter"), std::string::npos);
  EXPECT_FALSE(link_->closed());
  agree();
}

TEST_F(VfioUserLinkTest, AVersionWithoutTextWillDo) {
  connect();
  EXPECT_EQ(ask(Command::kVersion, as_octets(Version{.major = 0, .minor = 0})).error, 0U);
  EXPECT_EQ(
      ask(Command::kVersion, as_octets(Version{.major = 0, .minor = 0}, Octets(500, '['))).error,
      0U);
  EXPECT_EQ(ask(Command::kDeviceReset, {}).error, 0U);
}

TEST_F(VfioUserLinkTest, AllMemoryCanBeTakenBackAtOnce) {
  agree();
  share_memory();
  const DmaUnmap all{.argsz = sizeof(DmaUnmap), .flags = DmaUnmap::kAll, .address = 0, .size = 0};
  EXPECT_EQ(ask(Command::kDmaUnmap, as_octets(all)).payload, as_octets(all));
  send(request(Command::kRegionWrite, write_of(0, SimpleNic::kSend, double_word(0x101000)),
               Header::kNoReply));
  EXPECT_TRUE(turn().empty());
}

}  // namespace
}  // namespace sluice
