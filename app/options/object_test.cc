#include "app/options/object.h"

#include <gtest/gtest.h>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

std::string problem(const std::string& text) {
  try {
    parse_object(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Object, ADumpNamesItsLinkAndFile) {
  const FilterDump dump = parse_object("filter-dump,id=f0,netdev=n0,file=/tmp/x.pcap,maxlen=96");
  EXPECT_EQ(dump.id, "f0");
  EXPECT_EQ(dump.netdev, "n0");
  EXPECT_EQ(dump.file, "/tmp/x.pcap");
  EXPECT_EQ(dump.max_length, 96U);
  EXPECT_EQ(parse_object("filter-dump,netdev=n0,file=x").max_length, 65536U);
}

TEST(Object, AMistakeIsNamed) {
  EXPECT_NE(problem("filter-dum,netdev=a,file=b").find("did you mean 'filter-dump'?"),
            std::string::npos);
  EXPECT_NE(problem("filter-dump,netdev=a").find("both needed"), std::string::npos);
  EXPECT_NE(problem("filter-dump,netdev=a,file=b,maxlen=0").find("1 to 262144"), std::string::npos);
  EXPECT_NE(problem("filter-dump,netdv=a").find("did you mean 'netdev'?"), std::string::npos);
}

}  // namespace
}  // namespace sluice
