#include "nat/flow_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>

namespace sluice {
namespace {

struct Entry : FlowEntry {
  explicit Entry(int value) : number(value) {}
  int number;
  FlowLinks links;
};

FlowKey key_of(std::uint32_t number) {
  return {{IpAddress::v4(0x0a00020f), static_cast<std::uint16_t>(number)},
          {IpAddress::v4(number >> 16), 80}};
}

TEST(FlowTable, FindsByKeyAndByNameUntilErased) {
  FlowTable<Entry> table({1, 2}, 10);
  EXPECT_EQ(table.find(key_of(7)), nullptr);
  const FlowName name = table.next_name();
  Entry& entry = table.insert(key_of(7), 70);
  EXPECT_EQ(entry.index(), name.index);
  EXPECT_EQ(entry.generation(), name.generation);
  EXPECT_EQ(table.find(key_of(7)), &entry);
  EXPECT_EQ(table.find(name), &entry);
  table.erase(entry);
  EXPECT_EQ(table.find(key_of(7)), nullptr);
  EXPECT_EQ(table.find(name), nullptr);
}

TEST(FlowTable, ANameOfAnErasedEntryMeansNothingWhenItsPlaceIsTakenAgain) {
  FlowTable<Entry> table({1, 2}, 10);
  Entry& first = table.insert(key_of(1), 1);
  const FlowName name = first.name();
  table.erase(first);
  Entry& second = table.insert(key_of(2), 2);
  EXPECT_EQ(second.index(), name.index);
  EXPECT_EQ(table.find(name), nullptr);
  EXPECT_EQ(table.find(second.name()), &second);
}

TEST(FlowTable, AHiddenEntryIsFoundByItsNameOnlyAndItsKeyIsFree) {
  FlowTable<Entry> table({1, 2}, 200);
  Entry& hidden = table.insert(key_of(1), 1);
  table.hide(hidden);
  table.hide(hidden);
  EXPECT_EQ(table.find(key_of(1)), nullptr);
  EXPECT_EQ(table.find(hidden.name()), &hidden);
  Entry& another = table.insert(key_of(1), 2);
  for (std::uint32_t i = 2; i < 150; ++i) table.insert(key_of(i), 0);  // the buckets grow
  EXPECT_EQ(table.find(key_of(1)), &another);
  const FlowName name = hidden.name();
  table.erase(hidden);
  EXPECT_EQ(table.find(name), nullptr);
  EXPECT_EQ(table.find(key_of(1)), &another);
}

TEST(FlowTable, IsFullAtItsLimit) {
  FlowTable<Entry> table({1, 2}, 3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(table.full());
    table.insert(key_of(i), 0);
  }
  EXPECT_TRUE(table.full());
  table.erase(*table.find(key_of(1)));
  EXPECT_FALSE(table.full());
}

TEST(FlowTable, EntriesStayWhereTheyAreAsTheTableGrows) {
  FlowTable<Entry> table({1, 2}, 5000);
  Entry* const first = &table.insert(key_of(0), 0);
  for (std::uint32_t i = 1; i < 5000; ++i) table.insert(key_of(i), static_cast<int>(i));
  EXPECT_EQ(table.find(key_of(0)), first);
  EXPECT_EQ(table.find(key_of(4999))->number, 4999);
}

RC_GTEST_PROP(FlowTable, BehavesAsAMap, ()) {
  FlowTable<Entry> table({3, 4}, 1000);
  std::map<std::uint32_t, int> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<std::uint8_t, int>>>(
      rc::gen::pair(rc::gen::arbitrary<std::uint8_t>(), rc::gen::arbitrary<int>()));
  for (const auto& [number, value] : steps) {
    Entry* const entry = table.find(key_of(number));
    RC_ASSERT((entry != nullptr) == (model.count(number) != 0));
    if (entry != nullptr) {
      RC_ASSERT(entry->number == model.at(number));
      table.erase(*entry);
      model.erase(number);
    } else {
      table.insert(key_of(number), value);
      model[number] = value;
    }
    RC_ASSERT(table.size() == model.size());
  }
}

TEST(FlowList, KeepsTheOrderOfAdding) {
  FlowTable<Entry> table({1, 2}, 10);
  FlowList<Entry, &Entry::links> list(table);
  EXPECT_EQ(list.front(), nullptr);
  for (std::uint32_t i = 0; i < 4; ++i) {
    list.push_back(table.insert(key_of(i), static_cast<int>(i)));
  }
  list.remove(*table.find(key_of(1)));
  list.move_to_back(*table.find(key_of(0)));
  std::vector<int> order;
  while (Entry* const entry = list.front()) {
    order.push_back(entry->number);
    list.remove(*entry);
  }
  EXPECT_EQ(order, (std::vector<int>{2, 3, 0}));
  EXPECT_EQ(list.size(), 0U);
}

}  // namespace
}  // namespace sluice
