#include "stack/wire/ipv6.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice {
namespace {

using Error = Ipv6View::Error;
using Reason = Error::Reason;
using Code = Icmpv6ProblemCode;
using Octets = std::vector<std::uint8_t>;

constexpr IpAddress kGuest = IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15});
constexpr IpAddress kHost = IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kNothing = 59;
constexpr std::uint8_t kDestinationOptions = 60;

// Eight bytes of a transport header, whichever it may be.
Octets transport() {
  return {0x04, 0x00, 0x00, 0x35, 0x00, 0x08, 0x12, 0x34};
}

Octets joined(std::initializer_list<Octets> pieces) {
  Octets all;
  for (const Octets& piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
  return all;
}

struct Packet {
  std::uint8_t next_header = kUdp;
  IpAddress source = kGuest;
  IpAddress destination = kHost;

  Octets with(std::initializer_list<Octets> pieces) const {
    Octets packet(Ipv6Header::kSize);
    const Octets behind = joined(pieces);
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(behind.size()),
               .next_header = static_cast<IpProtocol>(next_header),
               .source = source,
               .destination = destination}
        .emit(packet);
    packet.insert(packet.end(), behind.begin(), behind.end());
    return packet;
  }
};

// An extension header of eight bytes with six of options, a PadN unless told otherwise.
Octets options(std::uint8_t next, Octets six = {1, 4, 0, 0, 0, 0}) {
  Octets header = {next, 0};
  header.insert(header.end(), six.begin(), six.end());
  return header;
}

Octets routing(std::uint8_t next, std::uint8_t type, std::uint8_t segments_left) {
  return {next, 0, type, segments_left, 0, 0, 0, 0};
}

Octets fragment(std::uint8_t next, std::uint16_t offset, bool more) {
  Octets header(Ipv6FragmentHeader::kSize);
  Ipv6FragmentHeader{static_cast<IpProtocol>(next), offset, more, 0x12345678}.emit(header);
  return header;
}

Octets octets_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

std::optional<Error> error_of(Bytes packet) {
  Error error{};
  if (Ipv6View::parse(packet, &error)) return std::nullopt;
  return error;
}

Error silent(Reason reason) {
  return {reason, std::nullopt};
}

Error answered(Reason reason, Code code, std::uint32_t pointer) {
  return {reason, Icmpv6Problem{code, pointer}};
}

// What reassembly makes of the headers of a first fragment and of the data.
Octets reassembled(const Ipv6View& first, const Octets& data) {
  Octets packet = octets_of(first.unfragmentable());
  packet.at(first.fragment_named_at()) = static_cast<std::uint8_t>(first.fragment()->next_header);
  packet.insert(packet.end(), data.begin(), data.end());
  store_big(MutableBytes(packet), 4, static_cast<std::uint16_t>(packet.size() - Ipv6Header::kSize));
  return packet;
}

TEST(Ipv6, HeaderIsReadFieldByField) {
  const Octets packet = {0x6a, 0xb1, 0x23, 0x45, 0,   4,   17,  63,              //
                         0x20, 0x01, 0x0d, 0xb8, 0,   0,   0,   0,  0, 0, 0, 0,  //
                         0,    0,    0,    1,                                    //
                         0xfe, 0x80, 0,    0,    0,   0,   0,   0,  0, 0, 0, 0,  //
                         0,    0,    0,    2,    'a', 'b', 'c', 'd'};
  const auto view = Ipv6View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header(), (Ipv6Header{.traffic_class = 0xab,
                                        .flow_label = 0x12345,
                                        .payload_length = 4,
                                        .next_header = IpProtocol::kUdp,
                                        .hop_limit = 63,
                                        .source = *IpAddress::parse("2001:db8::1"),
                                        .destination = *IpAddress::parse("fe80::2")}));
  EXPECT_EQ(view->protocol(), IpProtocol::kUdp);
  EXPECT_EQ(view->protocol_named_at(), 6);
  EXPECT_FALSE(view->fragment());
  EXPECT_FALSE(view->is_fragment());
  EXPECT_TRUE(view->unfragmentable().empty());
  EXPECT_EQ(as_text(view->payload()), "abcd");
}

TEST(Ipv6, BytesBehindThePayloadLengthArePadding) {
  Octets packet = Packet{}.with({transport()});
  packet.resize(packet.size() + 12, 0xee);
  const auto view = Ipv6View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(octets_of(view->payload()), transport());
  EXPECT_EQ(view->packet().size(), Ipv6Header::kSize + transport().size());
}

TEST(Ipv6, WrongHeadersSayWhatIsWrong) {
  const Octets good = Packet{}.with({transport()});
  EXPECT_EQ(error_of(good), std::nullopt);
  EXPECT_EQ(error_of({}), silent(Reason::kTruncated));
  EXPECT_EQ(error_of(Bytes(good).first(39)), silent(Reason::kTruncated));
  EXPECT_EQ(error_of(Bytes(good).first(47)), silent(Reason::kTruncated));
  for (const std::uint8_t version : {0x00, 0x40, 0x50, 0x70, 0xe0}) {
    Octets packet = good;
    packet[0] = version;
    EXPECT_EQ(error_of(packet), silent(Reason::kMalformed)) << int{version};
  }
  Octets packet = good;
  packet[5] = 9;
  EXPECT_EQ(error_of(packet), silent(Reason::kTruncated));
  EXPECT_FALSE(Ipv6View::parse(packet));
}

TEST(Ipv6, AJumbogramIsRefused) {
  Octets packet =
      Packet{.next_header = 0}.with({options(kUdp, {0xc2, 4, 0, 1, 0, 0}), transport()});
  packet[4] = 0;
  packet[5] = 0;
  EXPECT_EQ(error_of(packet), silent(Reason::kMalformed));
}

TEST(Ipv6, AnAddressThatWouldTurnIntoOneOfIpv4IsRefused) {
  const Octets good = Packet{}.with({transport()});
  const Octets mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 2, 2};
  for (const std::ptrdiff_t at : {8, 24}) {
    Octets packet = good;
    std::copy(mapped.begin(), mapped.end(), packet.begin() + at);
    EXPECT_EQ(error_of(packet), silent(Reason::kMalformed)) << at;
    packet.at(static_cast<std::size_t>(at) + 11) = 0xfe;
    EXPECT_EQ(error_of(packet), std::nullopt) << at;
  }
}

TEST(Ipv6, ExtensionHeadersArePassedOver) {
  const Octets packet =
      Packet{.next_header = 0}.with({options(kDestinationOptions, {5, 2, 0, 0, 0, 0}),
                                     {kRouting, 1, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0, 0, 0, 0x1e, 0},
                                     routing(kDestinationOptions, 4, 0),
                                     options(kTcp),
                                     transport()});
  const auto view = Ipv6View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header().next_header, IpProtocol::kHopByHop);
  EXPECT_EQ(view->protocol(), IpProtocol::kTcp);
  EXPECT_EQ(view->protocol_named_at(), 40 + 8 + 16 + 8);
  EXPECT_EQ(octets_of(view->payload()), transport());
}

TEST(Ipv6, NoNextHeaderIsAPacketWithNothingInIt) {
  for (const Octets& packet : {Packet{.next_header = kNothing}.with({}),
                               Packet{.next_header = kNothing}.with({transport()}),
                               Packet{.next_header = 0}.with({options(kNothing), transport()})}) {
    const auto view = Ipv6View::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->protocol(), IpProtocol::kNoNextHeader);
    EXPECT_TRUE(view->payload().empty());
    EXPECT_EQ(view->packet().size(), packet.size());
  }
}

TEST(Ipv6, AnUnknownProtocolIsTheCallersToRefuse) {
  const Octets packet = Packet{.next_header = kDestinationOptions}.with({options(50), transport()});
  const auto view = Ipv6View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->protocol(), IpProtocol{50});
  EXPECT_EQ(packet.at(view->protocol_named_at()), 50);
}

// RFC 8200, section 4: anywhere but behind the IPv6 header its number is not recognised.
TEST(Ipv6, HopByHopOptionsComeFirstOrNotAtAll) {
  EXPECT_EQ(error_of(Packet{.next_header = kDestinationOptions}.with(
                {options(0), options(kUdp), transport()})),
            answered(Reason::kMalformed, Code::kUnrecognizedNextHeader, 40));
  EXPECT_EQ(error_of(Packet{.next_header = 0}.with({options(0), options(kUdp), transport()})),
            answered(Reason::kMalformed, Code::kUnrecognizedNextHeader, 40));
}

// RFC 8200, section 4.4; RFC 5095, section 3.
TEST(Ipv6, ARouteIsFollowedNeverAndPassedOverAtItsEnd) {
  for (const std::uint8_t type : {0, 1, 2, 3, 4, 253}) {
    const Packet packet{.next_header = kRouting};
    EXPECT_EQ(error_of(packet.with({routing(kUdp, type, 0), transport()})), std::nullopt);
    EXPECT_EQ(error_of(packet.with({routing(kUdp, type, 1), transport()})),
              answered(Reason::kUnsupported, Code::kErroneousField, 42));
  }
}

// RFC 8200, section 4.2.
TEST(Ipv6, AnUnknownOptionIsTreatedAsItsUpperBitsAsk) {
  const auto with_option = [](std::uint8_t type, const IpAddress& destination) {
    return error_of(Packet{.next_header = kDestinationOptions, .destination = destination}.with(
        {options(kUdp, {0, type, 2, 0, 0, 0}), transport()}));
  };
  const Error told = answered(Reason::kUnsupported, Code::kUnrecognizedOption, 43);
  for (const std::uint8_t type : {0x02, 0x1e, 0x3f}) {
    EXPECT_EQ(with_option(type, kHost), std::nullopt);
    EXPECT_EQ(with_option(0x40 | type, kHost), silent(Reason::kUnsupported));
    EXPECT_EQ(with_option(0x80 | type, kHost), told);
    EXPECT_EQ(with_option(0x80 | type, IpAddress::all_nodes()), told);
    EXPECT_EQ(with_option(0xc0 | type, kHost), told);
    EXPECT_EQ(with_option(0xc0 | type, IpAddress::all_nodes()), silent(Reason::kUnsupported));
  }
}

TEST(Ipv6, OptionsThatReachPastTheirHeaderAreRefused) {
  const auto with_options = [](Octets six) {
    return error_of(Packet{.next_header = 0}.with({options(kUdp, std::move(six)), transport()}));
  };
  const auto told_at = [](std::uint32_t pointer) {
    return answered(Reason::kMalformed, Code::kErroneousField, pointer);
  };
  EXPECT_EQ(with_options({0, 0, 0, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(with_options({0, 0, 0, 0, 1, 0}), std::nullopt);
  EXPECT_EQ(with_options({1, 5, 0, 0, 0, 0}), told_at(42));
  EXPECT_EQ(with_options({1, 1, 0, 5, 2, 0}), told_at(45));
  EXPECT_EQ(with_options({1, 3, 0, 0, 0, 1}), told_at(47));  // no room for a length
}

TEST(Ipv6, AChainThatDoesNotEndInThePacketIsRefused) {
  for (const std::uint8_t type : {std::uint8_t{0}, kRouting, kFragment, kDestinationOptions}) {
    const Packet packet{.next_header = type};
    EXPECT_EQ(error_of(packet.with({{kUdp, 0, 0, 0, 0, 0, 0}})), silent(Reason::kMalformed));
    if (type != kFragment) {
      EXPECT_EQ(error_of(packet.with({{kUdp, 1, 0, 0, 0, 0, 0, 0}})), silent(Reason::kMalformed));
      EXPECT_EQ(error_of(packet.with({{kUdp, 255, 0, 0, 0, 0, 0, 0}})), silent(Reason::kMalformed));
    }
  }
  EXPECT_EQ(error_of(Packet{.next_header = kRouting}.with({})), silent(Reason::kMalformed));
}

TEST(Ipv6, NoMoreExtensionHeadersThanTheLimitAreFollowed) {
  const auto packet_with = [](unsigned count) {
    Octets chain;
    for (unsigned i = 1; i < count; ++i) chain = joined({options(kDestinationOptions), chain});
    return Packet{.next_header = kDestinationOptions}.with({chain, options(kUdp), transport()});
  };
  EXPECT_EQ(error_of(packet_with(Ipv6View::kMaxExtensions)), std::nullopt);
  EXPECT_EQ(error_of(packet_with(Ipv6View::kMaxExtensions + 1)), silent(Reason::kMalformed));
}

// RFC 4443, section 2.4 (e).
TEST(Ipv6, NobodyIsToldWhoMayNotBeToldOfErrors) {
  const Octets bad_route = routing(kUdp, 0, 1);
  const auto told = [&](const Packet& packet, const Octets& route, const Octets& behind) {
    return error_of(packet.with({route, behind}))->answer.has_value();
  };
  EXPECT_TRUE(told({.next_header = kRouting}, bad_route, transport()));
  EXPECT_FALSE(told({.next_header = kRouting, .source = IpAddress()}, bad_route, transport()));
  EXPECT_FALSE(
      told({.next_header = kRouting, .source = IpAddress::all_nodes()}, bad_route, transport()));
  EXPECT_FALSE(told({.next_header = kRouting, .destination = IpAddress::all_routers()}, bad_route,
                    transport()));
  // An ICMPv6 message behind the route: an error or a redirect, and others.
  for (const std::uint8_t type : {1, 2, 3, 4, 100, 127, 137}) {
    EXPECT_FALSE(told({.next_header = kRouting}, routing(kIcmpv6, 0, 1), {type, 0, 0, 0}));
  }
  for (const std::uint8_t type : {128, 129, 135, 136, 255}) {
    EXPECT_TRUE(told({.next_header = kRouting}, routing(kIcmpv6, 0, 1), {type, 0, 0, 0}));
  }
  // Behind further headers too, but not where there is the middle of a packet.
  const auto behind = [&](const Octets& header) {
    return told({.next_header = kRouting},
                routing(header == options(kIcmpv6) ? 60 : kFragment, 0, 1),
                joined({header, {1, 0, 0, 0, 0, 0, 0, 0}}));
  };
  EXPECT_FALSE(behind(options(kIcmpv6)));
  EXPECT_FALSE(behind(fragment(kIcmpv6, 0, true)));
  EXPECT_TRUE(behind(fragment(kIcmpv6, 8, true)));
}

TEST(Ipv6, AFragmentIsAPieceBehindItsHeader) {
  const Octets packet = Packet{.next_header = 0}.with(
      {options(kFragment), fragment(kDestinationOptions, 1440, true), transport()});
  const auto view = Ipv6View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->is_fragment());
  EXPECT_EQ(view->fragment(), (Ipv6FragmentHeader{.next_header = IpProtocol::kDestinationOptions,
                                                  .offset = 1440,
                                                  .more_fragments = true,
                                                  .identification = 0x12345678}));
  EXPECT_EQ(view->protocol(), IpProtocol::kDestinationOptions);
  EXPECT_EQ(view->protocol_named_at(), 48);
  EXPECT_EQ(octets_of(view->payload()), transport());
  EXPECT_EQ(view->unfragmentable().size(), 48);
  EXPECT_EQ(view->fragment_named_at(), 40);
}

TEST(Ipv6, PiecesBehindTheHeadersOfTheFirstAreThePacket) {
  const Octets data = joined({options(kUdp), transport(), {1, 2, 3, 4, 5, 6, 7, 8, 9}});
  const Octets whole = Packet{.next_header = 0}.with({options(kDestinationOptions), data});
  const Octets first = {data.begin(), data.begin() + 16};
  const Octets packet = Packet{.next_header = 0}.with(
      {options(kFragment), fragment(kDestinationOptions, 0, true), first});
  const auto view = Ipv6View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(octets_of(view->payload()), first);
  EXPECT_EQ(reassembled(*view, data), whole);
}

// RFC 6946.
TEST(Ipv6, AFragmentThatIsTheWholePacketIsNone) {
  const Octets packet = Packet{.next_header = kFragment}.with(
      {fragment(kDestinationOptions, 0, false), options(kUdp), transport()});
  const auto view = Ipv6View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->is_fragment());
  ASSERT_TRUE(view->fragment());
  EXPECT_TRUE(view->fragment()->is_atomic());
  EXPECT_EQ(view->protocol(), IpProtocol::kUdp);
  EXPECT_EQ(view->protocol_named_at(), 48);
  EXPECT_EQ(octets_of(view->payload()), transport());
  EXPECT_EQ(view->fragment_named_at(), 6);
  EXPECT_EQ(view->unfragmentable().size(), 40);
  EXPECT_EQ(reassembled(*view, joined({options(kUdp), transport()})),
            Packet{.next_header = kDestinationOptions}.with({options(kUdp), transport()}));
}

// RFC 8200, section 4.5.
TEST(Ipv6, OnlyTheLastFragmentMayEndWithinEightBytes) {
  Octets seven = transport();
  seven.pop_back();
  const Packet packet{.next_header = kFragment};
  EXPECT_EQ(error_of(packet.with({fragment(kUdp, 8, false), seven})), std::nullopt);
  EXPECT_EQ(error_of(packet.with({fragment(kUdp, 8, true), seven})),
            answered(Reason::kMalformed, Code::kErroneousField, 4));
}

TEST(Ipv6, AFragmentBeyondTheLargestPacketIsRefused) {
  Octets seven = transport();
  seven.pop_back();
  const Packet packet{.next_header = kFragment};
  EXPECT_EQ(error_of(packet.with({fragment(kUdp, 65528, false), seven})), std::nullopt);
  EXPECT_EQ(error_of(packet.with({fragment(kUdp, 65528, false), transport()})),
            answered(Reason::kMalformed, Code::kErroneousField, 42));
  // The headers in front of it count in the payload length of the whole.
  EXPECT_EQ(error_of(Packet{.next_header = 0}.with(
                {options(kFragment), fragment(kUdp, 65528, false), seven})),
            answered(Reason::kMalformed, Code::kErroneousField, 50));
}

// RFC 7112.
TEST(Ipv6, AFirstFragmentHoldsTheWholeChainAndATransportHeader) {
  const Error told = answered(Reason::kMalformed, Code::kIncompleteHeaderChain, 0);
  const auto first = [](std::uint8_t next, const Octets& piece) {
    return error_of(Packet{.next_header = kFragment}.with({fragment(next, 0, true), piece}));
  };
  EXPECT_EQ(first(kUdp, transport()), std::nullopt);
  EXPECT_EQ(first(kIcmpv6, transport()), std::nullopt);
  EXPECT_EQ(first(kTcp, Octets(24)), std::nullopt);
  EXPECT_EQ(first(50, {}), std::nullopt);
  EXPECT_EQ(first(kUdp, {}), told);
  EXPECT_EQ(first(kIcmpv6, {}), told);
  EXPECT_EQ(first(kTcp, Octets(16)), told);
  EXPECT_EQ(first(kDestinationOptions, {}), told);
  EXPECT_EQ(first(kDestinationOptions, options(kUdp)), told);
  EXPECT_EQ(first(kDestinationOptions, {kUdp, 1, 0, 0, 0, 0, 0, 0}), told);
  EXPECT_EQ(first(kDestinationOptions, joined({options(kUdp), transport()})), std::nullopt);
  // What is refused in a whole packet is refused in its first fragment.
  EXPECT_EQ(first(kRouting, joined({routing(kUdp, 0, 1), transport()})),
            answered(Reason::kUnsupported, Code::kErroneousField, 50));
}

TEST(Ipv6, AFragmentOfAFragmentIsRefused) {
  const Octets inner = joined({fragment(kUdp, 0, false), transport()});
  for (const bool more : {false, true}) {
    EXPECT_EQ(
        error_of(Packet{.next_header = kFragment}.with({fragment(kFragment, 0, more), inner})),
        silent(Reason::kMalformed));
  }
}

TEST(Ipv6, FragmentHeaderLiesAsRfc8200Says) {
  const Octets bytes = {17, 0, 0x05, 0xa9, 0xca, 0xfe, 0xba, 0xbe};
  const Ipv6FragmentHeader header{IpProtocol::kUdp, 1448, true, 0xcafebabe};
  Octets emitted(Ipv6FragmentHeader::kSize);
  header.emit(emitted);
  EXPECT_EQ(emitted, bytes);
  EXPECT_EQ(Ipv6FragmentHeader::parse(bytes), header);
  EXPECT_FALSE(Ipv6FragmentHeader::parse(Bytes(bytes).first(7)));
}

IpAddress any_address() {
  const auto address = IpAddress::v6(*rc::gen::arbitrary<std::array<std::uint8_t, 16>>());
  RC_PRE(!address.is_v4());
  return address;
}

RC_GTEST_PROP(Ipv6, ParseGivesWhatEmitWrote, (const Octets& payload)) {
  const Ipv6Header header{
      .traffic_class = *rc::gen::arbitrary<std::uint8_t>(),
      .flow_label = *rc::gen::inRange<std::uint32_t>(0, 1U << 20),
      .payload_length = static_cast<std::uint16_t>(payload.size()),
      .next_header = *rc::gen::element(IpProtocol::kTcp, IpProtocol::kUdp, IpProtocol::kIcmpv6,
                                       IpProtocol{50}, IpProtocol{255}),
      .hop_limit = *rc::gen::arbitrary<std::uint8_t>(),
      .source = any_address(),
      .destination = any_address()};
  Octets packet(Ipv6Header::kSize);
  header.emit(packet);
  packet.insert(packet.end(), payload.begin(), payload.end());
  packet.resize(packet.size() + *rc::gen::inRange<std::size_t>(0, 20));
  const auto view = Ipv6View::parse(packet);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header() == header);
  RC_ASSERT(view->protocol() == header.next_header);
  RC_ASSERT(octets_of(view->payload()) == payload);
}

RC_GTEST_PROP(Ipv6, ParseGivesTheFragmentHeaderThatEmitWrote,
              (std::uint8_t next, std::uint16_t offset, bool more, std::uint32_t identification)) {
  const Ipv6FragmentHeader header{static_cast<IpProtocol>(next),
                                  static_cast<std::uint16_t>(offset & 0xfff8), more,
                                  identification};
  Octets bytes(Ipv6FragmentHeader::kSize);
  header.emit(bytes);
  RC_ASSERT(Ipv6FragmentHeader::parse(bytes) == header);
  RC_ASSERT(header.is_atomic() == (header.offset == 0 && !more));
}

RC_GTEST_PROP(Ipv6, AnyChainIsReadOrRefusedWithinThePacket, ()) {
  const auto next = rc::gen::element<std::uint8_t>(0, kTcp, kUdp, kRouting, kFragment, kNothing,
                                                   kDestinationOptions);
  Octets chain;
  const auto count = *rc::gen::inRange(0, 10);
  for (int i = 0; i < count; ++i) {
    const auto size = *rc::gen::inRange<std::uint8_t>(0, 3);
    auto header = *rc::gen::container<Octets>(std::size_t{8} * (size + 1U),
                                              rc::gen::inRange<std::uint8_t>(0, 8));
    header[0] = *next;
    header[1] = size;
    chain = joined({chain, header});
  }
  const auto cut = *rc::gen::inRange<std::size_t>(0, chain.size() + 1);
  const Octets packet = Packet{.next_header = *next}.with(
      {Octets(chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(cut))});
  Error error;
  const auto view = Ipv6View::parse(packet, &error);
  if (!view) {
    RC_ASSERT(!error.answer || error.answer->pointer < packet.size());
    return;
  }
  RC_ASSERT(view->packet().size() == packet.size());
  RC_ASSERT(view->protocol() == static_cast<IpProtocol>(packet.at(view->protocol_named_at())));
  RC_ASSERT(view->payload().empty() ||
            view->payload().data() + view->payload().size() == packet.data() + packet.size());
  RC_ASSERT(view->is_fragment() == (view->fragment() && !view->fragment()->is_atomic()));
}

}  // namespace
}  // namespace sluice
