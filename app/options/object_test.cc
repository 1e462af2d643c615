#include "app/options/object.h"

#include <gtest/gtest.h>

#include <chrono>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

std::string problem(const std::string& text) {
  try {
    parse_object(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Object, ADumpNamesItsLinkAndFile) {
  const LinkObject object = parse_object("filter-dump,id=f0,netdev=n0,file=/tmp/x.pcap,maxlen=96");
  EXPECT_EQ(object.id, "f0");
  EXPECT_EQ(object.netdev, "n0");
  EXPECT_EQ(std::get<FilterDump>(object.kind).file, "/tmp/x.pcap");
  EXPECT_EQ(std::get<FilterDump>(object.kind).max_length, 96U);
  const LinkObject plain = parse_object("filter-dump,netdev=n0,file=x");
  EXPECT_EQ(std::get<FilterDump>(plain.kind).max_length, 65536U);
}

TEST(Object, ABadLineHasTheKeysOfImpair) {
  const LinkObject object = parse_object("impair,id=i,netdev=n0,delay=50ms,loss=1%,seed=3");
  EXPECT_EQ(object.netdev, "n0");
  const auto& impairment = std::get<Impairment>(object.kind);
  EXPECT_EQ(impairment.delay, 50ms);
  EXPECT_EQ(impairment.loss, 10'000U);
  EXPECT_EQ(impairment.seed, 3U);
}

TEST(Object, AMistakeIsNamed) {
  EXPECT_NE(problem("filter-dum,netdev=a,file=b").find("did you mean 'filter-dump'?"),
            std::string::npos);
  EXPECT_EQ(problem("filter-dump,netdev=a"), "--object filter-dump: file is missing");
  EXPECT_EQ(problem("filter-dump,file=b"), "--object filter-dump: netdev is missing");
  EXPECT_NE(problem("filter-dump,netdev=a,file=b,maxlen=0").find("1 to 262144"), std::string::npos);
  EXPECT_NE(problem("filter-dump,netdev=a,fil=b").find("did you mean 'file'?"), std::string::npos);
  EXPECT_NE(problem("filter-dump,netdev").find("has no value"), std::string::npos);
  EXPECT_NE(problem("impair,netdev=a").find("nothing is said"), std::string::npos);
  EXPECT_EQ(problem("impair,netdev=a,jitter=1s"),
            "--object impair: jitter: expected at most the delay");
}

TEST(Object, EachTypeHasItsHelp) {
  for (const std::string_view type : object_types()) {
    EXPECT_EQ(object_help(type).front().key, "id");
    EXPECT_GT(object_help(type).size(), 3U);
  }
}

}  // namespace
}  // namespace sluice
