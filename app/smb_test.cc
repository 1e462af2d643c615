#include "app/smb.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace sluice {
namespace {

TEST(SmbConf, KeepsEverythingInItsDirectoryAndSharesOne) {
  const std::string text = smb_conf_text("/tmp/d", "/tmp/d/share", "alice");
  for (const auto* line :
       {"private dir = /tmp/d\n", "pid directory = /tmp/d\n", "lock directory = /tmp/d\n",
        "state directory = /tmp/d\n", "cache directory = /tmp/d\n",
        "ncalrpc dir = /tmp/d/ncalrpc\n", "log file = /tmp/d/log.smbd\n",
        "[qemu]\npath = /tmp/d/share\n", "read only = no\n", "guest ok = yes\n",
        "guest only = yes\n", "map to guest = Bad User\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(SmbShare, LeadsBothPortsToASmbdOfItsOwn) {
  if (::access("/usr/sbin/smbd", X_OK) != 0) GTEST_SKIP() << "no smbd here";
  const SmbShare share("/tmp");
  const IpAddress server = IpAddress::v4(10, 0, 2, 4);
  const std::vector<GuestForward> forwards = share.forwards(server);
  ASSERT_EQ(forwards.size(), 2U);
  EXPECT_EQ(forwards[0].server, (Endpoint{server, 445}));
  EXPECT_EQ(forwards[1].server, (Endpoint{server, 139}));
  const std::string& line = std::get<Command>(forwards[0].target).line;
  EXPECT_TRUE(line.starts_with("/usr/sbin/smbd -l '/")) << line;
  EXPECT_NE(line.find("/smb.conf'"), std::string::npos) << line;
  EXPECT_TRUE(std::get<Command>(forwards[0].target).wants_tcp);
}

TEST(SmbShare, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_THROW(SmbShare("/nonexistent"), std::system_error);
  EXPECT_THROW(SmbShare("/etc/passwd"), std::system_error);
}

}  // namespace
}  // namespace sluice
