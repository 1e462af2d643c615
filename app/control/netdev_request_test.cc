#include "app/control/netdev_request.h"

#include <gtest/gtest.h>

#include "app/control/refused.h"
#include "app/options/usage_error.h"

namespace sluice {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_netdev_request(Json::parse(text));
  } catch (const Refused& refused) {
    return refused.what();
  }
  return "";
}

TEST(NetdevRequest, IsReadAsACommandLineIs) {
  const Netdev netdev = parse_netdev_request(Json::parse(
      R"({"type":"stream","id":"a","server":true,"addr":{"type":"unix","path":"/tmp/x"}})"));
  EXPECT_EQ(netdev.id, "a");
  EXPECT_EQ(netdev.text, "stream,addr.path=/tmp/x,addr.type=unix,id=a,server=on");
  EXPECT_TRUE(std::get<StreamPeerOptions>(std::get<StreamNetdev>(netdev.kind).peer).listens);
  EXPECT_THROW(parse_netdev_request(Json::parse(R"({"type":"steam"})")), UsageError);
}

TEST(NetdevRequest, DescriptorsOfThisProcessAreNotForOthersToName) {
  for (const char* const text :
       {R"({"type":"stream","addr":{"type":"fd","str":"0"}})",
        R"({"type":"dgram","local":{"type":"fd","str":"0"}})", R"({"type":"tap","fd":"0"})"}) {
    EXPECT_NE(refusal(text).find("descriptor"), std::string::npos) << text;
  }
}

TEST(NetdevRequest, NamesThatWouldHaveToBeResolvedAreRefused) {
  for (const char* const text :
       {R"({"type":"stream","addr":{"type":"inet","host":"example.org","port":"1"}})",
        R"({"type":"stream","addr.host":"example.org"})",
        R"({"type":"socket","connect":"example.org:1"})",
        R"({"type":"socket","udp":"127.0.0.1:1","localaddr":"example.org"})",
        R"({"type":"socket","mcast":"example.org"})", R"({"type":"l2tpv3","src":"example.org"})",
        R"({"type":"l2tpv3","dst":"example.org"})"}) {
    EXPECT_NE(refusal(text).find("'example.org' is no address"), std::string::npos) << text;
  }
  for (const char* const text :
       {R"({"type":"socket","connect":"127.0.0.1:1"})", R"({"type":"socket","listen":":1"})",
        R"({"type":"socket","connect":"[::1]:1"})", R"({"type":"socket","connect":"localhost:1"})",
        R"({"type":"socket","mcast":"230.0.0.1:1","localaddr":"127.0.0.1"})",
        R"({"type":"stream","addr":{"type":"inet","host":"::1","port":"1"}})"}) {
    EXPECT_EQ(refusal(text), "") << text;
  }
}

TEST(NetdevRequest, CommandsThatEverybodyWouldWaitForAreRefused) {
  for (const char* const text :
       {R"({"type":"tap","script":"/bin/true"})", R"({"type":"tap","downscript":"/bin/true"})",
        R"({"type":"tap","helper":"/bin/true"})", R"({"type":"bridge"})",
        R"({"type":"bridge","helper":"/bin/true"})"}) {
    EXPECT_NE(refusal(text).find("script or helper"), std::string::npos) << text;
  }
  for (const char* const text :
       {R"({"type":"tap"})", R"({"type":"tap","script":"no","downscript":"no"})"}) {
    EXPECT_EQ(refusal(text), "") << text;
  }
}

}  // namespace
}  // namespace sluice
