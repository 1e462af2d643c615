#include "nat/host/command_line.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Words = std::vector<std::string>;

TEST(CommandLine, BlanksPartWords) {
  EXPECT_EQ(split_words("smbd -l  /tmp\t-s /tmp/smb.conf "),
            (Words{"smbd", "-l", "/tmp", "-s", "/tmp/smb.conf"}));
  EXPECT_EQ(split_words(" \t\n"), Words{});
  EXPECT_EQ(split_words(""), Words{});
}

TEST(CommandLine, SingleQuotesKeepEverything) {
  EXPECT_EQ(split_words(R"('a b' '\"$x' '')"), (Words{"a b", R"(\"$x)", ""}));
}

TEST(CommandLine, DoubleQuotesKeepAllButSomeBackslashes) {
  EXPECT_EQ(split_words(R"("a b" "\"\\\$\`" "\n" "it's")"),
            (Words{"a b", R"("\$`)", R"(\n)", "it's"}));
}

TEST(CommandLine, ABackslashKeepsTheNextCharacter) {
  EXPECT_EQ(split_words(R"(a\ b \' \\ \n)"), (Words{"a b", "'", R"(\)", "n"}));
}

TEST(CommandLine, PartsWithoutABlankBetweenAreOneWord) {
  EXPECT_EQ(split_words(R"(a"b c"'d e'\ f)"), Words{"ab cd e f"});
}

TEST(CommandLine, NothingIsExpanded) {
  EXPECT_EQ(split_words("$HOME *.txt ~ a|b"), (Words{"$HOME", "*.txt", "~", "a|b"}));
}

TEST(CommandLine, WhatDoesNotEndIsAnError) {
  EXPECT_EQ(split_words("a 'b"), std::nullopt);
  EXPECT_EQ(split_words("a \"b"), std::nullopt);
  EXPECT_EQ(split_words("a \"b\\"), std::nullopt);
  EXPECT_EQ(split_words("a\\"), std::nullopt);
}

}  // namespace
}  // namespace sluice
