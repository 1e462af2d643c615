#include "app/namespace/target.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <system_error>

namespace sluice {
namespace {

TEST(ParseProcess, TakesANumberInEitherForm) {
  EXPECT_EQ(parse_process("123"), 123);
  EXPECT_EQ(parse_process("/proc/123/ns/net"), 123);
  EXPECT_EQ(parse_process("0"), std::nullopt);
  EXPECT_EQ(parse_process("-1"), std::nullopt);
  EXPECT_EQ(parse_process("12x"), std::nullopt);
  EXPECT_EQ(parse_process("/proc/self/ns/net"), std::nullopt);
  EXPECT_EQ(parse_process("/proc//ns/net"), std::nullopt);
  EXPECT_EQ(parse_process("/run/netns/x"), std::nullopt);
  EXPECT_EQ(parse_process(""), std::nullopt);
}

TEST(NamespaceTarget, WhatIsNoNamespaceIsRefusedWithAReason) {
  EXPECT_THROW(NamespaceTarget("/dev/null"), std::system_error);
  EXPECT_THROW(NamespaceTarget("/proc/self/ns/user"), std::system_error);
  EXPECT_THROW(NamespaceTarget("/nonexistent"), std::system_error);
  EXPECT_THROW(NamespaceTarget("2147483647"), std::system_error);
}

TEST(NamespaceTarget, AProcessThatLivesHasNotEnded) {
  const NamespaceTarget target(std::to_string(::getpid()));
  EXPECT_FALSE(target.ended());
}

}  // namespace
}  // namespace sluice
