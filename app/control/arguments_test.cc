#include "app/control/arguments.h"

#include <gtest/gtest.h>

#include "app/control/refused.h"

namespace sluice {
namespace {

std::string flat(const char* text) {
  return emit_key_values(flatten(Json::parse(text)));
}

template <typename Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const Refused& refused) {
    return refused.what();
  }
  return "";
}

TEST(Arguments, StructuredOptionsBecomeThoseOfACommandLine) {
  EXPECT_EQ(flat(R"({"type":"stream","id":"a","server":true,
                     "addr":{"type":"unix","path":"/tmp/x,y","abstract":false}})"),
            "addr.abstract=off,addr.path=/tmp/x,,y,addr.type=unix,id=a,server=on,type=stream");
  EXPECT_EQ(flat(R"({"type":"user","hostfwd":[{"str":"tcp::1-:2"},"udp::3-:4"],"mtu":1280})"),
            "hostfwd=tcp::1-:2,hostfwd=udp::3-:4,mtu=1280,type=user");
  EXPECT_EQ(flat("{}"), "");
}

TEST(Arguments, WhatNoCommandLineCouldSayIsRefused) {
  for (const char* const text : {R"({"a":null})", R"({"a":1.5})", R"({"a,b":1})", R"({"":1})",
                                 R"({"a=b":"c"})", R"({"a":[[1]]})", R"({"a":[{"x":1}]})"}) {
    EXPECT_NE(refusal([&] { flat(text); }), "") << text;
  }
}

TEST(Arguments, NamesAndTypesAreChecked) {
  const Json object = Json::parse(R"({"name":"a","up":true,"max":7})");
  const Arguments arguments(object, {"name", "up", "max", "other"});
  EXPECT_EQ(arguments.text("name"), "a");
  EXPECT_TRUE(arguments.boolean("up"));
  EXPECT_EQ(arguments.optional_number("max"), 7U);
  EXPECT_EQ(arguments.optional_text("other"), std::nullopt);
  EXPECT_EQ(refusal([&] { arguments.text("other"); }), "argument 'other' is missing");
  EXPECT_EQ(refusal([&] { arguments.text("up"); }), "argument 'up': expected a text");
  EXPECT_EQ(refusal([&] { arguments.boolean("name"); }), "argument 'name': expected true or false");
  EXPECT_EQ(refusal([&] { arguments.optional_number("name"); }),
            "argument 'name': expected a whole number");
  EXPECT_EQ(refusal([&] {
              Arguments(object, {"names", "up", "max"});
            }),
            "there is no argument 'name'; did you mean 'names'?");
  const Json big = Json::parse(R"({"max":4294967296})");
  EXPECT_NE(refusal([&] { Arguments(big, {"max"}).optional_number("max"); }), "");
}

}  // namespace
}  // namespace sluice
