#include "nat/path_error.h"

#include <gtest/gtest.h>

#include "stack/wire/icmpv4.h"
#include "stack/wire/icmpv6.h"

namespace sluice {
namespace {

using Kind = PathError::Kind;

IcmpMessage v4(IcmpType type, std::uint8_t code, std::uint32_t rest = 0) {
  return {type, code, rest};
}
IcmpMessage v6(Icmpv6Type type, std::uint8_t code, std::uint32_t rest = 0) {
  return {type, code, rest};
}

// RFC 7915, section 5.2.
TEST(PathError, Icmpv6IsToldInTheWordsOfIpv4) {
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kUnreachable, 0)), v4(IcmpType::kUnreachable, 1));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kUnreachable, 1)), v4(IcmpType::kUnreachable, 13));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kUnreachable, 2)), v4(IcmpType::kUnreachable, 1));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kUnreachable, 3)), v4(IcmpType::kUnreachable, 1));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kUnreachable, 4)), v4(IcmpType::kUnreachable, 3));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kUnreachable, 5)), std::nullopt);
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kPacketTooBig, 0, 1500)),
            v4(IcmpType::kUnreachable, 4, 1480));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kPacketTooBig, 0, 8)),
            v4(IcmpType::kUnreachable, 4, 0));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kPacketTooBig, 0, 0xffffffff)),
            v4(IcmpType::kUnreachable, 4, 0xffff));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kTimeExceeded, 0)), v4(IcmpType::kTimeExceeded, 0));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kTimeExceeded, 1)), v4(IcmpType::kTimeExceeded, 1));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kParameterProblem, 1, 40)),
            v4(IcmpType::kUnreachable, 2));
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kParameterProblem, 2, 40)), std::nullopt);
  EXPECT_EQ(icmpv4_of_icmpv6(v6(Icmpv6Type::kEchoReply, 0)), std::nullopt);
}

// RFC 7915, section 4.2.
TEST(PathError, Icmpv4IsToldInTheWordsOfIpv6) {
  for (const std::uint8_t code : {0, 1, 5, 6, 7, 8, 11, 12}) {
    EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kUnreachable, code)), v6(Icmpv6Type::kUnreachable, 0))
        << int{code};
  }
  for (const std::uint8_t code : {9, 10, 13, 15}) {
    EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kUnreachable, code)), v6(Icmpv6Type::kUnreachable, 1))
        << int{code};
  }
  EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kUnreachable, 2)),
            v6(Icmpv6Type::kParameterProblem, 1, 6));
  EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kUnreachable, 3)), v6(Icmpv6Type::kUnreachable, 4));
  EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kUnreachable, 4, 1400)),
            v6(Icmpv6Type::kPacketTooBig, 0, 1420));
  EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kUnreachable, 4, 576)),
            v6(Icmpv6Type::kPacketTooBig, 0, 1280));
  EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kUnreachable, 14)), std::nullopt);
  EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kTimeExceeded, 1)), v6(Icmpv6Type::kTimeExceeded, 1));
  EXPECT_EQ(icmpv6_of_icmpv4(v4(IcmpType::kRedirect, 0)), std::nullopt);
}

TEST(PathError, ErrorsOfSocketsAreToldInBothFamilies) {
  const auto refused = path_error(std::errc::connection_refused);
  ASSERT_EQ(refused, (PathError{Kind::kNoPort}));
  EXPECT_EQ(icmpv4_message(*refused), v4(IcmpType::kUnreachable, 3));
  EXPECT_EQ(icmpv6_message(*refused), v6(Icmpv6Type::kUnreachable, 4));
  const auto no_route = path_error(std::errc::network_unreachable);
  ASSERT_EQ(no_route, (PathError{Kind::kNoRoute}));
  EXPECT_EQ(icmpv4_message(*no_route), v4(IcmpType::kUnreachable, 0));
  EXPECT_EQ(icmpv6_message(*no_route), v6(Icmpv6Type::kUnreachable, 0));
  EXPECT_EQ(path_error(std::errc::connection_reset), std::nullopt);
}

}  // namespace
}  // namespace sluice
