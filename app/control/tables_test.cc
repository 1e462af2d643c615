#include "app/control/tables.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string table(std::string_view command, const char* text) {
  return table_of(command, OrderedJson::parse(text));
}

TEST(ControlTables, NetdevsStandInColumns) {
  EXPECT_EQ(table("query-netdev", R"([
      {"id":"a","type":"stream","info":"stream,id=a","up":true,"closed":false,
       "counters":{"bytes-sent":12345,"bytes-received":6,"dropped":0}},
      {"id":"h","type":"hubport","info":"hubport","hub":3},
      {"id":"b","type":"tap","info":"tap","up":true,"closed":true,"counters":{}}])"),
            "ID  TYPE     LINK    HUB  SENT   RECEIVED  DROPPED  INFO\n"
            "a   stream   up      -    12345  6         0        stream,id=a\n"
            "h   hubport  -       3    -      -         -        hubport\n"
            "b   tap      closed  -    -      -         -        tap\n");
}

TEST(ControlTables, FlowsStandInColumnsAndTheRestBelow) {
  EXPECT_EQ(
      table("query-usernet", R"({"id":"u","flow-count":3,"flows":[
      {"protocol":"tcp","state":"ESTABLISHED","incoming":true,"guest":"10.0.2.15:22",
       "remote":"10.0.2.2:4000","destination":"127.0.0.1:4000","bytes-to-host":1,
       "bytes-to-guest":2,"age":3,"idle":4},
      {"protocol":"udp","guest":"10.0.2.15:5","remote":"192.0.2.1:53"}],
      "hostfwd":["tcp:127.0.0.1:1-:2"],"guests":[{"address":"10.0.2.15","mac":"52:54:0:0:0:1"}],
      "drops":{"policy":0,"no-flow":2}})"),
      "PROTOCOL  STATE        GUEST             DESTINATION     TO HOST  TO GUEST  AGE  IDLE\n"
      "tcp       ESTABLISHED  10.0.2.15:22  <-  127.0.0.1:4000  1        2         3    4\n"
      "udp       -            10.0.2.15:5   ->  192.0.2.1:53    -        -         -    -\n"
      "and others, 3 in all\n"
      "\n"
      "hostfwd  tcp:127.0.0.1:1-:2\n"
      "guest    10.0.2.15  52:54:0:0:0:1\n"
      "dropped  no-flow 2\n");
}

TEST(ControlTables, OtherAnswersAreShort) {
  EXPECT_EQ(table("query-commands", R"([{"name":"a"},{"name":"b"}])"), "a\nb\n");
  EXPECT_EQ(table("query-version", R"({"sluice":{"major":1,"minor":2,"micro":3}})"), "1.2.3\n");
  EXPECT_EQ(table("hostfwd_add", R"({"hostfwd":"tcp::1-:2"})"), "tcp::1-:2\n");
  EXPECT_EQ(table("quit", "{}"), "");
  EXPECT_EQ(table("new-command", "[7]"), "[\n  7\n]\n");
}

TEST(ControlTables, WhatIsNotAsItShouldBeIsLeftOut) {
  for (const char* const command : {"query-netdev", "query-usernet", "query-commands",
                                    "query-version", "hostfwd_add", "other"}) {
    for (const char* const text : {"7", "[]", "[7,null]", "{\"flows\":5,\"drops\":[1]}", "null"}) {
      table(command, text);
    }
  }
}

}  // namespace
}  // namespace sluice
