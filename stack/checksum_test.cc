#include "stack/checksum.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace sluice {
namespace {

// RFC 1071, section 1, word for word: what the fast one must agree with.
std::uint16_t plain_sum(Bytes bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

std::vector<std::uint8_t> random_bytes(int most) {
  const auto size = *rc::gen::inRange(0, most);
  return *rc::gen::container<std::vector<std::uint8_t>>(static_cast<std::size_t>(size),
                                                        rc::gen::arbitrary<std::uint8_t>());
}

// RFC 1071, section 3: 0001 f203 f4f5 f6f7 sums to ddf2.
TEST(Checksum, GivesTheExampleOfRfc1071) {
  const std::array<std::uint8_t, 8> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  ChecksumSum sum;
  sum.add(bytes);
  EXPECT_EQ(sum.folded(), 0xddf2);
  EXPECT_EQ(sum.checksum(), 0x220d);
  EXPECT_EQ(internet_checksum(bytes), 0x220d);
}

TEST(Checksum, OfNothingIsAllOnes) {
  EXPECT_EQ(internet_checksum({}), 0xffff);
  EXPECT_EQ(ChecksumSum().folded(), 0);
}

TEST(Checksum, LastOddByteIsTheHighHalf) {
  const std::array<std::uint8_t, 3> bytes = {0x12, 0x34, 0x56};
  EXPECT_EQ(internet_checksum(bytes), static_cast<std::uint16_t>(~(0x1234 + 0x5600)));
}

TEST(Checksum, CarriesOf64KiBOfOnesAreKept) {
  const std::vector<std::uint8_t> ones(65535, 0xff);
  EXPECT_EQ(internet_checksum(ones), static_cast<std::uint16_t>(~plain_sum(ones)));
}

TEST(Checksum, PseudoHeaderOfIpv4) {
  // A UDP datagram from 10.0.2.15:68 to 10.0.2.2:67 with payload "ab", summed by hand:
  // 0a00+020f+0a00+0202+0011+000a + 0044+0043+000a+6162.
  const std::array<std::uint8_t, 10> datagram = {0, 68, 0, 67, 0, 10, 0, 0, 'a', 'b'};
  ChecksumSum sum;
  sum.add_pseudo_header(IpAddress::v4(10, 0, 2, 15), IpAddress::v4(10, 0, 2, 2), 17,
                        datagram.size());
  sum.add(datagram);
  EXPECT_EQ(sum.folded(), 0x0a00 + 0x020f + 0x0a00 + 0x0202 + 0x0011 + 0x000a + 0x0044 + 0x0043 +
                              0x000a + 0x6162);
}

TEST(Checksum, PseudoHeaderOfIpv6CountsAllOctets) {
  std::array<std::uint8_t, 16> octets{};
  octets[0] = 0xfe;
  octets[15] = 1;
  ChecksumSum sum;
  sum.add_pseudo_header(IpAddress::v6(octets), IpAddress(), 58, 0x12345);
  // fe00 + 0001 + 003a + 0001 + 2345 is 12181, whose carry comes round.
  EXPECT_EQ(sum.folded(), 0x2182);
}

TEST(Checksum, PseudoHeaderMayComeAfterAnOddPayload) {
  const std::array<std::uint8_t, 3> payload = {1, 2, 3};
  ChecksumSum before;
  before.add_pseudo_header(IpAddress::v4(1), IpAddress::v4(2), 6, 3);
  before.add(payload);
  ChecksumSum after;
  after.add(payload);
  after.add_pseudo_header(IpAddress::v4(1), IpAddress::v4(2), 6, 3);
  EXPECT_EQ(before.folded(), after.folded());
}

RC_GTEST_PROP(Checksum, AgreesWithThePlainSumAtAnyLengthAndAlignment, ()) {
  const auto bytes = random_bytes(400);
  const auto skip = static_cast<std::size_t>(*rc::gen::inRange<int>(0, 9));
  RC_PRE(skip <= bytes.size());
  const Bytes piece = Bytes(bytes).subspan(skip);
  RC_ASSERT(internet_checksum(piece) == static_cast<std::uint16_t>(~plain_sum(piece)));
}

RC_GTEST_PROP(Checksum, AnySplitIntoPiecesGivesTheWhole, ()) {
  const auto bytes = random_bytes(300);
  ChecksumSum sum;
  Bytes rest = bytes;
  while (!rest.empty()) {
    const auto size = *rc::gen::inRange<std::size_t>(0, rest.size() + 1);
    sum.add(rest.first(size));
    rest = rest.subspan(size);
    if (size == 0) {
      sum.add(rest.first(1));
      rest = rest.subspan(1);
    }
  }
  RC_ASSERT(sum.folded() == plain_sum(bytes));
  RC_ASSERT(sum.checksum() == internet_checksum(bytes));
}

RC_GTEST_PROP(Checksum, NumbersCountAsTheirBytesWould, (std::uint16_t half, std::uint32_t word)) {
  const auto front = random_bytes(6);
  ChecksumSum numbers;
  numbers.add(front);
  numbers.add16(half);
  numbers.add32(word);
  std::array<std::uint8_t, 6> wire{};
  store_big<std::uint16_t>(wire, 0, half);
  store_big<std::uint32_t>(wire, 2, word);
  ChecksumSum bytes;
  bytes.add(front);
  bytes.add(wire);
  RC_ASSERT(numbers.folded() == bytes.folded());
}

RC_GTEST_PROP(Checksum, OverARunWithItsChecksumInPlaceIsZero, ()) {
  auto bytes = random_bytes(100);
  bytes.resize(bytes.size() + 2);
  // The field lies at an even offset somewhere; a packet is never all zeros.
  const auto field = *rc::gen::inRange<std::size_t>(0, bytes.size() / 2) * 2;
  bytes.at(field == 0 ? bytes.size() - 1 : 0) |= 1;
  store_big<std::uint16_t>(bytes, field, 0);
  RC_PRE(plain_sum(bytes) != 0);
  store_big<std::uint16_t>(bytes, field, internet_checksum(bytes));
  RC_ASSERT(internet_checksum(bytes) == 0);
}

RC_GTEST_PROP(Checksum, UpdateEqualsRecomputation, (std::uint16_t after)) {
  auto bytes = random_bytes(100);
  bytes.resize((bytes.size() + 5) / 2 * 2);
  const auto at = *rc::gen::inRange<std::size_t>(1, bytes.size() / 2) * 2;
  // As every header has: something beside the word that changes.
  bytes.at(0) = 0x45;
  const auto before = load_big<std::uint16_t>(bytes, at);
  const std::uint16_t checksum = internet_checksum(bytes);
  store_big(bytes, at, after);
  RC_ASSERT(updated_checksum(checksum, before, after) == internet_checksum(bytes));
}

// The example of RFC 1624, section 4, which its first equation (RFC 1141's) gets wrong.
TEST(Checksum, UpdateGivesTheExampleOfRfc1624) {
  EXPECT_EQ(updated_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

}  // namespace
}  // namespace sluice
