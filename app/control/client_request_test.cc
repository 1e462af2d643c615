#include "app/control/client_request.h"

#include <gtest/gtest.h>

#include "app/control/arguments.h"
#include "app/control/request.h"
#include "app/options/usage_error.h"

namespace sluice {
namespace {

Json arguments(const std::vector<std::string>& words) {
  const Json request = Json::parse(client_request(words, 3));
  EXPECT_EQ(request.at("execute"), words.front());
  EXPECT_EQ(request.at("id"), 3);
  return request.value("arguments", Json::object());
}

TEST(ClientRequest, WordsHaveKeysOrPlaces) {
  const Json off = Json::parse(R"({"name":"a","up":false})");
  EXPECT_EQ(arguments({"set_link", "a", "off"}), off);
  EXPECT_EQ(arguments({"set_link", "up=off", "name=a"}), off);
  EXPECT_EQ(arguments({"hostfwd_add", "unix:/tmp/a=b-:80"}),
            Json::parse(R"({"hostfwd":"unix:/tmp/a=b-:80"})"));
  EXPECT_EQ(arguments({"query-usernet", "max=7"}), Json::parse(R"({"max":7})"));
  EXPECT_EQ(arguments({"quit"}), Json::object());
  EXPECT_EQ(arguments({"unknown", "a=b"}), Json::parse(R"({"a":"b"})"));
}

TEST(ClientRequest, ANetdevIsWrittenAsOnTheCommandLine) {
  const Json netdev =
      arguments({"netdev_add", "stream,id=a,server,addr.path=/tmp/x,,y,noabstract"});
  EXPECT_EQ(emit_key_values(flatten(netdev)),
            "abstract=off,addr.path=/tmp/x,,y,id=a,server=on,type=stream");
  const Json twice = arguments({"netdev_add", "tap,fd=1,fd=2", "id=b"});
  EXPECT_EQ(emit_key_values(flatten(twice)), "fd=1,fd=2,id=b,type=tap");
}

TEST(ClientRequest, WordsWithoutAPlaceAreRefused) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"quit", "now"},
                                                {"netdev_del", "a", "b"},
                                                {"set_link", "a", "of"},
                                                {"set_link", "a", "on", "b"},
                                                {"query-usernet", "max=x"}}) {
    EXPECT_THROW(client_request(words, 1), UsageError) << words.front();
  }
}

}  // namespace
}  // namespace sluice
