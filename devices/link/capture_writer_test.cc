#include "devices/link/capture_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "devices/link/capture_reader.h"
#include "stack/checksum.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using Buffer = std::vector<std::uint8_t>;

constexpr Time kStart{5s};
constexpr std::chrono::nanoseconds kWall = 1'700'000'000s + 123'456'789ns;
constexpr std::size_t kTransport = 34;

// A file that goes away with its owner.
class TemporaryFile {
 public:
  TemporaryFile() : path_(::testing::TempDir() + "capture_writer_test.XXXXXX") {
    const int fd = ::mkstemp(path_.data());
    if (fd >= 0) ::close(fd);
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  Buffer content() const {
    std::ifstream file(path_, std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
    return {text.begin(), text.end()};
  }
  std::vector<Buffer> frames() const {
    CaptureReader reader(path_, {});
    std::vector<Buffer> result;
    while (const auto frame = reader.next()) {
      result.emplace_back(frame->bytes.begin(), frame->bytes.end());
    }
    EXPECT_EQ(reader.problem(), "");
    return result;
  }

 private:
  std::string path_;
};

CaptureOptions options_for(const TemporaryFile& file, const std::string& filter = "") {
  return {.path = file.path(), .filter = filter, .clock = {.start = kStart, .at_start = kWall}};
}

// An Ethernet frame with an IPv4 packet from port 53 to port 1024; its checksum field holds the
// pseudo-header's sum.
Buffer partial_frame(std::uint8_t protocol, const Buffer& payload) {
  const IpAddress from = IpAddress::v4(10, 0, 2, 3);
  const IpAddress to = IpAddress::v4(10, 0, 2, 15);
  const std::size_t header = protocol == 17 ? 8 : 20;
  const std::size_t field = protocol == 17 ? 6 : 16;
  Buffer frame(kTransport + header);
  frame.insert(frame.end(), payload.begin(), payload.end());
  const MutableBytes bytes(frame);
  store_big<std::uint16_t>(bytes, 12, 0x0800);
  bytes[14] = 0x45;
  store_big(bytes, 16, static_cast<std::uint16_t>(frame.size() - 14));
  bytes[23] = protocol;
  store_big(bytes, 26, from.v4_bits());
  store_big(bytes, 30, to.v4_bits());
  store_big<std::uint16_t>(bytes, kTransport, 53);
  store_big<std::uint16_t>(bytes, kTransport + 2, 1024);
  if (protocol == 17) {
    store_big(bytes, kTransport + 4, static_cast<std::uint16_t>(8 + payload.size()));
  } else {
    bytes[kTransport + 12] = 5 << 4;
  }
  ChecksumSum sum;
  sum.add_pseudo_header(from, to, protocol, static_cast<std::uint32_t>(header + payload.size()));
  store_big(bytes, kTransport + field, sum.folded());
  return frame;
}

Offload partial(std::uint8_t protocol) {
  return {.checksum = ChecksumState::kPartial,
          .checksum_start = kTransport,
          .checksum_offset = static_cast<std::uint16_t>(protocol == 17 ? 6 : 16)};
}

// What a receiver computes over the transport of a frame of partial_frame(): zero when it holds.
std::uint16_t verification(Bytes frame) {
  const Bytes transport = frame.subspan(kTransport);
  ChecksumSum sum;
  sum.add_pseudo_header(IpAddress::v4(10, 0, 2, 3), IpAddress::v4(10, 0, 2, 15), frame[23],
                        static_cast<std::uint32_t>(transport.size()));
  sum.add(transport);
  return sum.checksum();
}

TEST(CaptureWriter, TheFileIsAPcapOfEthernetInNanoseconds) {
  const TemporaryFile file;
  { const CaptureWriter writer(options_for(file)); }
  const Buffer content = file.content();
  ASSERT_EQ(content.size(), 24U);
  std::uint32_t magic = 0;
  std::memcpy(&magic, content.data(), sizeof(magic));
  EXPECT_EQ(magic, 0xa1b23c4dU);
  EXPECT_EQ(content[20], 1);  // Ethernet
}

TEST(CaptureWriter, TimesAreWallClockTimeCountedFromTheStart) {
  const TemporaryFile file;
  {
    CaptureWriter writer(options_for(file));
    writer.write(kStart + 2s + 1ns, {Buffer(60), {}});
  }
  const Buffer content = file.content();
  ASSERT_EQ(content.size(), 24U + 16 + 60);
  std::uint32_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  std::memcpy(&seconds, content.data() + 24, sizeof(seconds));
  std::memcpy(&nanoseconds, content.data() + 28, sizeof(nanoseconds));
  EXPECT_EQ(seconds, 1'700'000'002U);
  EXPECT_EQ(nanoseconds, 123'456'790U);
}

TEST(CaptureWriter, AFrameInPiecesIsOneRecord) {
  const TemporaryFile file;
  const Buffer head = {1, 2, 3};
  const Buffer first = {4, 5};
  const Buffer second = {6, 7, 8, 9};
  {
    CaptureWriter writer(options_for(file));
    const std::array<Bytes, 2> payload = {Bytes(first), Bytes(second)};
    writer.write(kStart, head, payload, {});
    EXPECT_EQ(writer.records(), 1U);
  }
  EXPECT_EQ(file.frames(), std::vector<Buffer>({{1, 2, 3, 4, 5, 6, 7, 8, 9}}));
}

TEST(CaptureWriter, ALargeFrameIsOneRecord) {
  const TemporaryFile file;
  const Buffer frame(65535 + 14, 0x5a);
  {
    CaptureWriter writer(options_for(file));
    writer.write(kStart, {frame, {}});
  }
  EXPECT_EQ(file.frames(), std::vector<Buffer>({frame}));
}

TEST(CaptureWriter, WhatIsFlushedCanBeReadWhileTheWriterGoesOn) {
  const TemporaryFile file;
  CaptureWriter writer(options_for(file));
  EXPECT_TRUE(file.frames().empty());
  writer.write(kStart, {Buffer(60), {}});
  writer.flush();
  EXPECT_EQ(file.frames().size(), 1U);
}

TEST(CaptureWriter, AWholeChecksumIsLeftAlone) {
  const TemporaryFile file;
  const Buffer frame = partial_frame(17, {1, 2, 3});
  {
    CaptureWriter writer(options_for(file));
    writer.write(kStart, {frame, {}});
  }
  EXPECT_EQ(file.frames(), std::vector<Buffer>({frame}));
}

TEST(CaptureWriter, AUdpChecksumThatComesOutAsZeroIsWrittenAsOnes) {
  const TemporaryFile file;
  Buffer frame = partial_frame(17, {0, 0});
  // Chosen so that everything else sums to ones.
  const MutableBytes bytes(frame);
  store_big(bytes, kTransport + 8, internet_checksum(bytes.subspan(kTransport)));
  {
    CaptureWriter writer(options_for(file));
    writer.write(kStart, {frame, partial(17)});
  }
  const auto frames = file.frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(load_big<std::uint16_t>(frames[0], kTransport + 6), 0xffff);
}

RC_GTEST_PROP(CaptureWriter, APartialChecksumIsCompleteInTheFile, (const Buffer& payload)) {
  const TemporaryFile file;
  const auto protocol = *rc::gen::element<std::uint8_t>(6, 17);
  const Buffer frame = partial_frame(protocol, payload);
  const std::size_t split = frame.size() - payload.size();
  const auto middle = *rc::gen::inRange<std::size_t>(0, payload.size() + 1);
  {
    CaptureWriter writer(options_for(file));
    const std::array<Bytes, 2> pieces = {Bytes(payload).first(middle),
                                         Bytes(payload).subspan(middle)};
    writer.write(kStart, Bytes(frame).first(split), pieces, partial(protocol));
  }
  const auto frames = file.frames();
  RC_ASSERT(frames.size() == 1U);
  RC_ASSERT(frames[0].size() == frame.size());
  RC_ASSERT(verification(frames[0]) == 0);
}

TEST(CaptureWriter, OnlyWhatTheFilterMatchesIsWritten) {
  const TemporaryFile file;
  const Buffer dns = partial_frame(17, {1});
  {
    CaptureWriter writer(options_for(file, "udp port 53"));
    writer.write(kStart, {partial_frame(6, {1}), partial(6)});
    writer.write(kStart, {dns, {}});
    writer.write(kStart, {Buffer(14), {}});
    EXPECT_EQ(writer.records(), 1U);
  }
  EXPECT_EQ(file.frames(), std::vector<Buffer>({dns}));
}

TEST(CaptureWriter, AWrongFilterIsNamedAndTheFileIsNotTouched) {
  const std::string path = ::testing::TempDir() + "capture_that_never_was.pcap";
  try {
    const CaptureWriter writer({.path = path, .filter = "udp prot 53", .clock = {}});
    FAIL() << "the filter was accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("'udp prot 53'"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("syntax error"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(std::ifstream(path).good());
}

TEST(CaptureWriter, AFileThatCannotBeWrittenIsAnError) {
  try {
    const CaptureWriter writer({.path = "/nonexistent/capture.pcap", .filter = "", .clock = {}});
    FAIL() << "the path was accepted";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string(error.what()).find("/nonexistent/capture.pcap"), std::string::npos);
  }
}

// A pipe with a name, and its reader, who has it open and reads when asked.
struct Fifo {
  Fifo() {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    reader = Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  ~Fifo() { std::filesystem::remove(path); }

  // All that is there now.
  std::size_t read() const {
    std::array<char, 65536> room{};
    std::size_t all = 0;
    for (ssize_t count = 0; (count = ::read(reader.get(), room.data(), room.size())) > 0;) {
      all += static_cast<std::size_t>(count);
    }
    return all;
  }

  std::string path = testing::TempDir() + "capture-fifo-" + std::to_string(::getpid());
  Descriptor reader;
};

TEST(CaptureWriter, APipeThatNobodyReadsHoldsUpNothing) {
  const Fifo fifo;
  constexpr std::size_t kFrame = 10000;
  constexpr std::size_t kRecord = 16 + kFrame;
  CaptureWriter writer({.path = fifo.path, .filter = "", .clock = {}});
  for (int i = 0; i < 1000; ++i) {
    writer.write(kStart, {Buffer(kFrame), {}});
    writer.flush();
  }
  EXPECT_LT(writer.records(), 1000U);
  EXPECT_THAT(writer.problem(),
              testing::HasSubstr("too slow for " + std::to_string(1000 - writer.records())));
  // Once it is read, it goes on, with whole records only.
  const std::uint64_t before = writer.records();
  std::size_t read = 0;
  for (int i = 0; i < 1000; ++i) {
    read += fifo.read();
    writer.flush();
  }
  writer.write(kStart, {Buffer(kFrame), {}});
  writer.flush();
  read += fifo.read();
  EXPECT_EQ(writer.records(), before + 1);
  EXPECT_EQ(read, 24 + writer.records() * kRecord);
}

TEST(CaptureWriter, APipeThatIsReadToTheEndHasEverything) {
  const Fifo fifo;
  CaptureWriter writer({.path = fifo.path, .filter = "", .clock = {}});
  for (int i = 0; i < 100; ++i) writer.write(kStart, {Buffer(10000), {}});
  std::size_t read = 0;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) read += fifo.read();
    read += fifo.read();
  });
  writer.finish();
  done = true;
  reader.join();
  EXPECT_EQ(writer.problem(), "");
  EXPECT_EQ(read, 24 + 100 * 10016U);
}

TEST(CaptureWriter, AFullDiskEndsTheCaptureAndNothingElse) {
  if (!std::ifstream("/dev/full").good()) GTEST_SKIP() << "no /dev/full here";
  CaptureWriter writer({.path = "/dev/full", .filter = "", .clock = {}});
  for (int i = 0; i < 3; ++i) {
    writer.write(kStart, {Buffer(60), {}});
    writer.flush();
  }
  EXPECT_THAT(writer.problem(), testing::HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace sluice
