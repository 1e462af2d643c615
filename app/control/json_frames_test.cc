#include "app/control/json_frames.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

std::vector<std::string> all(JsonFrames& frames) {
  std::vector<std::string> objects;
  while (auto object = frames.next()) objects.push_back(std::move(*object));
  return objects;
}

using Objects = std::vector<std::string>;

TEST(JsonFrames, ObjectsFollowEachOtherWithOrWithoutBlanks) {
  JsonFrames frames;
  frames.append(" \r\n{\"a\":{}}{\"b\":[1]}\n\n{}\n");
  EXPECT_EQ(all(frames), (Objects{"{\"a\":{}}", "{\"b\":[1]}", "{}"}));
  EXPECT_EQ(frames.problem(), "");
}

TEST(JsonFrames, PiecesMayBeSingleBytes) {
  JsonFrames frames;
  Objects seen;
  for (const char letter : std::string(R"({"a":"}\"]{"} {"b":"\\"})")) {
    frames.append(std::string(1, letter));
    for (auto& object : all(frames)) seen.push_back(std::move(object));
  }
  EXPECT_EQ(seen, (Objects{R"({"a":"}\"]{"})", R"({"b":"\\"})"}));
}

TEST(JsonFrames, WhatBeginsNoObjectIsTheEnd) {
  for (const std::string text : {"GET / HTTP/1.0\r\n", "[1]", "}", "\"x\"", "\xff{}"}) {
    JsonFrames frames;
    frames.append("{}" + text);
    EXPECT_EQ(all(frames), Objects{"{}"});
    EXPECT_EQ(frames.problem(), "expected a JSON object") << text;
    frames.append("{}");
    EXPECT_TRUE(all(frames).empty());
  }
}

TEST(JsonFrames, LengthAndDepthHaveLimits) {
  const auto of_length = [](std::size_t length) {
    return "{\"a\":\"" + std::string(length - 8, 'x') + "\"}";
  };
  JsonFrames frames;
  frames.append(of_length(JsonFrames::kMaxLength));
  EXPECT_EQ(all(frames).size(), 1U);
  frames.append(of_length(JsonFrames::kMaxLength + 1));
  EXPECT_TRUE(all(frames).empty());
  EXPECT_NE(frames.problem(), "");

  JsonFrames endless;
  endless.append("{\"" + std::string(JsonFrames::kMaxLength, 'x'));
  EXPECT_TRUE(all(endless).empty());
  EXPECT_NE(endless.problem(), "");

  JsonFrames deep;
  deep.append("{\"a\":" + std::string(JsonFrames::kMaxDepth - 1, '[') +
              std::string(JsonFrames::kMaxDepth - 1, ']') + "}");
  EXPECT_EQ(all(deep).size(), 1U);
  deep.append("{\"a\":" + std::string(JsonFrames::kMaxDepth, '['));
  EXPECT_TRUE(all(deep).empty());
  EXPECT_NE(deep.problem(), "");
}

}  // namespace
}  // namespace sluice
