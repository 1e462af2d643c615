#include "app/options/key_values.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {

static bool operator==(const KeyValue& a, const KeyValue& b) {
  return a.key == b.key && a.value == b.value && a.flag == b.flag;
}

namespace {

using Items = std::vector<KeyValue>;

TEST(KeyValues, FirstItemIsTheImpliedKeysValue) {
  EXPECT_EQ(parse_key_values("user,id=n0", "type"), (Items{{"type", "user"}, {"id", "n0"}}));
  EXPECT_EQ(parse_key_values("type=user,id=n0", "type"), (Items{{"type", "user"}, {"id", "n0"}}));
}

TEST(KeyValues, RepeatedKeysStayInOrder) {
  EXPECT_EQ(parse_key_values("user,dnssearch=a.b,dnssearch=c.d", "type"),
            (Items{{"type", "user"}, {"dnssearch", "a.b"}, {"dnssearch", "c.d"}}));
}

TEST(KeyValues, DoubledCommaIsACommaOfTheValue) {
  EXPECT_EQ(parse_key_values("user,smb=/a,,b,id=x", "type"),
            (Items{{"type", "user"}, {"smb", "/a,b"}, {"id", "x"}}));
  EXPECT_EQ(parse_key_values("a=,,,b=1", ""), (Items{{"a", ","}, {"b", "1"}}));
  EXPECT_EQ(parse_key_values("a=x,,,,y", ""), (Items{{"a", "x,,y"}}));
}

TEST(KeyValues, ItemWithoutValueIsAFlag) {
  EXPECT_EQ(parse_key_values("user,restrict,id=x", "type"),
            (Items{{"type", "user"}, {"restrict", "", true}, {"id", "x"}}));
}

TEST(KeyValues, ValueMayBeEmptyOrHoldEqualsSigns) {
  EXPECT_EQ(parse_key_values("user,a=,b=c=d", "type"),
            (Items{{"type", "user"}, {"a", ""}, {"b", "c=d"}}));
}

TEST(KeyValues, TrailingCommaAddsNothing) {
  EXPECT_EQ(parse_key_values("user,", "type"), (Items{{"type", "user"}}));
  EXPECT_EQ(parse_key_values("", "type"), Items{});
}

RC_GTEST_PROP(KeyValues, EmittedItemsAreReadAsTheyWere, (std::vector<std::string> values)) {
  Items items;
  for (std::string& value : values) {
    const bool flag = value.empty();
    const std::string key = "k" + std::to_string(value.size());
    items.push_back(KeyValue{.key = key, .value = std::move(value), .flag = flag});
  }
  RC_ASSERT(parse_key_values(emit_key_values(items), "") == items);
}

TEST(KeyValues, CommasAtEitherEndOfAValueSurvive) {
  const Items items = {{"a", ",x,"}, {"b", ","}, {"c", ""}, {"d", ",,"}};
  EXPECT_EQ(parse_key_values(emit_key_values(items), ""), items);
}

}  // namespace
}  // namespace sluice
