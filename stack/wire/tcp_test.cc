#include "stack/wire/tcp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace sluice {
namespace {

TcpOptions parse_options(const std::vector<std::uint8_t>& bytes) {
  return TcpOptions::parse(bytes);
}

template <typename T>
std::optional<T> maybe(const rc::Gen<T>& gen) {
  if (*rc::gen::arbitrary<bool>()) return *gen;
  return std::nullopt;
}

// Any options that fit into a header.
TcpOptions any_options() {
  TcpOptions options;
  options.maximum_segment_size = maybe(rc::gen::arbitrary<std::uint16_t>());
  options.window_scale = maybe(rc::gen::inRange<std::uint8_t>(0, 15));
  options.sack_permitted = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) {
    options.timestamps = {*rc::gen::arbitrary<std::uint32_t>(),
                          *rc::gen::arbitrary<std::uint32_t>()};
  }
  const auto wanted = *rc::gen::inRange<std::uint8_t>(0, TcpOptions::kMaxSackBlocks + 1);
  while (options.sack_count < wanted) {
    options.sack.at(options.sack_count++) = {*rc::gen::arbitrary<std::uint32_t>(),
                                             *rc::gen::arbitrary<std::uint32_t>()};
    if (options.size() > TcpOptions::kMaxSize) {
      options.sack.at(--options.sack_count) = {};
      break;
    }
  }
  return options;
}

TcpHeader any_header() {
  const auto flag = [] { return *rc::gen::arbitrary<bool>(); };
  return {
      .source_port = *rc::gen::arbitrary<std::uint16_t>(),
      .destination_port = *rc::gen::arbitrary<std::uint16_t>(),
      .sequence = *rc::gen::arbitrary<std::uint32_t>(),
      .acknowledgment = *rc::gen::arbitrary<std::uint32_t>(),
      .flags = {flag(), flag(), flag(), flag(), flag(), flag()},
      .window = *rc::gen::arbitrary<std::uint16_t>(),
      .checksum = *rc::gen::arbitrary<std::uint16_t>(),
      .urgent = *rc::gen::arbitrary<std::uint16_t>(),
  };
}

TEST(Tcp, SynOfLinuxIsReadFieldByField) {
  // MSS 1460, SACK permitted, timestamps, no-operation, window scale 7.
  const std::vector<std::uint8_t> bytes = {0xc0, 0x00, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04, 0, 0,
                                           0,    0,    0xa0, 0x02, 0xfa, 0xf0, 0xbe, 0xef, 0, 0,
                                           2,    4,    0x05, 0xb4, 4,    2,    8,    10,   0, 0,
                                           0,    9,    0,    0,    0,    0,    1,    3,    3, 7};
  const auto view = TcpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header(), (TcpHeader{.source_port = 49152,
                                       .destination_port = 80,
                                       .sequence = 0x01020304,
                                       .flags = {.syn = true},
                                       .window = 64240,
                                       .checksum = 0xbeef}));
  EXPECT_EQ(view->options(), (TcpOptions{.maximum_segment_size = 1460,
                                         .window_scale = 7,
                                         .sack_permitted = true,
                                         .timestamps = TcpTimestamps{9, 0}}));
  EXPECT_EQ(view->header_size(), 40);
  EXPECT_TRUE(view->payload().empty());
}

TEST(Tcp, EachFlagHasItsBit) {
  const auto bit = [](const TcpFlags& flags) {
    std::array<std::uint8_t, TcpHeader::kSize> bytes{};
    TcpHeader header;
    header.flags = flags;
    header.emit({}, bytes);
    return bytes[13];
  };
  EXPECT_EQ(bit({.fin = true}), 1);
  EXPECT_EQ(bit({.syn = true}), 2);
  EXPECT_EQ(bit({.rst = true}), 4);
  EXPECT_EQ(bit({.psh = true}), 8);
  EXPECT_EQ(bit({.ack = true}), 16);
  EXPECT_EQ(bit({.urg = true}), 32);
}

TEST(Tcp, DataOffsetMustFitTheSegment) {
  std::vector<std::uint8_t> bytes(30);
  const auto accepted = [&bytes](std::uint8_t words) {
    bytes[12] = static_cast<std::uint8_t>(words << 4);
    return TcpView::parse(bytes).has_value();
  };
  EXPECT_FALSE(accepted(0));
  EXPECT_FALSE(accepted(4));
  EXPECT_TRUE(accepted(5));
  EXPECT_TRUE(accepted(7));
  EXPECT_FALSE(accepted(8));
  EXPECT_FALSE(accepted(15));
  bytes[12] = 0x50;
  EXPECT_FALSE(TcpView::parse(Bytes(bytes).first(19)));
  EXPECT_FALSE(TcpView::parse({}));
}

TEST(TcpOptions, EachOptionIsAlignedByNoOperationsInFront) {
  const TcpOptions options{.maximum_segment_size = 1460,
                           .window_scale = 7,
                           .sack_permitted = true,
                           .timestamps = TcpTimestamps{0x01020304, 0x05060708}};
  ASSERT_EQ(options.size(), 24);
  std::vector<std::uint8_t> bytes(options.size());
  options.emit(bytes);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{2, 4, 0x05, 0xb4, 1, 3, 3, 7, 1, 1, 4, 2,
                                              1, 1, 8,    10,   1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(TcpOptions, ThreeSackBlocksFitBesideTimestampsAndFourAlone) {
  TcpOptions options{.timestamps = TcpTimestamps{1, 2}, .sack_count = 3};
  EXPECT_EQ(options.size(), TcpOptions::kMaxSize);
  options.timestamps.reset();
  options.sack_count = 4;
  EXPECT_EQ(options.size(), 36);
}

TEST(TcpOptions, EndOfOptionsEndsTheWalk) {
  EXPECT_EQ(parse_options({0, 2, 4, 1, 1}), TcpOptions());
  EXPECT_EQ(parse_options({1, 1, 2, 4, 0, 9, 0, 4, 2}).maximum_segment_size, 9);
  EXPECT_FALSE(parse_options({1, 1, 2, 4, 0, 9, 0, 4, 2}).sack_permitted);
}

TEST(TcpOptions, UnknownOptionsAreSkipped) {
  EXPECT_EQ(parse_options({254, 4, 0xf9, 0x89, 30, 3, 0, 3, 3, 5}).window_scale, 5);
}

TEST(TcpOptions, ALengthThatDoesNotFitEndsTheWalkAndWhatCameBeforeCounts) {
  for (const std::vector<std::uint8_t>& tail : std::vector<std::vector<std::uint8_t>>{
           {4}, {4, 0, 4, 2}, {4, 1, 4, 2}, {8, 10, 0, 0, 0, 0, 0, 0, 0}, {99, 255, 4, 2}}) {
    std::vector<std::uint8_t> bytes = {2, 4, 0, 9};
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    EXPECT_EQ(parse_options(bytes), (TcpOptions{.maximum_segment_size = 9}));
  }
}

TEST(TcpOptions, AKnownOptionOfAnotherLengthIsSkipped) {
  EXPECT_EQ(parse_options({2, 3, 1, 3, 4, 1, 1, 4, 3, 0, 8, 2, 5, 2, 5, 9, 0, 0, 0, 0, 0, 0, 0}),
            TcpOptions());
  std::vector<std::uint8_t> five_blocks(42);
  five_blocks[0] = 5;
  five_blocks[1] = 42;
  EXPECT_EQ(parse_options(five_blocks).sack_count, 0);
}

TEST(TcpOptions, ASecondSackOptionReplacesTheFirst) {
  std::vector<std::uint8_t> bytes(18, 1);
  bytes[0] = 5;
  bytes[1] = 18;
  bytes.insert(bytes.end(), {5, 10, 0, 0, 0, 2, 0, 0, 0, 3});
  EXPECT_EQ(parse_options(bytes), (TcpOptions{.sack = {{{2, 3}}}, .sack_count = 1}));
}

TEST(TcpOptions, WindowScaleAbove14Is14) {
  EXPECT_EQ(parse_options({3, 3, 14}).window_scale, 14);
  EXPECT_EQ(parse_options({3, 3, 15}).window_scale, 14);
  EXPECT_EQ(parse_options({3, 3, 255}).window_scale, 14);
}

RC_GTEST_PROP(TcpOptions, ParseGivesWhatEmitWrote, ()) {
  const TcpOptions options = any_options();
  RC_ASSERT(options.size() % 4 == 0);
  RC_ASSERT(options.size() <= TcpOptions::kMaxSize);
  std::vector<std::uint8_t> bytes(options.size());
  options.emit(bytes);
  RC_ASSERT(TcpOptions::parse(bytes) == options);
}

RC_GTEST_PROP(TcpOptions, AnyBytesAreReadAndSurviveEmit, ()) {
  // Mostly kinds that mean something, with lengths that nearly fit.
  const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(
      *rc::gen::inRange<std::size_t>(0, 41),
      rc::gen::oneOf(rc::gen::inRange<std::uint8_t>(0, 12), rc::gen::arbitrary<std::uint8_t>()));
  const TcpOptions options = TcpOptions::parse(bytes);
  RC_ASSERT(options.sack_count <= TcpOptions::kMaxSackBlocks);
  RC_ASSERT(options.window_scale.value_or(0) <= 14);
  if (options.size() > TcpOptions::kMaxSize) return;
  std::vector<std::uint8_t> again(options.size());
  options.emit(again);
  RC_ASSERT(TcpOptions::parse(again) == options);
}

RC_GTEST_PROP(Tcp, ParseGivesWhatEmitWrote, (const std::vector<std::uint8_t>& payload)) {
  const TcpHeader header = any_header();
  const TcpOptions options = any_options();
  std::vector<std::uint8_t> bytes(TcpHeader::kSize + options.size());
  header.emit(options, bytes);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  const auto view = TcpView::parse(bytes);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header() == header);
  RC_ASSERT(view->options() == options);
  RC_ASSERT(view->header_size() == TcpHeader::kSize + options.size());
  RC_ASSERT(std::vector<std::uint8_t>(view->payload().begin(), view->payload().end()) == payload);
  RC_ASSERT(load_big<std::uint16_t>(bytes, TcpHeader::kChecksumOffset) == header.checksum);
}

}  // namespace
}  // namespace sluice
