#include "stack/scattered_bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

TEST(ScatteredBytesTest, BytesInOnePlaceAreOnePiece) {
  const Octets octets{1, 2, 3};
  const ScatteredBytes bytes = Bytes(octets);
  EXPECT_EQ(bytes.size(), 3U);
  int pieces = 0;
  bytes.for_each([&](Bytes piece) {
    ++pieces;
    EXPECT_EQ(piece.data(), octets.data());
  });
  EXPECT_EQ(pieces, 1);
  EXPECT_TRUE(ScatteredBytes().empty());
  ScatteredBytes().for_each([](Bytes) { FAIL() << "there is no piece"; });
}

RC_GTEST_PROP(ScatteredBytesTest, APartIsThatOfAllInOnePlace, (const std::vector<Octets>& places)) {
  Octets all;
  std::vector<Bytes> pieces;
  for (const Octets& place : places) {
    all.insert(all.end(), place.begin(), place.end());
    pieces.emplace_back(place);
  }
  const ScatteredBytes bytes =
      pieces.empty() ? ScatteredBytes()
                     : ScatteredBytes(pieces.front(), gsl::span<const Bytes>(pieces).subspan(1));
  RC_ASSERT(bytes.to_vector() == all);
  const auto offset = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
  const auto count = *rc::gen::inRange<std::size_t>(0, all.size() - offset + 1);
  const ScatteredBytes part = bytes.subspan(offset, count);
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(offset);
  RC_ASSERT(part.size() == count);
  RC_ASSERT(part.to_vector() == Octets(begin, begin + static_cast<std::ptrdiff_t>(count)));
  part.for_each([](Bytes piece) { RC_ASSERT(!piece.empty()); });
}

}  // namespace
}  // namespace sluice
