#include "nat/host/stream_pair.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"

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
    sockaddr_in name{};
    socklen_t size = sizeof name;
    ASSERT_EQ(::getpeername(end->get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    EXPECT_EQ(name.sin_family, AF_INET);
    EXPECT_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  }
}

TEST_P(EachStreamPair, BlocksOnlyAtTheirEnd) {
  const StreamPair pair = GetParam()();
  EXPECT_NE(::fcntl(pair.ours.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(::fcntl(pair.theirs.get(), F_GETFL) & O_NONBLOCK, 0);
}

}  // namespace
}  // namespace sluice
