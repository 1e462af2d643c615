#include "devices/nic/ethernet_crc.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "devices/nic/little_endian.h"

namespace sluice {
namespace {

TEST(EthernetCrc, OfTheUsualCheckString) {
  EthernetCrc crc;
  crc.add(as_bytes("123456789"));
  EXPECT_EQ(crc.frame_check_sequence(), 0xcbf43926U);
}

TEST(EthernetCrc, OfTheAllSystemsAddressHashesAsDriversCompute) {
  EthernetCrc crc;
  crc.add(std::array<std::uint8_t, 6>{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01});
  // The same register, shifted bit by bit as the standard draws it.
  std::uint32_t expected = 0xffffffff;
  for (const std::uint8_t byte : {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      const bool feedback = ((expected >> 31) ^ (byte >> bit & 1U)) != 0;
      expected = expected << 1 ^ (feedback ? 0x04c11db7U : 0U);
    }
  }
  EXPECT_EQ(crc.remainder(), expected);
}

RC_GTEST_PROP(EthernetCrc, LeavesTheSameOfEveryFrameWithItsSequence,
              (const std::vector<std::uint8_t>& frame)) {
  EthernetCrc crc;
  crc.add(frame);
  std::array<std::uint8_t, 4> sequence{};
  store_little(MutableBytes(sequence), 0, crc.frame_check_sequence());
  crc.add(sequence);
  RC_ASSERT(crc.remainder() == 0xc704dd7bU);
}

}  // namespace
}  // namespace sluice
