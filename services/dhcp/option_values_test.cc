#include "services/dhcp/option_values.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>

#include "stack/bytes.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

// Reads the name at `offset`, moves `offset` behind it, and follows pointers, which count from the
// start of the value and lead back.
std::string read_name(const Octets& value, std::size_t& offset) {
  std::string name;
  std::size_t at = offset;
  bool jumped = false;
  while (value.at(at) != 0) {
    if (value.at(at) >= 0xc0) {
      const std::size_t target = load_big<std::uint16_t>(value, at) & 0x3fffU;
      if (!jumped) offset = at + 2;
      jumped = true;
      RC_ASSERT(target < at);
      at = target;
      continue;
    }
    if (!name.empty()) name += '.';
    name += as_text(Bytes(value).subspan(at + 1, value.at(at)));
    at += 1U + value.at(at);
  }
  if (!jumped) offset = at + 1;
  return name;
}

// RFC 3397, section 3.
TEST(DomainSearch, IsTheExampleOfRfc3397) {
  EXPECT_EQ(encode_domain_search({"eng.apple.com.", "marketing.apple.com."}),
            (Octets{3, 'e', 'n', 'g', 5,   'a', 'p', 'p', 'l', 'e', 3,   'c',  'o', 'm',
                    0, 9,   'm', 'a', 'r', 'k', 'e', 't', 'i', 'n', 'g', 0xc0, 4}));
}

TEST(DomainSearch, ARepeatedNameIsAPointer) {
  EXPECT_EQ(encode_domain_search({"a", "a"}), (Octets{1, 'a', 0, 0xc0, 0}));
}

TEST(DomainSearch, RefusesWhatIsNoName) {
  EXPECT_THROW(encode_domain_search({"a..b"}), std::invalid_argument);
  EXPECT_THROW(encode_domain_search({"a", std::string(64, 'x')}), std::invalid_argument);
}

RC_GTEST_PROP(DomainSearch, IsReadBackAsTheSameNames, ()) {
  const auto label = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'd')));
  std::vector<std::string> names;
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    std::string name = (*label).substr(0, 3);
    const auto labels = *rc::gen::inRange(0, 4);
    for (int j = 0; j < labels; ++j) name += "." + (*label).substr(0, 3);
    names.push_back(name);
  }
  const Octets value = encode_domain_search(names);
  std::size_t offset = 0;
  for (const std::string& name : names) {
    RC_ASSERT(read_name(value, offset) == name);
  }
  RC_ASSERT(offset == value.size());
}

// The table of RFC 3442, "Classless Route Option Format".
TEST(ClasslessRoutes, AreTheExamplesOfRfc3442) {
  const IpAddress router = IpAddress::v4(10, 0, 2, 2);
  const auto destination = [&](const char* subnet) {
    Octets value = encode_classless_routes({{*Subnet::parse(subnet), router}});
    EXPECT_EQ(Octets(value.end() - 4, value.end()), (Octets{10, 0, 2, 2}));
    value.resize(value.size() - 4);
    return value;
  };
  EXPECT_EQ(destination("0.0.0.0/0"), (Octets{0}));
  EXPECT_EQ(destination("10.0.0.0/8"), (Octets{8, 10}));
  EXPECT_EQ(destination("10.0.0.0/24"), (Octets{24, 10, 0, 0}));
  EXPECT_EQ(destination("10.17.0.0/16"), (Octets{16, 10, 17}));
  EXPECT_EQ(destination("10.27.129.0/24"), (Octets{24, 10, 27, 129}));
  EXPECT_EQ(destination("10.229.0.128/25"), (Octets{25, 10, 229, 0, 128}));
  EXPECT_EQ(destination("10.198.122.47/32"), (Octets{32, 10, 198, 122, 47}));
}

TEST(ClasslessRoutes, FollowOneAnother) {
  const IpAddress router = IpAddress::v4(10, 0, 2, 2);
  EXPECT_EQ(encode_classless_routes(
                {{Subnet(IpAddress::v4(172, 16, 0, 0), 12), IpAddress::v4(10, 0, 2, 9)},
                 {Subnet(IpAddress::v4(0), 0), router}}),
            (Octets{12, 172, 16, 10, 0, 2, 9, 0, 10, 0, 2, 2}));
}

}  // namespace
}  // namespace sluice
