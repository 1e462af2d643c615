#include "devices/link/capture_link.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "devices/link/capture_reader.h"
#include "devices/link/recorded_link.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Buffer = std::vector<std::uint8_t>;

// A capture in a temporary file, and what is in it afterwards.
class CaptureLinkTest : public ::testing::Test {
 protected:
  struct Record {
    Time time;
    Buffer bytes;
  };

  CaptureLinkTest() : path_(::testing::TempDir() + "capture_link_test.XXXXXX") {
    const int fd = ::mkstemp(path_.data());
    if (fd >= 0) ::close(fd);
    writer_ = std::make_unique<CaptureWriter>(
        CaptureOptions{.path = path_, .filter = "", .clock = {.start = Time{}, .at_start = 1s}});
  }
  ~CaptureLinkTest() override { std::remove(path_.c_str()); }

  std::vector<Record> records() const {
    CaptureReader reader(path_, {});
    std::vector<Record> result;
    while (const auto frame = reader.next()) {
      result.push_back({frame->time, {frame->bytes.begin(), frame->bytes.end()}});
    }
    return result;
  }

  // Sends a frame of two bytes of header, one `mark`, and a payload in two pieces.
  static void send(Link& link, std::uint8_t mark) {
    static constexpr std::array<std::uint8_t, 3> kPayload = {7, 8, 9};
    const MutableBytes room = link.reserve(20);
    room[0] = 1;
    room[1] = mark;
    const std::array<Bytes, 2> pieces = {Bytes(kPayload).first(1), Bytes(kPayload).subspan(1)};
    link.commit(2, pieces, {});
  }

  std::string path_;
  std::unique_ptr<CaptureWriter> writer_;
};

TEST_F(CaptureLinkTest, WhatIsCommittedIsWrittenAtTheTimeItWasTold) {
  CaptureLink link(writer_.get());
  link.set_time(Time{10s});
  send(link, 2);
  link.set_time(Time{10s + 5ns});
  send(link, 3);
  link.flush();
  const auto written = records();
  ASSERT_EQ(written.size(), 2U);
  EXPECT_EQ(written[0].bytes, Buffer({1, 2, 7, 8, 9}));
  EXPECT_EQ(written[1].bytes, Buffer({1, 3, 7, 8, 9}));
  EXPECT_EQ(written[1].time - written[0].time, 5ns);
  EXPECT_EQ(link.frames(), 2U);
  EXPECT_EQ(link.bytes(), 10U);
}

TEST_F(CaptureLinkTest, TheSameInputGivesTheSameBytes) {
  const auto fingerprint = [this] {
    CaptureWriter writer({.path = path_, .filter = "", .clock = {.start = Time{}, .at_start = 1s}});
    CaptureLink link(&writer);
    link.set_time(Time{3s});
    for (std::uint8_t i = 0; i < 50; ++i) send(link, i);
    link.flush();
    std::vector<std::pair<Time, Buffer>> all;
    for (const Record& record : records()) all.emplace_back(record.time, record.bytes);
    return all;
  };
  EXPECT_EQ(fingerprint(), fingerprint());
}

TEST_F(CaptureLinkTest, WithoutACaptureFramesAreOnlyCounted) {
  CaptureLink link(nullptr);
  send(link, 2);
  link.flush();
  EXPECT_EQ(link.frames(), 1U);
}

TEST_F(CaptureLinkTest, ItTakesOverWhatItIsToldTo) {
  EXPECT_FALSE(CaptureLink(nullptr).capabilities().checksum);
  EXPECT_TRUE(CaptureLink(nullptr, {.tcp4_segmentation = true}).capabilities().tcp4_segmentation);
}

TEST_F(CaptureLinkTest, ARecordedLinkRecordsBothDirectionsInOrder) {
  CaptureLink inner(nullptr, {.checksum = true});
  RecordedLink link(inner, *writer_);
  EXPECT_TRUE(link.capabilities().checksum);
  const Buffer request(60, 0x11);
  const std::array<Frame, 1> batch = {Frame{.bytes = request, .offload = {}}};
  link.record(Time{1s}, batch);
  send(link, 2);
  link.set_time(Time{2s});
  send(link, 3);
  link.flush();
  const auto written = records();
  ASSERT_EQ(written.size(), 3U);
  EXPECT_EQ(written[0].bytes, request);
  EXPECT_EQ(written[1].bytes, Buffer({1, 2, 7, 8, 9}));
  EXPECT_EQ(written[1].time, written[0].time);
  EXPECT_EQ(written[2].time - written[0].time, 1s);
  EXPECT_EQ(inner.frames(), 2U) << "everything is passed on";
}

TEST_F(CaptureLinkTest, AnIncomingBatchIsInTheFileWithoutAFlush) {
  CaptureLink inner(nullptr);
  RecordedLink link(inner, *writer_);
  const Buffer request(60);
  const std::array<Frame, 1> batch = {Frame{.bytes = request, .offload = {}}};
  link.record(Time{1s}, batch);
  EXPECT_EQ(records().size(), 1U);
}

}  // namespace
}  // namespace sluice
