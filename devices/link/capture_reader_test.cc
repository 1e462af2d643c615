#include "devices/link/capture_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Buffer = std::vector<std::uint8_t>;

constexpr CaptureAddresses kAddresses = {.guest = MacAddress({2, 0, 0, 0, 0, 15}),
                                         .gateway = MacAddress({2, 0, 0, 0, 0, 2})};
constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kEthernet = 1;

// Writes numbers as a machine of the given byte order does.
class Writer {
 public:
  explicit Writer(std::endian order = std::endian::little) : order_(order) {}

  Writer& u16(std::uint16_t value) { return number(value, 2); }
  Writer& u32(std::uint32_t value) { return number(value, 4); }
  Writer& bytes(const Buffer& more) {
    buffer_.insert(buffer_.end(), more.begin(), more.end());
    return *this;
  }
  const Buffer& buffer() const { return buffer_; }

  Writer& pcap_header(std::uint32_t magic, std::uint32_t link_type) {
    return u32(magic).u16(2).u16(4).u32(0).u32(0).u32(262144).u32(link_type);
  }
  Writer& record(std::uint32_t seconds, std::uint32_t fraction, const Buffer& frame) {
    const auto size = static_cast<std::uint32_t>(frame.size());
    return u32(seconds).u32(fraction).u32(size).u32(size).bytes(frame);
  }

 private:
  Writer& number(std::uint32_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
      const unsigned place = order_ == std::endian::little ? i : size - 1 - i;
      buffer_.push_back(static_cast<std::uint8_t>(value >> (8 * place)));
    }
    return *this;
  }

  std::endian order_;
  Buffer buffer_;
};

struct Result {
  std::vector<Buffer> frames;
  std::vector<Time> times;
  std::chrono::nanoseconds begins_at{};
  std::string problem;
  std::uint64_t skipped = 0;
  std::uint64_t truncated = 0;
};

Result read(const Buffer& content) {
  Buffer copy = content;  // fmemopen() wants to be able to write
  std::FILE* file = ::fmemopen(copy.data(), copy.size(), "r");
  if (file == nullptr) throw std::runtime_error("fmemopen");  // of an empty buffer
  CaptureReader reader(file, "test.pcap", kAddresses);
  Result result;
  while (const auto frame = reader.next()) {
    EXPECT_LE(frame->bytes.size(), CaptureReader::kMaxFrame);
    result.frames.emplace_back(frame->bytes.begin(), frame->bytes.end());
    result.times.push_back(frame->time);
  }
  EXPECT_FALSE(reader.next()) << "the end stays the end";
  result.begins_at = reader.begins_at();
  result.problem = reader.problem();
  result.skipped = reader.skipped();
  result.truncated = reader.truncated();
  return result;
}

std::string failure_of(const Buffer& content) {
  try {
    read(content);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

Buffer with_header(const MacAddress& to, const MacAddress& from, std::uint16_t type,
                   const Buffer& packet) {
  Buffer frame(to.octets().begin(), to.octets().end());
  frame.insert(frame.end(), from.octets().begin(), from.octets().end());
  frame.push_back(static_cast<std::uint8_t>(type >> 8));
  frame.push_back(static_cast<std::uint8_t>(type));
  frame.insert(frame.end(), packet.begin(), packet.end());
  return frame;
}

TEST(CaptureReader, EitherByteOrderAndEitherResolutionIsRead) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    for (const std::uint32_t magic : {kMicroseconds, kNanoseconds}) {
      const auto result = read(Writer(order)
                                   .pcap_header(magic, kEthernet)
                                   .record(100, 7, Buffer(60, 1))
                                   .record(101, 9, Buffer(61, 2))
                                   .buffer());
      ASSERT_EQ(result.frames.size(), 2U);
      EXPECT_EQ(result.frames[1], Buffer(61, 2));
      EXPECT_EQ(result.begins_at, magic == kNanoseconds ? 100s + 7ns : 100s + 7us);
      EXPECT_EQ(result.times[0], Time{});
      EXPECT_EQ(result.times[1], magic == kNanoseconds ? Time{1s + 2ns} : Time{1s + 2us});
      EXPECT_EQ(result.problem, "");
    }
  }
}

TEST(CaptureReader, PcapngIsRead) {
  Writer file;
  file.u32(0x0a0d0d0a).u32(28).u32(0x1a2b3c4d).u16(1).u16(0);
  file.u32(0xffffffff).u32(0xffffffff).u32(28);
  // An interface whose times are in nanoseconds.
  file.u32(1).u32(32).u16(1).u16(0).u32(262144);
  file.u16(9).u16(1).bytes({9, 0, 0, 0}).u16(0).u16(0).u32(32);
  for (const std::uint32_t time : {1000U, 1005U}) {
    file.u32(6).u32(32 + 60).u32(0).u32(0).u32(time).u32(60).u32(60).bytes(Buffer(60, 3));
    file.u32(32 + 60);
  }
  const auto result = read(file.buffer());
  ASSERT_EQ(result.frames.size(), 2U) << result.problem;
  EXPECT_EQ(result.frames[0], Buffer(60, 3));
  EXPECT_EQ(result.times[1], Time{5ns});
}

TEST(CaptureReader, TimeNeverGoesBack) {
  const auto result = read(Writer()
                               .pcap_header(kNanoseconds, kEthernet)
                               .record(100, 500, Buffer(60))
                               .record(99, 0, Buffer(60))
                               .record(100, 700, Buffer(60))
                               .record(100, 600, Buffer(60))
                               .buffer());
  EXPECT_EQ(result.times, std::vector<Time>({Time{}, Time{}, Time{200ns}, Time{200ns}}));
}

TEST(CaptureReader, OfACutOffFrameWhatIsThereIsGiven) {
  const auto result = read(Writer()
                               .pcap_header(kNanoseconds, kEthernet)
                               .u32(1)
                               .u32(0)
                               .u32(40)
                               .u32(1514)
                               .bytes(Buffer(40, 5))
                               .buffer());
  EXPECT_EQ(result.frames, std::vector<Buffer>({Buffer(40, 5)}));
  EXPECT_EQ(result.truncated, 1U);
}

TEST(CaptureReader, AFrameLargerThanAnyLinkCarriesIsSkipped) {
  const auto result = read(Writer()
                               .pcap_header(kNanoseconds, kEthernet)
                               .record(1, 0, Buffer(CaptureReader::kMaxFrame + 1))
                               .record(2, 0, Buffer(CaptureReader::kMaxFrame))
                               .buffer());
  EXPECT_EQ(result.frames.size(), 1U);
  EXPECT_EQ(result.skipped, 1U);
}

TEST(CaptureReader, RawIpGetsAHeaderFromGuestToGateway) {
  Buffer v4(20);
  v4[0] = 0x45;
  Buffer v6(40);
  v6[0] = 0x60;
  const auto result = read(Writer()
                               .pcap_header(kNanoseconds, 101)  // LINKTYPE_RAW
                               .record(1, 0, v4)
                               .record(1, 0, v6)
                               .record(1, 0, {0x15})
                               .record(1, 0, {})
                               .buffer());
  EXPECT_EQ(result.frames,
            std::vector<Buffer>({with_header(kAddresses.gateway, kAddresses.guest, 0x0800, v4),
                                 with_header(kAddresses.gateway, kAddresses.guest, 0x86dd, v6)}));
  EXPECT_EQ(result.skipped, 2U);
}

TEST(CaptureReader, TheAddressFamilyOfALoopbackCaptureIsReplaced) {
  Buffer v4(20);
  v4[0] = 0x45;
  Buffer record = {2, 0, 0, 0};
  record.insert(record.end(), v4.begin(), v4.end());
  const auto result = read(Writer()
                               .pcap_header(kNanoseconds, 0)  // LINKTYPE_NULL
                               .record(1, 0, record)
                               .record(1, 0, {2, 0})
                               .buffer());
  EXPECT_EQ(result.frames,
            std::vector<Buffer>({with_header(kAddresses.gateway, kAddresses.guest, 0x0800, v4)}));
  EXPECT_EQ(result.skipped, 1U);
}

TEST(CaptureReader, ACookedCaptureTellsTheDirection) {
  const Buffer packet(30, 0x45);
  const auto cooked = [&](std::uint16_t type) {
    return Writer(std::endian::big)
        .u16(type)
        .u16(1)
        .u16(6)
        .bytes(Buffer(8))
        .u16(0x0806)
        .bytes(packet)
        .buffer();
  };
  const auto cooked2 = [&](std::uint8_t type) {
    return Writer(std::endian::big)
        .u16(0x0806)
        .u16(0)
        .u32(1)
        .u16(1)
        .bytes({type, 6})
        .bytes(Buffer(8))
        .bytes(packet)
        .buffer();
  };
  const std::vector<Buffer> expected = {
      with_header(kAddresses.gateway, kAddresses.guest, 0x0806, packet),
      with_header(kAddresses.guest, kAddresses.gateway, 0x0806, packet)};
  const auto first = read(Writer()
                              .pcap_header(kNanoseconds, 113)
                              .record(1, 0, cooked(4))
                              .record(1, 0, cooked(0))
                              .record(1, 0, Buffer(15))
                              .buffer());
  EXPECT_EQ(first.frames, expected);
  EXPECT_EQ(first.skipped, 1U);
  const auto second = read(Writer()
                               .pcap_header(kNanoseconds, 276)
                               .record(1, 0, cooked2(4))
                               .record(1, 0, cooked2(0))
                               .record(1, 0, Buffer(19))
                               .buffer());
  EXPECT_EQ(second.frames, expected);
  EXPECT_EQ(second.skipped, 1U);
}

TEST(CaptureReader, AnotherKindOfLinkIsRefusedByName) {
  const std::string message = failure_of(Writer().pcap_header(kNanoseconds, 105).buffer());
  EXPECT_NE(message.find("IEEE802_11"), std::string::npos) << message;
  EXPECT_NE(message.find("test.pcap"), std::string::npos) << message;
}

TEST(CaptureReader, WhatIsNoCaptureIsRefused) {
  EXPECT_NE(failure_of(Buffer(100, 'x')).find("is no capture"), std::string::npos);
  EXPECT_NE(failure_of({0xd4, 0xc3}).find("is no capture"), std::string::npos);
}

TEST(CaptureReader, AMissingFileIsAnErrorThatNamesIt) {
  try {
    const CaptureReader reader("/nonexistent/in.pcap", kAddresses);
    FAIL() << "it was opened";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string(error.what()).find("/nonexistent/in.pcap"), std::string::npos);
  }
}

TEST(CaptureReader, ADirectoryIsAnError) {
  EXPECT_THROW(CaptureReader("/", kAddresses), std::runtime_error);
}

TEST(CaptureReader, AFileThatBreaksOffGivesWhatCameBefore) {
  const Buffer whole = Writer()
                           .pcap_header(kNanoseconds, kEthernet)
                           .record(1, 0, Buffer(60, 1))
                           .record(2, 0, Buffer(60, 2))
                           .buffer();
  for (std::size_t size = 24; size < whole.size(); ++size) {
    const auto result = read(Buffer(whole.begin(), whole.begin() + static_cast<long>(size)));
    EXPECT_EQ(result.frames.size(), size < 24 + 76 ? 0U : 1U) << size;
    EXPECT_EQ(result.problem.empty(), size == 24 || size == 24 + 76) << size;
  }
}

RC_GTEST_PROP(CaptureReader, AnyBytesBehindAHeaderAreSafe, (const Buffer& rest)) {
  const auto link_type = *rc::gen::element<std::uint32_t>(0, 1, 101, 108, 113, 228, 229, 276);
  const auto result = read(Writer().pcap_header(kNanoseconds, link_type).bytes(rest).buffer());
  for (std::size_t i = 1; i < result.times.size(); ++i) {
    RC_ASSERT(result.times[i - 1] <= result.times[i]);
  }
}

RC_GTEST_PROP(CaptureReader, AnyRecordsAreSafe, ()) {
  const auto link_type = *rc::gen::element<std::uint32_t>(0, 1, 101, 108, 113, 228, 229, 276);
  Writer file;
  file.pcap_header(*rc::gen::element(kMicroseconds, kNanoseconds), link_type);
  const auto count = *rc::gen::inRange(0, 10);
  for (int i = 0; i < count; ++i) {
    file.record(*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint32_t>(),
                *rc::gen::arbitrary<Buffer>());
  }
  const auto result = read(file.buffer());
  RC_ASSERT(result.problem.empty());
  RC_ASSERT(result.frames.size() + result.skipped == static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < result.times.size(); ++i) {
    RC_ASSERT(result.times[i] >= (i == 0 ? Time{} : result.times[i - 1]));
  }
}

}  // namespace
}  // namespace sluice
