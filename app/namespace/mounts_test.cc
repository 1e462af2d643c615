#include "app/namespace/mounts.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(ResolvConfText, NamesTheServerAndTheDomainsToSearch) {
  const IpAddress server = IpAddress::v4(10, 0, 2, 3);
  EXPECT_EQ(resolv_conf_text(server, {}),
            "# Made by sluice; the host's own is untouched.\nnameserver 10.0.2.3\n");
  EXPECT_EQ(resolv_conf_text(server, {"a.example", "b.example"}),
            "# Made by sluice; the host's own is untouched.\nnameserver 10.0.2.3\n"
            "search a.example b.example\n");
}

}  // namespace
}  // namespace sluice
