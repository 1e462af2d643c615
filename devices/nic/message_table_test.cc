#include "devices/nic/message_table.h"

#include <gtest/gtest.h>

#include "devices/nic/test_machine.h"

namespace sluice {
namespace {

constexpr std::uint32_t kEnable = 0x8000;
constexpr std::uint32_t kMaskAll = 0x4000;
constexpr unsigned kCount = 3;

// A slot whose machine has the table itself.
class OwningSlot final : public PciSlot {
 public:
  TestMemory& memory() override { return memory_; }
  void set_interrupt(bool /*asserted*/) override {}
  void send_message(unsigned vector) override { messages.push_back(vector); }
  bool has_message_table() const override { return true; }

  std::vector<unsigned> messages;

 private:
  TestMemory memory_;
};

template <typename Slot>
struct Card {
  Card() { at = table.add_capability(config, 2, 0, 0x800); }

  void control(std::uint32_t value) {
    config.write(at + 2, 2, value);
    table.update(config, at);
  }
  void mask(unsigned vector, bool masked) {
    table.write(vector * MessageTable::kEntrySize + 12, 4, masked ? 1 : 0);
  }

  Slot slot;
  PciConfig config{{}, {}};
  MessageTable table{slot, kCount};
  std::size_t at = 0;
};

using Messages = std::vector<unsigned>;

TEST(MessageTableTest, CapabilityTellsHowManyThereAreAndWhere) {
  Card<TestSlot> card;
  EXPECT_EQ(card.config.read(card.at, 1), 0x11U);
  EXPECT_EQ(card.config.read(card.at + 2, 2), kCount - 1);
  EXPECT_EQ(card.config.read(card.at + 4, 4), 2U);
  EXPECT_EQ(card.config.read(card.at + 8, 4), 0x802U);
  card.config.write(card.at + 2, 2, 0xffff);
  EXPECT_EQ(card.config.read(card.at + 2, 2), kEnable | kMaskAll | (kCount - 1));
}

TEST(MessageTableTest, EntriesAreMaskedInTheBeginning) {
  Card<TestSlot> card;
  card.control(kEnable);
  card.table.raise(1);
  EXPECT_TRUE(card.slot.messages.empty());
  EXPECT_EQ(card.table.read_pending(0, 8), 2U);
}

TEST(MessageTableTest, MaskedMessageIsSentOnceWhenItIsUnmasked) {
  Card<TestSlot> card;
  card.control(kEnable);
  card.table.raise(1);
  card.table.raise(1);
  card.mask(0, false);
  EXPECT_TRUE(card.slot.messages.empty());
  card.mask(1, false);
  EXPECT_EQ(card.slot.messages, (Messages{1}));
  EXPECT_EQ(card.table.read_pending(0, 8), 0U);
  card.table.raise(1);
  EXPECT_EQ(card.slot.messages, (Messages{1, 1}));
}

TEST(MessageTableTest, AllAreMaskedByTheCapability) {
  Card<TestSlot> card;
  for (unsigned i = 0; i < kCount; ++i) card.mask(i, false);
  card.control(kEnable | kMaskAll);
  card.table.raise(0);
  card.table.raise(2);
  EXPECT_TRUE(card.slot.messages.empty());
  card.control(kEnable);
  EXPECT_EQ(card.slot.messages, (Messages{0, 2}));
}

TEST(MessageTableTest, MachineThatHasTheTableIsTheOneToMask) {
  Card<OwningSlot> card;
  card.control(kEnable);
  card.table.raise(2);
  EXPECT_EQ(card.slot.messages, (Messages{2}));
}

TEST(MessageTableTest, MessageThatThereIsNotIsNotSent) {
  Card<OwningSlot> card;
  card.control(kEnable);
  card.table.raise(kCount);
  card.table.raise(0xffff);
  EXPECT_TRUE(card.slot.messages.empty());
}

TEST(MessageTableTest, EntriesKeepWhatIsWritten) {
  Card<TestSlot> card;
  card.table.write(16, 8, 0x00000001fee01000);
  card.table.write(24, 4, 0x4041);
  EXPECT_EQ(card.table.read(16, 4), 0xfee01000U);
  EXPECT_EQ(card.table.read(20, 4), 1U);
  EXPECT_EQ(card.table.read(24, 8), 0x0000000100004041U);
  card.table.reset();
  EXPECT_EQ(card.table.read(16, 8), 0U);
}

}  // namespace
}  // namespace sluice
