#include "app/control/request.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string complaint(std::string_view text) {
  const auto request = parse_request(text);
  const auto* const found = std::get_if<Complaint>(&request);
  return found == nullptr ? "" : found->text;
}

TEST(Request, HasANameArgumentsAndAnId) {
  const auto parsed = parse_request(
      R"({"execute":"set_link","arguments":{"name":"a","up":true},"id":[1,{"x":2}]})");
  const auto& request = std::get<Request>(parsed);
  EXPECT_EQ(request.name, "set_link");
  EXPECT_EQ(request.arguments.at("name"), "a");
  EXPECT_EQ(request.id, (OrderedJson{1, {{"x", 2}}}));
  const auto bare = parse_request(R"({"execute":"quit"})");
  EXPECT_TRUE(std::get<Request>(bare).arguments.is_object());
  EXPECT_FALSE(std::get<Request>(bare).id);
}

TEST(Request, WhatIsWrongIsSaidWithTheIdThatWasGiven) {
  EXPECT_EQ(complaint("{]"), "the request is no JSON");
  EXPECT_EQ(complaint(R"({"execute":1e999})"), "the request is no JSON");
  EXPECT_EQ(complaint("[]"), "expected a JSON object");
  EXPECT_EQ(complaint("{}"), "the request has no member 'execute'");
  EXPECT_EQ(complaint(R"({"execute":5})"), "execute: expected the name of a command");
  EXPECT_EQ(complaint(R"({"execute":"x","arguments":[]})"), "arguments: expected an object");
  EXPECT_EQ(complaint(R"({"execute":"x","argument":{}})"),
            "a request has no member 'argument'; did you mean 'arguments'?");
  const auto request = parse_request(R"({"id":"seven"})");
  EXPECT_EQ(std::get<Complaint>(request).id, "seven");
}

TEST(Request, AnswersAreLinesOfTheMachineProtocol) {
  EXPECT_EQ(emit_greeting(),
            "{\"QMP\":{\"version\":{\"sluice\":{\"major\":0,\"minor\":1,\"micro\":0},"
            "\"package\":\"\"},\"capabilities\":[]}}\r\n");
  EXPECT_EQ(emit_return(std::nullopt, OrderedJson::object()), "{\"return\":{}}\r\n");
  EXPECT_EQ(emit_return(OrderedJson(7), OrderedJson::array({"a"})),
            "{\"return\":[\"a\"],\"id\":7}\r\n");
  EXPECT_EQ(emit_complaint({.text = "no", .id = nullptr}),
            "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"},\"id\":null}\r\n");
  EXPECT_EQ(
      emit_complaint({.kind = ErrorClass::kCommandNotFound, .text = "\xff", .id = std::nullopt}),
      "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"\xEF\xBF\xBD\"}}\r\n");
}

}  // namespace
}  // namespace sluice
