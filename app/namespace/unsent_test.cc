#include "app/namespace/unsent.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::string_view kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    "   0: 0F02000A:9C40 0202000A:0050 01 00000010:00000000 00:00000000 00000000     0\n"
    "   1: 0F02000A:9C41 0202000A:0050 04 0000ABCD:00000000 00:00000000 00000000     0\n"
    "   2: 0F02000A:9C42 0202000A:0050 09 00000001:00000000 00:00000000 00000000     0\n"
    "   3: 0F02000A:9C43 0202000A:0050 06 00000000:00000000 00:00000000 00000000     0\n"
    "  12: 0F02000A:9C44 0202000A:0050 0B 00000002:00000000 00:00000000 00000000     0\n";

TEST(Unsent, CountsConnectionsWhoseEndIsNotAcknowledged) {
  EXPECT_EQ(parse_unsent(kTable), (Unsent{.connections = 3, .bytes = 0xabcd + 1 + 2}));
}

TEST(Unsent, NothingIsLeftWhenNothingIsOpen) {
  EXPECT_EQ(parse_unsent(""), Unsent{});
  EXPECT_EQ(parse_unsent("\n\n  sl  local_address\nx"), Unsent{});
}

}  // namespace
}  // namespace sluice
