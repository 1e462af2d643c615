#include "app/control/session.h"

#include <gtest/gtest.h>

#include "app/control/commands.h"
#include "app/control/scripted_network.h"

namespace sluice {
namespace {

class SessionTest : public testing::Test {
 protected:
  // What the client hears to that.
  std::string said(std::string_view text) {
    session_.receive(text);
    while (session_.step()) {
    }
    return std::exchange(session_.output(), "");
  }
  // What a request is answered, once the conversation is open.
  OrderedJson answer(std::string_view request) {
    if (!session_.greeted()) said(R"({"execute":"qmp_capabilities"})");
    return OrderedJson::parse(said(request));
  }
  std::string complaint(std::string_view request) {
    return answer(request).at("error").at("desc").get<std::string>();
  }

  ScriptedNetwork network_;
  ApiAnswer answer_api_ = [](const ApiRequest& request) {
    return std::holds_alternative<ListHostForwards>(request) ? "a list" : "something else";
  };
  Session session_{network_, answer_api_};
};

using Asked = std::vector<std::string>;

TEST_F(SessionTest, BeginsWithAGreetingAndCapabilities) {
  EXPECT_EQ(said(""), "") << "no greeting before anybody has spoken";
  session_.greet();
  EXPECT_EQ(said(""), emit_greeting());
  EXPECT_NE(said(R"({"execute":"quit","id":1})").find("CommandNotFound"), std::string::npos);
  EXPECT_TRUE(network_.asked.empty());
  EXPECT_EQ(said(R"({"execute":"qmp_capabilities","arguments":{"enable":[]}})"),
            "{\"return\":{}}\r\n");
  EXPECT_NE(said(R"({"execute":"qmp_capabilities"})").find("already"), std::string::npos);
  EXPECT_EQ(said(R"({"execute":"quit","id":"x"})"), "{\"return\":{},\"id\":\"x\"}\r\n");
  EXPECT_EQ(network_.asked, Asked{"quit"});
}

TEST_F(SessionTest, GreetsWhoSpeaksFirstBeforeItAnswers) {
  EXPECT_EQ(said(R"({"execute":"qmp_capabilities"})"), emit_greeting() + "{\"return\":{}}\r\n");
}

TEST_F(SessionTest, KnowsClientsOfSlirp4netnsByTheirWords) {
  EXPECT_EQ(said(R"({"execute":"list_hostfwd"})"), "a list") << "no greeting, no newline";
  EXPECT_TRUE(session_.ended());
  EXPECT_EQ(said(R"({"execute":"list_hostfwd"})"), "");
}

TEST_F(SessionTest, TheirWordsMeanNothingInTheMidstOfAConversation) {
  EXPECT_NE(complaint(R"({"execute":"list_hostfwd"})").find("there is no command"),
            std::string::npos);
  EXPECT_FALSE(session_.ended());
}

TEST_F(SessionTest, BadRequestsAreToldAndTheConversationGoesOn) {
  EXPECT_EQ(complaint(R"({"execute":})"), "the request is no JSON");
  EXPECT_EQ(complaint("{foo}"), "the request is no JSON");
  EXPECT_EQ(complaint(R"({"execute":"set_lnik"})"),
            "there is no command 'set_lnik'; did you mean 'set_link'?");
  EXPECT_EQ(complaint(R"({"execute":"set_link","arguments":{"name":"a"}})"),
            "argument 'up' is missing");
  EXPECT_EQ(complaint(R"({"execute":"quit","arguments":{"now":1}})"),
            "there is no argument 'now'; expected none");
  EXPECT_TRUE(network_.asked.empty());
  EXPECT_EQ(answer(R"({"execute":"set_link","arguments":{"name":"a","up":false}})"),
            OrderedJson::parse(R"({"return":{}})"));
  EXPECT_EQ(network_.asked, Asked{"a down"});
}

TEST_F(SessionTest, WhatIsNoObjectIsTheEnd) {
  EXPECT_NE(said("GET / HTTP/1.0\r\n").find("expected a JSON object"), std::string::npos);
  EXPECT_TRUE(session_.ended());
}

TEST_F(SessionTest, NetdevsAreAddedInTheWordsOfACommandLine) {
  answer(R"({"execute":"netdev_add","arguments":{"type":"stream","id":"a","server":true,
             "addr":{"type":"unix","path":"/tmp/x"}}})");
  answer(R"({"execute":"netdev_del","arguments":{"id":"a"}})");
  EXPECT_EQ(network_.asked,
            (Asked{"add stream,addr.path=/tmp/x,addr.type=unix,id=a,server=on", "remove a"}));
  EXPECT_EQ(complaint(R"({"execute":"netdev_add","arguments":{"type":"steam","id":"a"}})"),
            "--netdev: no type 'steam'; did you mean 'stream'?");
  EXPECT_EQ(network_.asked.size(), 2U);
}

TEST_F(SessionTest, ForwardsComeAndGo) {
  const OrderedJson added = answer(
      R"({"execute":"hostfwd_add","arguments":{"netdev":"u","hostfwd":"tcp:127.0.0.1:0-:22"}})");
  EXPECT_EQ(added.at("return").at("hostfwd"), "tcp:127.0.0.1:4040-:22");
  answer(R"({"execute":"hostfwd_remove","arguments":{"hostfwd":"tcp:127.0.0.1:4040"}})");
  EXPECT_EQ(network_.asked, (Asked{"forward tcp:127.0.0.1:0-:22", "close tcp:127.0.0.1:4040-:1"}));
  EXPECT_EQ(complaint(R"({"execute":"hostfwd_add","arguments":{"netdev":"v","hostfwd":":1-:2"}})"),
            "the user network is 'u', not 'v'");
  EXPECT_NE(complaint(R"({"execute":"hostfwd_add","arguments":{"hostfwd":"x"}})"), "");
  network_.user.reset();
  EXPECT_NE(complaint(R"({"execute":"hostfwd_add","arguments":{"hostfwd":":1-:2"}})")
                .find("no user network"),
            std::string::npos);
  EXPECT_EQ(network_.asked.size(), 2U);
}

TEST_F(SessionTest, ARefusalIsToldInItsOwnWords) {
  network_.refuses = "not today";
  EXPECT_EQ(complaint(R"({"execute":"netdev_del","arguments":{"id":"a"}})"), "not today");
}

TEST_F(SessionTest, TellsItsVersionAndCommands) {
  EXPECT_EQ(answer(R"({"execute":"query-version"})").at("return"),
            OrderedJson::parse(emit_greeting()).at("QMP").at("version"));
  const OrderedJson commands = answer(R"({"execute":"query-commands"})").at("return");
  EXPECT_EQ(commands.size(), command_names().size());
  EXPECT_EQ(commands[0].at("name"), "hostfwd_add");
}

TEST_F(SessionTest, TellsOfNetdevs) {
  network_.has = {
      {.id = "a",
       .type = "stream",
       .text = "stream,id=a",
       .hub = 3,
       .port = SwitchLink::PortInfo{.up = false, .closed = true, .traffic = {1, 2, 3, 4}}},
      {.id = "h", .type = "hubport", .text = "hubport", .hub = 3, .port = std::nullopt}};
  EXPECT_EQ(answer(R"({"execute":"query-netdev"})").at("return"), OrderedJson::parse(R"([
      {"id":"a","type":"stream","info":"stream,id=a","hub":3,"up":false,"closed":true,
       "counters":{"frames-sent":1,"bytes-sent":2,"frames-received":3,"bytes-received":4,
                   "dropped":0}},
      {"id":"h","type":"hubport","info":"hubport","hub":3}])"));
}

TEST_F(SessionTest, TellsOfFlowsThoseThatHaveMovedLastFirst) {
  using std::chrono::seconds;
  NetworkReport& report = network_.reported;
  report.now = Time(seconds(100));
  const Endpoint guest{IpAddress::v4(10, 0, 2, 15), 4000};
  report.flows = {
      {.protocol = FlowInfo::Protocol::kUdp,
       .guest = guest,
       .remote = {IpAddress::v4(192, 0, 2, 1), 53},
       .left = seconds(9),
       .account = {.opened = Time(seconds(10)), .moved = Time(seconds(20))}},
      {.protocol = FlowInfo::Protocol::kTcp,
       .guest = guest,
       .remote = {IpAddress::v4(10, 0, 2, 2), 80},
       .state = tcp::State::kEstablished,
       .to_host = 3,
       .destination = Endpoint{IpAddress::v4(127, 0, 0, 1), 80},
       .account = {
           .to_host = 7, .to_guest = 8, .opened = Time(seconds(40)), .moved = Time(seconds(97))}}};
  report.forwards = {{.forward = {.listen = {.local = Endpoint{IpAddress::v4(0), 2222}},
                                  .guest = {guest.address, 22}}}};
  report.guests = {{guest.address, MacAddress({0x52, 0x54, 0, 0, 0, 1})}};
  report.counters.count(Drop::kPolicy, 5);
  const OrderedJson value = answer(R"({"execute":"query-usernet"})").at("return");
  EXPECT_EQ(value.at("flows")[0], OrderedJson::parse(R"(
      {"protocol":"tcp","state":"ESTABLISHED","incoming":false,"guest":"10.0.2.15:4000",
       "remote":"10.0.2.2:80","destination":"127.0.0.1:80","bytes-to-host":7,"bytes-to-guest":8,
       "waiting-to-host":3,"waiting-to-guest":0,"age":60,"idle":3})"));
  EXPECT_EQ(value.at("flows")[1].at("left"), 9);
  EXPECT_FALSE(value.at("flows")[1].contains("destination"));
  EXPECT_EQ(value.at("hostfwd")[0], "tcp:0.0.0.0:2222-10.0.2.15:22");
  EXPECT_EQ(value.at("guests")[0].at("mac"), "52:54:00:00:00:01");
  EXPECT_EQ(value.at("drops").at("policy"), 5);
  EXPECT_EQ(value.at("limits").at("tcp-flows"), 65536);

  const OrderedJson one =
      answer(R"({"execute":"query-usernet","arguments":{"max":1}})").at("return");
  EXPECT_EQ(one.at("flows").size(), 1U);
  EXPECT_EQ(one.at("flow-count"), 2);
}

}  // namespace
}  // namespace sluice
