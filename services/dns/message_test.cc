#include "services/dns/message.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

DnsName name_of(std::string_view text) {
  const auto name = DnsName::from_text(text);
  EXPECT_TRUE(name) << text;
  return name.value_or(DnsName());
}

Octets to_octets(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

void append(Octets& message, Bytes more) {
  message.insert(message.end(), more.begin(), more.end());
}

Octets query(std::string_view name, DnsType type = DnsType::kA) {
  Octets message(DnsHeader::kSize);
  DnsHeader{.id = 0x1234, .flags = DnsHeader::kRecursionDesired, .questions = 1}.emit(message);
  append(message, name_of(name).wire());
  append(message, Octets{0, static_cast<std::uint8_t>(type), 0, 1});
  return message;
}

Octets query_with_opt(const DnsOpt& opt) {
  Octets message = query("example.org");
  Octets record(DnsOpt::kSize);
  opt.emit(record);
  append(message, record);
  message[11] = 1;
  return message;
}

// Four labels are more than 253 characters; the sum is what from_text() refuses.
std::string name_of_length(std::size_t characters) {
  std::string text;
  while (text.size() + 64 < characters) text += std::string(63, 'a') + '.';
  return text + std::string(characters - text.size(), 'b');
}

TEST(DnsName, IsReadFromText) {
  EXPECT_EQ(to_octets(name_of("a.bc").wire()), (Octets{1, 'a', 2, 'b', 'c', 0}));
  EXPECT_EQ(name_of("a.bc."), name_of("a.bc"));
  EXPECT_EQ(to_octets(name_of(".").wire()), Octets{0});
}

TEST(DnsName, TextWithEmptyOrLongLabelsIsNone) {
  for (const char* text : {"", "..", ".a", "a..b", "a.."}) {
    EXPECT_FALSE(DnsName::from_text(text)) << text;
  }
  EXPECT_TRUE(DnsName::from_text(std::string(63, 'x')));
  EXPECT_FALSE(DnsName::from_text(std::string(64, 'x')));
}

TEST(DnsName, MayHave253CharactersAndNotOneMore) {
  const auto longest = DnsName::from_text(name_of_length(253));
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->wire().size(), DnsName::kMaxSize);
  EXPECT_FALSE(DnsName::from_text(name_of_length(254)));
}

TEST(DnsName, IgnoresCase) {
  EXPECT_EQ(name_of("Host.SLUICE.internal"), name_of("hOST.sluice.INTERNAL"));
  EXPECT_NE(name_of("host"), name_of("hosu"));
  // '[' and '{' differ by the bit that case differs by, and are no letters.
  EXPECT_NE(name_of("["), name_of("{"));
}

TEST(DnsName, IsWithinItsZoneOnlyAtLabels) {
  const DnsName zone = name_of("sluice.internal");
  EXPECT_TRUE(name_of("a.b.Sluice.Internal").is_within(zone));
  EXPECT_TRUE(zone.is_within(zone));
  EXPECT_FALSE(name_of("xsluice.internal").is_within(zone));
  EXPECT_FALSE(name_of("internal").is_within(zone));
  EXPECT_TRUE(name_of("anything").is_within(DnsName()));
}

TEST(DnsName, FollowsPointersBackwards) {
  Octets message(DnsHeader::kSize);
  append(message, name_of("b.c").wire());
  append(message, Octets{1, 'a', 0xc0, 12, 99});
  std::size_t offset = DnsHeader::kSize + 5;
  const auto name = DnsName::parse(message, offset);
  ASSERT_TRUE(name);
  EXPECT_EQ(*name, name_of("a.b.c"));
  EXPECT_EQ(message.at(offset), 99);
}

TEST(DnsName, RefusesLoopsAndPointersForwardOrIntoTheHeader) {
  const auto refuses = [](Octets name) {
    Octets message(DnsHeader::kSize);
    append(message, name);
    append(message, Octets(40));
    std::size_t offset = DnsHeader::kSize;
    const bool refused = !DnsName::parse(message, offset);
    EXPECT_EQ(offset, DnsHeader::kSize);
    return refused;
  };
  EXPECT_TRUE(refuses({0xc0, 12}));          // itself
  EXPECT_TRUE(refuses({1, 'a', 0xc0, 12}));  // its own beginning
  EXPECT_TRUE(refuses({1, 'a', 0xc0, 13}));  // the middle of itself
  EXPECT_TRUE(refuses({0xc0, 30}));          // forward
  EXPECT_TRUE(refuses({0xc0, 0}));           // the header
  EXPECT_TRUE(refuses({0x41, 'a', 0}));      // an extended label type
  EXPECT_TRUE(refuses({0x80, 'a', 0}));
}

TEST(DnsName, RefusesAChainOfPointersThatGrowsPast255Bytes) {
  Octets message(DnsHeader::kSize);
  append(message, Octets{0});
  std::size_t before = DnsHeader::kSize;
  std::size_t refused_at = 0;
  for (int i = 0; i < 10 && refused_at == 0; ++i) {
    const std::size_t start = message.size();
    message.push_back(60);
    append(message, Octets(60, 'x'));
    append(message, Octets{static_cast<std::uint8_t>(0xc0 | before >> 8),
                           static_cast<std::uint8_t>(before)});
    std::size_t offset = start;
    if (!DnsName::parse(message, offset)) refused_at = static_cast<std::size_t>(i) + 1;
    before = start;
  }
  EXPECT_EQ(refused_at, 5U);  // four labels of 61 bytes fit, the fifth does not
}

TEST(DnsName, RefusesWhatIsCutShort) {
  const Octets whole = query("some.name.example");
  for (std::size_t size = DnsHeader::kSize; size < whole.size() - 4; ++size) {
    std::size_t offset = DnsHeader::kSize;
    EXPECT_FALSE(DnsName::parse(Bytes(whole).first(size), offset)) << size;
  }
}

RC_GTEST_PROP(DnsName, ParseOfWireIsTheName, ()) {
  Octets message(DnsHeader::kSize);
  std::string text;
  while (text.size() < *rc::gen::inRange<std::size_t>(1, 190)) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 64);
    text +=
        *rc::gen::container<std::string>(
            size, rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char c) { return c != '.'; })) +
        '.';
  }
  const auto name = DnsName::from_text(text);
  RC_PRE(name.has_value());
  append(message, name->wire());
  std::size_t offset = DnsHeader::kSize;
  const auto parsed = DnsName::parse(message, offset);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(to_octets(parsed->wire()) == to_octets(name->wire()));
  RC_ASSERT(offset == message.size());
}

RC_GTEST_PROP(DnsHeader, ParseOfEmitIsTheHeader,
              (std::uint16_t id, std::uint16_t flags, std::uint16_t a, std::uint16_t b,
               std::uint16_t c, std::uint16_t d)) {
  const DnsHeader header{id, flags, a, b, c, d};
  std::array<std::uint8_t, DnsHeader::kSize> octets{};
  header.emit(octets);
  RC_ASSERT(DnsHeader::parse(octets) == header);
}

RC_GTEST_PROP(DnsOpt, ParseOfEmitIsTheRecord,
              (std::uint16_t size, std::uint8_t rcode, std::uint8_t version, bool dnssec_ok)) {
  const DnsOpt opt{size, rcode, version, dnssec_ok};
  const Octets octets = query_with_opt(opt);
  const auto message = DnsMessage::parse(octets);
  RC_ASSERT(message.has_value());
  RC_ASSERT(message->opt() == opt);
}

RC_GTEST_PROP(DnsMessage, AnyBytesAreSafe, (Octets octets, bool plausible)) {
  if (plausible && octets.size() > 6) octets[4] = 0, octets[5] = 1;
  if (const auto message = DnsMessage::parse(octets)) {
    RC_ASSERT(DnsReply::error(*message, DnsRcode::kServerFailure).bytes().size() <= 512U);
    RC_ASSERT(DnsReply::truncated(*message).bytes().size() <= 512U);
  }
}

RC_GTEST_PROP(DnsMessage, CutOrChangedMessagesAreSafe, ()) {
  Octets octets = query_with_opt({.udp_size = 1232});
  octets.resize(*rc::gen::inRange<std::size_t>(0, octets.size() + 1));
  RC_PRE(!octets.empty());
  octets[*rc::gen::inRange<std::size_t>(0, octets.size())] = *rc::gen::arbitrary<std::uint8_t>();
  const auto message = DnsMessage::parse(octets);
  RC_ASSERT(!message || message->udp_size() >= DnsMessage::kPlainUdpSize);
}

TEST(DnsMessage, NeedsExactlyOneQuestion) {
  Octets octets = query("a.b");
  EXPECT_TRUE(DnsMessage::parse(octets));
  octets[5] = 0;
  EXPECT_FALSE(DnsMessage::parse(octets));
  octets[5] = 2;
  EXPECT_FALSE(DnsMessage::parse(octets));
}

TEST(DnsMessage, KnowsTheUdpSizeOfItsSender) {
  EXPECT_EQ(DnsMessage::parse(query("a"))->udp_size(), 512U);
  EXPECT_EQ(DnsMessage::parse(query_with_opt({.udp_size = 4096}))->udp_size(), 4096U);
  EXPECT_EQ(DnsMessage::parse(query_with_opt({.udp_size = 100}))->udp_size(), 512U);
}

TEST(DnsMessage, IsNotWellFormedWithTwoOptRecords) {
  Octets octets = query_with_opt({.udp_size = 4096});
  EXPECT_TRUE(DnsMessage::parse(octets)->is_well_formed());
  append(octets, Bytes(Octets(octets)).last(DnsOpt::kSize));
  octets[11] = 2;
  EXPECT_FALSE(DnsMessage::parse(octets)->is_well_formed());
  EXPECT_FALSE(DnsMessage::parse(octets)->opt());
}

TEST(DnsMessage, IsNotWellFormedWithAnOptAmongTheAnswersOrUnderAName) {
  Octets among_answers = query_with_opt({});
  std::swap(among_answers[7], among_answers[11]);
  EXPECT_FALSE(DnsMessage::parse(among_answers)->is_well_formed());

  Octets named = query_with_opt({});
  const auto record = named.end() - static_cast<std::ptrdiff_t>(DnsOpt::kSize);
  named.insert(record, {1, 'x'});
  EXPECT_FALSE(DnsMessage::parse(named)->is_well_formed());
}

TEST(DnsMessage, IsNotWellFormedWithoutAllItsRecords) {
  Octets octets = query("a.b");
  octets[7] = 1;
  EXPECT_FALSE(DnsMessage::parse(octets)->is_well_formed());
  append(octets, Octets{0xc0});
  EXPECT_FALSE(DnsMessage::parse(octets)->is_well_formed());
  append(octets, Octets{12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3});
  EXPECT_FALSE(DnsMessage::parse(octets)->is_well_formed());
  octets.push_back(4);
  EXPECT_TRUE(DnsMessage::parse(octets)->is_well_formed());
}

TEST(DnsReply, AnswersWithAnAddressRecord) {
  const Octets octets = query("Host.Sluice.internal");
  const DnsReply reply = DnsReply::answer(*DnsMessage::parse(octets), DnsRcode::kNoError,
                                          DnsAnswer{IpAddress::v4(10, 0, 2, 2), 60});
  Octets expected = octets;
  expected[2] = 0x85;  // response, authoritative, recursion desired
  expected[3] = 0x80;  // recursion available
  expected[7] = 1;
  append(expected, Octets{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 2, 2});
  EXPECT_EQ(to_octets(reply.bytes()), expected);
}

TEST(DnsReply, BringsTheQuestionAndAnOptBack) {
  const Octets octets = query_with_opt({.udp_size = 4096, .dnssec_ok = true});
  const DnsReply reply = DnsReply::error(*DnsMessage::parse(octets), DnsRcode::kRefused);
  const auto parsed = DnsMessage::parse(reply.bytes());
  ASSERT_TRUE(parsed && parsed->is_well_formed());
  EXPECT_EQ(parsed->header().id, 0x1234);
  EXPECT_TRUE(parsed->header().is_response());
  EXPECT_EQ(parsed->header().rcode(), DnsRcode::kRefused);
  EXPECT_EQ(parsed->question().name, name_of("example.org"));
  ASSERT_TRUE(parsed->opt());
  EXPECT_EQ(parsed->opt()->version, 0);
  EXPECT_TRUE(parsed->opt()->dnssec_ok);
  EXPECT_FALSE(
      DnsMessage::parse(DnsReply::error(*DnsMessage::parse(query("a")), DnsRcode::kRefused).bytes())
          ->opt());
}

TEST(DnsReply, TellsBadVersionInTheOpt) {
  const Octets octets = query_with_opt({.version = 1});
  const DnsReply reply = DnsReply::error(*DnsMessage::parse(octets), DnsRcode::kBadVersion);
  const auto parsed = DnsMessage::parse(reply.bytes());
  ASSERT_TRUE(parsed && parsed->opt());
  EXPECT_EQ(parsed->header().rcode(), DnsRcode::kNoError);
  EXPECT_EQ(parsed->opt()->extended_rcode, 1);
}

TEST(DnsReply, TruncatedKeepsHeaderQuestionAndOpt) {
  Octets octets = query_with_opt({.udp_size = 1400, .extended_rcode = 2, .dnssec_ok = true});
  octets[2] |= 0x80;
  const DnsReply reply = DnsReply::truncated(*DnsMessage::parse(octets));
  Octets expected = octets;
  expected[2] |= 0x02;
  EXPECT_EQ(to_octets(reply.bytes()), expected);
}

TEST(DnsReply, WithTheLongestNameStillFitsPlainUdp) {
  Octets octets = query(name_of_length(253));
  Octets record(DnsOpt::kSize);
  DnsOpt{}.emit(record);
  append(octets, record);
  octets[11] = 1;
  const auto message = DnsMessage::parse(octets);
  ASSERT_TRUE(message && message->opt());
  const auto v6 = IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
  const auto reply = DnsReply::answer(*message, DnsRcode::kNoError, DnsAnswer{v6, 60});
  EXPECT_TRUE(DnsMessage::parse(reply.bytes())->is_well_formed());
}

}  // namespace
}  // namespace sluice
