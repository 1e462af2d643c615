#include "nat/host/command_line.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

RC_GTEST_PROP(CommandLine, QuotedWordsComeBackAsTheyWere, (const Words& words)) {
  std::string line;
  for (const std::string& word : words) {
    line += " '";
    for (const char c : word) line += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
    line += '\'';
  }
  RC_ASSERT(split_words(line) == words);
}

RC_GTEST_PROP(CommandLine, AnyLineIsSplitOrRefused, (const std::string& line)) {
  const std::optional<Words> words = split_words(line);
  std::size_t characters = 0;
  if (words) {
    for (const std::string& word : *words) characters += word.size();
  }
  RC_ASSERT(characters <= line.size());
}

}  // namespace
}  // namespace sluice
