#include "app/namespace/id_maps.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(IdMaps, AnOrdinaryUserStaysWhoTheyAreOrBecomesRoot) {
  EXPECT_EQ(single_id_map(1000, false), "1000 1000 1\n");
  EXPECT_EQ(single_id_map(1000, true), "0 1000 1\n");
}

TEST(IdMaps, RootKeepsEveryIdThatItHas) {
  EXPECT_EQ(identity_map("         0          0 4294967295\n"), "0 0 4294967295\n");
  // In a container that maps 65536 ids from 100000 on, ids are named by what they are inside.
  EXPECT_EQ(identity_map("0 100000 65536\n70000 200000 1\n"), "0 0 65536\n70000 70000 1\n");
  EXPECT_EQ(identity_map("garbage\n"), "");
}

}  // namespace
}  // namespace sluice
