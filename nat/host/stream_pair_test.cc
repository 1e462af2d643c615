#include "nat/host/stream_pair.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

class EachStreamPair : public testing::TestWithParam<StreamPair (*)()> {};

INSTANTIATE_TEST_SUITE_P(Kinds, EachStreamPair,
                         testing::Values(&make_unix_pair, &make_loopback_pair));

TEST_P(EachStreamPair, CarriesWhatOneEndWritesToTheOther) {
  const StreamPair pair = GetParam()();
  ASSERT_TRUE(pair.ours && pair.theirs);
  for (const auto& [from, to] : {std::pair{pair.ours.get(), pair.theirs.get()},
                                 std::pair{pair.theirs.get(), pair.ours.get()}}) {
    ASSERT_EQ(::write(from, "word", 4), 4);
    std::array<char, 8> text{};
    ASSERT_EQ(::read(to, text.data(), text.size()), 4);
    EXPECT_EQ(std::string_view(text.data(), 4), "word");
  }
}

TEST(LoopbackPair, HasAPeerOnTheLoopbackAtEachEnd) {
  const StreamPair pair = make_loopback_pair();
  for (const Descriptor* end : {&pair.ours, &pair.theirs}) {
    SocketAddress name;
    socklen_t size = SocketAddress::kCapacity;
    ASSERT_EQ(::getpeername(end->get(), name.data(), &size), 0);
    ASSERT_TRUE(name.endpoint());
    EXPECT_TRUE(name.endpoint()->address.is_loopback());
  }
}

TEST_P(EachStreamPair, BlocksOnlyAtTheirEnd) {
  const StreamPair pair = GetParam()();
  EXPECT_NE(::fcntl(pair.ours.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::fcntl(pair.theirs.get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace sluice
