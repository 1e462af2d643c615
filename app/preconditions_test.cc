#include "app/preconditions.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace sluice {
namespace {

int error_of_command(const std::string& line) {
  try {
    check_command({.line = line});
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}

TEST(CheckOutbound, TakesAnAddressOfThisHost) {
  EXPECT_NO_THROW(check_outbound(IpAddress::v4(127, 0, 0, 1)));
}

TEST(CheckOutbound, RefusesAnotherHostsAddressByItsName) {
  try {
    check_outbound(IpAddress::v4(192, 0, 2, 9));
    FAIL() << "an address for documentation (RFC 5737) is nobody's";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EADDRNOTAVAIL);
    EXPECT_NE(std::string(error.what()).find("outbound=192.0.2.9"), std::string::npos);
  }
}

TEST(CheckCommand, FindsProgramsByPathAndByName) {
  EXPECT_EQ(error_of_command("/bin/sh -c 'exit 1'"), 0);
  EXPECT_EQ(error_of_command("sh -c true"), 0);
  EXPECT_EQ(error_of_command("/nonexistent/program"), ENOENT);
  EXPECT_EQ(error_of_command("no-such-program-anywhere x"), ENOENT);
  EXPECT_EQ(error_of_command("/etc/passwd"), EACCES);
  EXPECT_EQ(error_of_command("/"), EACCES);
}

TEST(CheckCommand, RefusesALineWithoutWords) {
  EXPECT_THROW(check_command({.line = ""}), std::invalid_argument);
  EXPECT_THROW(check_command({.line = "cat 'x"}), std::invalid_argument);
}

}  // namespace
}  // namespace sluice
