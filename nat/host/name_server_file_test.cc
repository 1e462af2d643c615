#include "nat/host/name_server_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "nat/host/test_directory.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One address a line.
std::vector<Endpoint> parse_lines(std::string_view text) {
  std::vector<Endpoint> servers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const auto address = IpAddress::parse(text.substr(0, end))) {
      servers.push_back({.address = *address, .port = 53});
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return servers;
}

std::string text_of(gsl::span<const Endpoint> servers) {
  std::string text;
  for (const Endpoint& server : servers) text += server.address.to_string() + " ";
  return text;
}

class NameServerFileTest : public ::testing::Test {
 protected:
  std::string after(std::chrono::nanoseconds passed) {
    now_ += passed;
    return text_of(file_.current(now_));
  }

  testing::TestDirectory directory_;
  NameServerFile file_{directory_.path("resolv.conf"), parse_lines};
  Time now_{seconds(1000)};
};

TEST_F(NameServerFileTest, AMissingFileNamesNobody) {
  EXPECT_EQ(after(seconds(0)), "");
}

TEST_F(NameServerFileTest, AChangeIsSeenAfterASecondAndNotBefore) {
  directory_.write("resolv.conf", "10.0.0.1\n10.0.0.2\n");
  EXPECT_EQ(after(seconds(0)), "10.0.0.1 10.0.0.2 ");
  directory_.write("resolv.conf", "10.0.0.30\n");
  EXPECT_EQ(after(milliseconds(999)), "10.0.0.1 10.0.0.2 ");
  EXPECT_EQ(after(milliseconds(1)), "10.0.0.30 ");
}

TEST_F(NameServerFileTest, AReplacedFileOfTheSameSizeIsReadAgain) {
  directory_.write("resolv.conf", "10.0.0.1\n");
  EXPECT_EQ(after(seconds(0)), "10.0.0.1 ");
  directory_.write("new", "10.0.0.2\n");
  const auto time = std::filesystem::last_write_time(directory_.path("resolv.conf"));
  std::filesystem::last_write_time(directory_.path("new"), time);
  std::filesystem::rename(directory_.path("new"), directory_.path("resolv.conf"));
  EXPECT_EQ(after(seconds(1)), "10.0.0.2 ");
}

TEST_F(NameServerFileTest, AFileThatGoesAndComesBackIsFollowed) {
  directory_.write("resolv.conf", "10.0.0.1\n");
  EXPECT_EQ(after(seconds(0)), "10.0.0.1 ");
  std::filesystem::rename(directory_.path("resolv.conf"), directory_.path("away"));
  EXPECT_EQ(after(seconds(1)), "");
  std::filesystem::rename(directory_.path("away"), directory_.path("resolv.conf"));
  EXPECT_EQ(after(seconds(1)), "10.0.0.1 ");
}

TEST_F(NameServerFileTest, OnlyWholeLinesWithinTheLimitAreRead) {
  std::string text = "10.0.0.1\n" + std::string(NameServerFile::kMaxSize - 9 - 9, '#') + "\n";
  text += "10.0.0.23\n";  // of which 8 bytes are within the limit: another server
  directory_.write("resolv.conf", text);
  EXPECT_EQ(after(seconds(0)), "10.0.0.1 ");
}

TEST(FixedNameServersTest, StayWhatTheyAre) {
  FixedNameServers servers({{.address = IpAddress::v4(9, 9, 9, 9), .port = 53}});
  EXPECT_EQ(text_of(servers.current(Time())), "9.9.9.9 ");
}

}  // namespace
}  // namespace sluice
