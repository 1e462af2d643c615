#include "app/options/impairment.h"

#include <gtest/gtest.h>

#include <chrono>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

std::string problem(std::string_view text) {
  try {
    parse_impairment(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(ImpairmentOptions, EveryKeyIsTaken) {
  const Impairment impairment = parse_impairment(
      "rate=1.5M,delay=50ms,jitter=200us,loss=1%,duplicate=0.5%,reorder=100%,corrupt=0.0001%,"
      "queue=64k,seed=18446744073709551615");
  EXPECT_EQ(impairment.rate, 1'500'000U);
  EXPECT_EQ(impairment.delay, 50ms);
  EXPECT_EQ(impairment.jitter, 200us);
  EXPECT_EQ(impairment.loss, 10'000U);
  EXPECT_EQ(impairment.duplicate, 5'000U);
  EXPECT_EQ(impairment.reorder, Impairment::kAlways);
  EXPECT_EQ(impairment.corrupt, 1U);
  EXPECT_EQ(impairment.queue_bytes, 65536U);
  EXPECT_EQ(impairment.seed, ~std::uint64_t{0});
}

TEST(ImpairmentOptions, WhatIsLeftOutDoesNoHarm) {
  const Impairment impairment = parse_impairment("delay=1s");
  EXPECT_EQ(impairment.rate, 0U);
  EXPECT_EQ(impairment.loss, 0U);
}

TEST(ImpairmentOptions, AMistakeIsNamed) {
  EXPECT_EQ(problem("dealy=1ms"), "--impair: no option 'dealy'; did you mean 'delay'?");
  EXPECT_NE(problem("50ms").find("no option '50ms'"), std::string::npos);
  EXPECT_EQ(problem("loss=1"), "--impair: loss=1: expected a part of all frames, for example 0.5%");
  for (const auto* wrong :
       {"loss=101%", "loss=-1%", "loss=nan%", "loss=", "loss", "delay=5", "delay=61s", "delay=1 s",
        "rate=0", "rate=1e400", "rate=2000G", "queue=2048M", "seed=x", "seed=-1", "jitter=inf"}) {
    EXPECT_NE(problem(wrong), "") << wrong;
  }
}

TEST(ImpairmentOptions, WhatWouldHaveNoEffectIsRefused) {
  EXPECT_EQ(problem(""),
            "--impair: nothing is said; expected KEY=VALUE,..., for example delay=50ms");
  EXPECT_EQ(problem("loss=1%,loss=2%"), "--impair: loss is given twice; expected it once");
  EXPECT_EQ(problem("jitter=2ms,delay=1ms"), "--impair: jitter: expected at most the delay");
  EXPECT_EQ(problem("reorder=1%"),
            "--impair: reorder: expected a delay, too, for frames to be overtaken in");
  EXPECT_EQ(problem("jitter=1ms,reorder=1%,delay=1ms"), "");
}

}  // namespace
}  // namespace sluice
