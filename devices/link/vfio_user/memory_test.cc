#include "devices/link/vfio_user/memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace sluice::vfio_user {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint64_t kFileSize = 0x10000;
constexpr std::uint32_t kBoth = DmaMap::kReadable | DmaMap::kWritable;

Descriptor memory_file(int seals, std::uint64_t size = kFileSize) {
  Descriptor file(::memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  if (seals != 0) {
    EXPECT_EQ(::fcntl(file.get(), F_ADD_SEALS, seals), 0);
  }
  return file;
}

Descriptor same(const Descriptor& file) {
  return Descriptor(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
}

// Answers as a machine that has 64 KiB from address 0 on.
class Machine final : public DmaChannel {
 public:
  bool dma_read(std::uint64_t address, MutableBytes into) override {
    ++asked;
    copy_bytes(Bytes(bytes).subspan(address, into.size()), into);
    return true;
  }
  bool dma_write(std::uint64_t address, Bytes from) override {
    ++asked;
    copy_bytes(from, MutableBytes(bytes).subspan(address));
    return true;
  }

  Octets bytes = Octets(kFileSize);
  int asked = 0;
};

class VfioUserMemory : public testing::Test {
 protected:
  int map(std::uint64_t address, std::uint64_t size, Descriptor file, std::uint64_t offset = 0,
          std::uint32_t flags = kBoth) {
    return memory_.map({.argsz = sizeof(DmaMap),
                        .flags = flags,
                        .offset = offset,
                        .address = address,
                        .size = size},
                       std::move(file));
  }
  Octets read(std::uint64_t address, std::size_t size) {
    Octets bytes(size);
    return memory_.read(address, bytes) ? bytes : Octets();
  }

  Machine machine_;
  Memory memory_{machine_};
};

TEST_F(VfioUserMemory, FilesAreMapped) {
  const Descriptor file = memory_file(F_SEAL_SHRINK);
  ASSERT_EQ(map(0x100000, 0x2000, same(file), 0x1010), 0);
  ASSERT_TRUE(memory_.write(0x100005, Octets{1, 2, 3}));
  Octets in_file(3);
  ASSERT_EQ(::pread(file.get(), in_file.data(), 3, 0x1015), 3);
  EXPECT_EQ(in_file, (Octets{1, 2, 3}));
  EXPECT_EQ(read(0x100005, 3), (Octets{1, 2, 3}));
  const Bytes seen = memory_.view(0x100005, 3);
  EXPECT_EQ(Octets(seen.begin(), seen.end()), (Octets{1, 2, 3}));
  EXPECT_TRUE(memory_.view(0x101ffe, 3).empty());
  EXPECT_EQ(machine_.asked, 0);
}

TEST_F(VfioUserMemory, AWindowIsWhatIsMappedForBothWays) {
  const Descriptor file = memory_file(F_SEAL_SHRINK);
  ASSERT_EQ(map(0x1000, 0x1000, same(file)), 0);
  ASSERT_EQ(map(0x2000, 0x1000, same(file), 0, DmaMap::kReadable), 0);
  ASSERT_EQ(map(0x3000, 0x1000, same(file), 0, DmaMap::kWritable), 0);
  ASSERT_EQ(map(0x4000, 0x1000, {}), 0);
  ASSERT_EQ(map(0x5000, 0x1000, memory_file(0)), 0);
  EXPECT_EQ(memory_.window(0x5fff, 2).size(), 1U);
  const MutableBytes window = memory_.window(0x1ff0, 0x100);
  ASSERT_EQ(window.size(), 0x10U);
  window[0] = 7;
  EXPECT_EQ(read(0x1ff0, 1), (Octets{7}));
  for (const std::uint64_t address : {0x0fffU, 0x2000U, 0x3000U, 0x4000U, 0x6000U}) {
    EXPECT_TRUE(memory_.window(address, 1).empty()) << address;
  }
}

TEST_F(VfioUserMemory, EveryChangeIsAnotherGeneration) {
  std::uint64_t before = memory_.generation();
  const auto is_another = [&] { return std::exchange(before, memory_.generation()) != before; };
  ASSERT_EQ(map(0x1000, 0x1000, memory_file(F_SEAL_SHRINK)), 0);
  EXPECT_TRUE(is_another());
  ASSERT_TRUE(memory_.write(0x1000, Octets{1}));
  EXPECT_FALSE(is_another());
  ASSERT_EQ(memory_.unmap(0x1000, 0x1000), 0);
  EXPECT_TRUE(is_another());
  memory_.clear();
  EXPECT_TRUE(is_another());
}

TEST_F(VfioUserMemory, AFileThatBecomesShorterIsLost) {
  const Descriptor file = memory_file(0);
  ASSERT_EQ(map(0, kFileSize, same(file)), 0);
  ASSERT_TRUE(memory_.write(0x8000, Octets{1, 2, 3}));
  EXPECT_EQ(read(0x8000, 3), (Octets{1, 2, 3}));
  EXPECT_FALSE(memory_.is_lost());
  ASSERT_EQ(::ftruncate(file.get(), 0x1000), 0);
  EXPECT_EQ(read(0x8000, 3), (Octets{0, 0, 0}));
  EXPECT_TRUE(memory_.is_lost());
  memory_.clear();
  EXPECT_FALSE(memory_.is_lost());
  EXPECT_EQ(machine_.asked, 0);
}

TEST_F(VfioUserMemory, ThereIsNoMoreThanTheFileHas) {
  for (const int seals : {0, F_SEAL_SHRINK}) {
    const Descriptor file = memory_file(seals);
    EXPECT_EQ(map(0, kFileSize + 1, same(file)), EINVAL);
    EXPECT_EQ(map(0, 0x1000, same(file), kFileSize - 0xfff), EINVAL);
    EXPECT_EQ(map(0, 0x1000, same(file), ~std::uint64_t{0}), EINVAL);
  }
}

TEST_F(VfioUserMemory, TheMachineIsAskedWhereThereIsNoFileOrOneThatLetsWait) {
  ASSERT_EQ(map(0x1000, 0x1000, {}), 0);
  EXPECT_TRUE(memory_.write(0x1800, Octets{4, 5}));
  EXPECT_EQ(machine_.bytes[0x1801], 5);
  EXPECT_EQ(read(0x1800, 2), (Octets{4, 5}));
  EXPECT_TRUE(memory_.view(0x1800, 2).empty());
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor writer(ends[1]);
  ASSERT_EQ(map(0x2000, 0x1000, Descriptor(ends[0])), 0);
  EXPECT_EQ(read(0x2000, 2), (Octets{0, 0}));
  EXPECT_EQ(machine_.asked, 3);
}

TEST_F(VfioUserMemory, OneAccessMayLieInSeveralRegions) {
  ASSERT_EQ(map(0x1000, 0x1000, memory_file(F_SEAL_SHRINK)), 0);
  ASSERT_EQ(map(0x2000, 0x1000, memory_file(0)), 0);
  ASSERT_EQ(map(0x3000, 0x1000, {}), 0);
  Octets bytes(0x1800);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  EXPECT_TRUE(memory_.write(0x1c00, bytes));
  EXPECT_EQ(read(0x1c00, bytes.size()), bytes);
  EXPECT_TRUE(memory_.view(0x1c00, bytes.size()).empty());
  EXPECT_FALSE(memory_.write(0x3fff, Octets{1, 2}));
  EXPECT_TRUE(read(0xfff, 2).empty());
}

TEST_F(VfioUserMemory, RegionsDoNotOverlapNorWrapAround) {
  ASSERT_EQ(map(0x2000, 0x1000, {}), 0);
  EXPECT_EQ(map(0x2000, 0x1000, {}), EEXIST);
  EXPECT_EQ(map(0x2fff, 1, {}), EEXIST);
  EXPECT_EQ(map(0x1000, 0x1001, {}), EEXIST);
  EXPECT_EQ(map(0x1000, 0x8000, {}), EEXIST);
  EXPECT_EQ(map(0x1000, 0x1000, {}), 0);
  EXPECT_EQ(map(0x3000, 0x1000, {}), 0);
  EXPECT_EQ(map(0x5000, 0, {}), EINVAL);
  EXPECT_EQ(map(~std::uint64_t{0} - 0xfff, 0x1001, {}), EINVAL);
  EXPECT_EQ(map(~std::uint64_t{0} - 0xfff, 0x1000, {}), 0);
}

TEST_F(VfioUserMemory, WhatDevicesMayNotDoIsRefused) {
  for (const bool mapped : {true, false}) {
    memory_.clear();
    const auto file = [&] { return mapped ? memory_file(F_SEAL_SHRINK) : Descriptor(); };
    ASSERT_EQ(map(0x1000, 0x1000, file(), 0, DmaMap::kReadable), 0);
    ASSERT_EQ(map(0x2000, 0x1000, file(), 0, DmaMap::kWritable), 0);
    ASSERT_EQ(map(0x3000, 0x1000, file(), 0, 0), 0);
    EXPECT_FALSE(memory_.write(0x1000, Octets{1}));
    EXPECT_FALSE(read(0x1000, 1).empty());
    EXPECT_TRUE(memory_.write(0x2000, Octets{1}));
    EXPECT_TRUE(read(0x2000, 1).empty());
    EXPECT_TRUE(memory_.view(0x2000, 1).empty());
    EXPECT_FALSE(memory_.write(0x3000, Octets{1}));
    EXPECT_TRUE(read(0x3000, 1).empty());
  }
}

TEST_F(VfioUserMemory, WhatIsUnmappedIsGone) {
  ASSERT_EQ(map(0x1000, 0x1000, memory_file(F_SEAL_SHRINK)), 0);
  EXPECT_EQ(memory_.unmap(0x1000, 0x800), ENOENT);
  EXPECT_EQ(memory_.unmap(0x1800, 0x800), ENOENT);
  EXPECT_EQ(memory_.unmap(0x1000, 0x1000), 0);
  EXPECT_TRUE(read(0x1000, 1).empty());
  EXPECT_EQ(map(0x1000, 0x1000, {}), 0);
}

TEST_F(VfioUserMemory, ThereAreOnlySoManyRegions) {
  for (std::size_t i = 0; i < Memory::kMaxRegions; ++i) ASSERT_EQ(map(i * 0x1000, 0x1000, {}), 0);
  EXPECT_EQ(map(Memory::kMaxRegions * 0x1000, 0x1000, {}), ENOSPC);
}

}  // namespace
}  // namespace sluice::vfio_user
