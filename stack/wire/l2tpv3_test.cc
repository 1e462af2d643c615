#include "stack/wire/l2tpv3.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace sluice {
namespace {

using Cookie = L2tpv3Format::Cookie;
using Octets = std::vector<std::uint8_t>;

Octets emitted(const L2tpv3Header& header, const L2tpv3Format& format) {
  Octets bytes(format.header_size(), 0xee);
  header.emit(format, bytes);
  return bytes;
}

TEST(L2tpv3, HeadersLieAsRfc3931Says) {
  const L2tpv3Header header{.session = 0x01020304, .cookie = 0x0a0b0c0d0e0f1011, .sequence = 5};
  EXPECT_EQ(emitted(header, {}), (Octets{1, 2, 3, 4}));
  EXPECT_EQ(emitted(header, {.over_udp = true}), (Octets{0, 3, 0, 0, 1, 2, 3, 4}));
  EXPECT_EQ(emitted(header, {.cookie = Cookie::k32}), (Octets{1, 2, 3, 4, 14, 15, 16, 17}));
  EXPECT_EQ(
      emitted(header, {.over_udp = true, .cookie = Cookie::k64, .sublayer = true, .padding = 2}),
      (Octets{0, 3, 0, 0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 17, 0x40, 0, 0, 5, 0, 0}));
}

TEST(L2tpv3, AMessageWithoutANumberSaysSo) {
  const L2tpv3Format format{.sublayer = true};
  EXPECT_EQ(emitted({.session = 1}, format), (Octets{0, 0, 0, 1, 0, 0, 0, 0}));
  // Bits that mean nothing may be anything.
  const Octets bytes{0, 0, 0, 1, 0xbf, 1, 2, 3};
  ASSERT_TRUE(L2tpv3View::parse(bytes, format));
  EXPECT_FALSE(L2tpv3View::parse(bytes, format)->header().sequence);
}

TEST(L2tpv3, WhatIsNoDataMessageIsNone) {
  const L2tpv3Format udp{.over_udp = true};
  EXPECT_TRUE(L2tpv3View::parse(Octets{0, 3, 0, 0, 0, 0, 0, 1}, udp));
  EXPECT_FALSE(L2tpv3View::parse(Octets{0, 3, 0, 0, 0, 0, 1}, udp)) << "cut";
  EXPECT_FALSE(L2tpv3View::parse(Octets{0xc8, 3, 0, 0, 0, 0, 0, 1}, udp)) << "a control message";
  EXPECT_FALSE(L2tpv3View::parse(Octets{0, 2, 0, 0, 0, 0, 0, 1}, udp)) << "version 2";
  EXPECT_FALSE(L2tpv3View::parse(Octets{0, 0, 0, 0}, {})) << "a control message over IP";
  EXPECT_FALSE(L2tpv3View::parse({}, {}));
}

RC_GTEST_PROP(L2tpv3, WhatIsWrittenIsRead, ()) {
  const L2tpv3Format format{.over_udp = *rc::gen::arbitrary<bool>(),
                            .cookie = *rc::gen::element(Cookie::kNone, Cookie::k32, Cookie::k64),
                            .sublayer = *rc::gen::arbitrary<bool>(),
                            .padding = *rc::gen::arbitrary<std::uint8_t>()};
  L2tpv3Header header{.session = *rc::gen::inRange<std::uint32_t>(1, 0xffffffff)};
  const auto cookie = *rc::gen::arbitrary<std::uint64_t>();
  if (format.cookie == Cookie::k32) header.cookie = cookie & 0xffffffff;
  if (format.cookie == Cookie::k64) header.cookie = cookie;
  if (format.sublayer && *rc::gen::arbitrary<bool>()) {
    header.sequence = *rc::gen::inRange<std::uint32_t>(0, L2tpv3Header::kMaxSequence + 1);
  }
  Octets message = emitted(header, format);
  const auto frame = *rc::gen::arbitrary<Octets>();
  message.insert(message.end(), frame.begin(), frame.end());
  const auto view = L2tpv3View::parse(message, format);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header() == header);
  RC_ASSERT(Octets(view->payload().begin(), view->payload().end()) == frame);
}

}  // namespace
}  // namespace sluice
