#include "services/tftp/terms.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::seconds;

TftpTerms agree(const TftpOptions& options, TftpMode mode = TftpMode::kOctet) {
  return TftpTerms::agree(TftpConfig(), mode, options, 1000);
}

TEST(TftpTerms, WithoutOptionsAreThoseOfRfc1350) {
  const TftpTerms terms = agree({});
  EXPECT_EQ(terms.block_size, 512U);
  EXPECT_EQ(terms.window, 1U);
  EXPECT_TRUE(terms.acknowledged.empty());
}

TEST(TftpTerms, TakeWhatIsInRange) {
  const TftpOptions proposed{1432, 0, 3, 16};
  const TftpTerms terms = agree(proposed);
  EXPECT_EQ(terms.acknowledged, (TftpOptions{1432, 1000, 3, 16}));
  EXPECT_EQ(terms.block_size, 1432U);
  EXPECT_EQ(terms.window, 16U);
  EXPECT_EQ(terms.timeout(1), seconds(3));
}

TEST(TftpTerms, TakeTheMostWhereMoreIsProposed) {
  EXPECT_EQ(agree({.block_size = 1ULL << 40}).acknowledged.block_size, 65464U);
  EXPECT_EQ(agree({.window_size = 65535}).acknowledged.window_size, 64U);
}

TEST(TftpTerms, KeepAWindowToWhatALinkHolds) {
  const TftpTerms terms = agree({.block_size = 65464, .window_size = 64});
  EXPECT_EQ(terms.acknowledged.window_size, 2U);
  EXPECT_EQ(terms.window, 2U);
  TftpConfig narrow;
  narrow.max_window_bytes = 100;
  EXPECT_EQ(TftpTerms::agree(narrow, TftpMode::kOctet, {.window_size = 8}, 0).window, 1U);
}

TEST(TftpTerms, LeaveOutWhatCantBe) {
  EXPECT_TRUE(agree({.block_size = 7}).acknowledged.empty());
  EXPECT_TRUE(agree({.window_size = 0}).acknowledged.empty());
  EXPECT_TRUE(agree({.timeout = 0}).acknowledged.empty());
  EXPECT_TRUE(agree({.timeout = 256}).acknowledged.empty());
  EXPECT_TRUE(agree({.transfer_size = 0}, TftpMode::kNetascii).acknowledged.empty());
}

TEST(TftpTerms, WaitTwiceAsLongEachTimeUpToALimit) {
  const TftpTerms terms = agree({});
  EXPECT_EQ(terms.timeout(1), seconds(1));
  EXPECT_EQ(terms.timeout(2), seconds(2));
  EXPECT_EQ(terms.timeout(4), seconds(8));
  EXPECT_EQ(terms.timeout(1000000), seconds(8));
}

TEST(TftpTerms, WaitAsLongAsTheClientSays) {
  const TftpTerms terms = agree({.timeout = 255});
  EXPECT_EQ(terms.timeout(1), seconds(255));
  EXPECT_EQ(terms.timeout(5), seconds(255));
}

}  // namespace
}  // namespace sluice
