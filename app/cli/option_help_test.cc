#include "app/cli/option_help.h"

#include <gtest/gtest.h>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

std::string help(std::string_view option, std::string_view text) {
  return help_of_option(option, text).value_or("");
}

TEST(OptionHelp, HelpAloneListsTheTypes) {
  EXPECT_EQ(help("--netdev", "help").substr(0, 32), "Available netdev backend types:\n");
  for (const auto* type : {"\nuser\n", "\nbridge\n", "\nvde\n", "\nl2tpv3\n"}) {
    EXPECT_NE(help("--nic", "help").find(type), std::string::npos) << type;
  }
  EXPECT_NE(help("--object", "help").find("\nfilter-dump\nimpair\n"), std::string::npos);
  EXPECT_NE(help("--device", "help").find("\ne1000: "), std::string::npos);
  EXPECT_EQ(help("--nic", "user,model=help"), help("--device", "help"));
  EXPECT_EQ(help("--nic", "model=help"), help("--device", "help"));
}

TEST(OptionHelp, HelpBehindATypeListsItsKeys) {
  EXPECT_EQ(
      help("--netdev", "hubport,help"),
      "hubport options:\n"
      "    id=NAME\n        A name for this link.\n"
      "    hubid=NUMBER\n        Which hub.\n"
      "    netdev=NAME\n        The link that joins it. Default: each --device that names the "
      "port's id.\n");
  EXPECT_NE(help("--netdev", "user,id=x,help").find("    hostfwd="), std::string::npos);
  EXPECT_NE(help("--object", "filter-dump,help").find("    maxlen="), std::string::npos);
  EXPECT_NE(help("--object", "impair,help").find("    loss="), std::string::npos);
  EXPECT_NE(help("--device", "e1000,help").find("    netdev="), std::string::npos);
}

TEST(OptionHelp, WhatDoesNotAskGetsNone) {
  EXPECT_FALSE(help_of_option("--netdev", "user,hostname=help"));
  EXPECT_FALSE(help_of_option("--netdev", "tap,ifname=help"));
  EXPECT_FALSE(help_of_option("--netdev", ""));
}

TEST(OptionHelp, ATypeThatThereIsNotIsAMistake) {
  EXPECT_THROW(help_of_option("--netdev", "steam,help"), UsageError);
  EXPECT_THROW(help_of_option("--object", "filter,help"), UsageError);
  EXPECT_THROW(help_of_option("--device", "e10000,help"), UsageError);
}

TEST(Wrap, BreaksAtBlanks) {
  EXPECT_EQ(wrap("aa bb cc", 2, 7), "  aa bb\n  cc\n");
  EXPECT_EQ(wrap("muchtoolong x", 1, 4), " muchtoolong\n x\n");
}

}  // namespace
}  // namespace sluice
