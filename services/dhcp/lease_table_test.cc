#include "services/dhcp/lease_table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string_view>

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr IpAddress kFirst = IpAddress::v4(10, 0, 2, 15);
constexpr IpAddress kSecond = IpAddress::v4(10, 0, 2, 16);

// Addresses that somebody took without asking.
struct Users final : AddressUse {
  std::map<IpAddress, MacAddress> known;
  bool is_used_by_other(const IpAddress& address, const MacAddress& client) const override {
    const auto found = known.find(address);
    return found != known.end() && found->second != client;
  }
};
const Users nobody;

Time at(int second) {
  return Time(seconds(second));
}

DhcpLeaseTable::Client client(std::string_view name) {
  return {as_bytes(name), MacAddress({2, 0, 0, 0, 0, static_cast<std::uint8_t>(name[0])})};
}

TEST(DhcpLeaseTable, AnAddressThatSomebodyElseUsesIsTheLastToBeGiven) {
  Users users;
  users.known[kFirst] = client("x").mac;
  DhcpLeaseTable table({kFirst, kSecond}, users);
  EXPECT_FALSE(table.lease(at(0), client("a"), kFirst, at(60)));
  EXPECT_EQ(table.offer(at(0), client("a"), kFirst, at(60)), kSecond);
  EXPECT_EQ(table.offer(at(0), client("x"), {}, at(60)), kFirst) << "it is its own";
  DhcpLeaseTable single({kFirst}, users);
  EXPECT_EQ(single.offer(at(0), client("a"), {}, at(60)), kFirst) << "there is no other";
}

TEST(DhcpLeaseTable, GivesAddressesInOrder) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  EXPECT_EQ(table.offer(at(0), client("a"), {}, at(60)), kFirst);
  EXPECT_EQ(table.offer(at(0), client("b"), {}, at(60)), kSecond);
  EXPECT_EQ(table.offer(at(0), client("c"), {}, at(60)), std::nullopt);
}

TEST(DhcpLeaseTable, GivesWhatIsWantedIfItIsFree) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  EXPECT_EQ(table.offer(at(0), client("a"), kSecond, at(60)), kSecond);
  EXPECT_EQ(table.offer(at(0), client("b"), kSecond, at(60)), kFirst);
}

TEST(DhcpLeaseTable, AnOfferEndsUnlessItBecomesALease) {
  DhcpLeaseTable table({kFirst}, nobody);
  table.offer(at(0), client("a"), {}, at(60));
  EXPECT_FALSE(table.lease(at(59), client("b"), kFirst, at(1000)));
  EXPECT_TRUE(table.leases(at(1)).empty());
  EXPECT_TRUE(table.lease(at(60), client("b"), kFirst, at(1000)));
  EXPECT_FALSE(table.lease(at(61), client("a"), kFirst, at(1000)));
}

TEST(DhcpLeaseTable, AnOfferDoesNotShortenALease) {
  DhcpLeaseTable table({kFirst}, nobody);
  table.lease(at(0), client("a"), kFirst, at(1000));
  table.offer(at(10), client("a"), {}, at(70));
  EXPECT_FALSE(table.lease(at(100), client("b"), kFirst, at(1000)));
  table.withdraw(at(100), client("a").identifier);
  EXPECT_EQ(table.leases(at(100)).size(), 1U);
}

TEST(DhcpLeaseTable, AClientThatComesBackGetsItsOldAddress) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  table.lease(at(0), client("a"), kSecond, at(10));
  EXPECT_EQ(table.offer(at(20), client("b"), {}, at(80)), kFirst);
  EXPECT_EQ(table.offer(at(30), client("a"), kFirst, at(90)), kSecond);
}

TEST(DhcpLeaseTable, TheLeaseThatEndedFirstIsReusedFirst) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  table.lease(at(0), client("a"), kFirst, at(20));
  table.lease(at(0), client("b"), kSecond, at(10));
  EXPECT_EQ(table.offer(at(30), client("c"), {}, at(90)), kSecond);
  EXPECT_EQ(table.address_of(client("b").identifier), std::nullopt);
  EXPECT_EQ(table.offer(at(30), client("a"), {}, at(90)), kFirst);
}

TEST(DhcpLeaseTable, AClientHasOneAddress) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  EXPECT_TRUE(table.lease(at(0), client("a"), kFirst, at(100)));
  EXPECT_FALSE(table.lease(at(1), client("a"), kSecond, at(100)));
  EXPECT_EQ(table.address_of(client("a").identifier), kFirst);
}

TEST(DhcpLeaseTable, AReleasedAddressIsFreeAndRemembersItsClient) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  table.lease(at(0), client("a"), kFirst, at(100));
  EXPECT_FALSE(table.release(at(1), client("b").identifier, kFirst));
  EXPECT_FALSE(table.release(at(1), client("a").identifier, kSecond));
  EXPECT_TRUE(table.release(at(1), client("a").identifier, kFirst));
  EXPECT_FALSE(table.release(at(1), client("a").identifier, kFirst));
  EXPECT_TRUE(table.leases(at(1)).empty());
  EXPECT_EQ(table.address_of(client("a").identifier), kFirst);
  EXPECT_TRUE(table.lease(at(2), client("b"), kFirst, at(100)));
}

TEST(DhcpLeaseTable, AnAddressSetAsideRests) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  table.lease(at(0), client("a"), kFirst, at(100));
  EXPECT_FALSE(table.set_aside(at(1), client("b").identifier, kFirst, at(601)));
  EXPECT_TRUE(table.set_aside(at(1), client("a").identifier, kFirst, at(601)));
  EXPECT_EQ(table.offer(at(2), client("a"), kFirst, at(62)), kSecond);
  EXPECT_EQ(table.offer(at(2), client("b"), {}, at(62)), std::nullopt);
  EXPECT_TRUE(table.leases(at(2)).empty());
  EXPECT_TRUE(table.lease(at(601), client("b"), kFirst, at(1000)));
}

TEST(DhcpLeaseTable, TellsWhoHasWhat) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  table.lease(at(0), client("a"), kSecond, at(100));
  table.lease(at(0), client("b"), kFirst, Time::max());
  const std::vector<DhcpLease> expected{{kFirst, client("b").mac, std::nullopt},
                                        {kSecond, client("a").mac, at(100)}};
  EXPECT_EQ(table.leases(at(99)), expected);
  EXPECT_EQ(table.leases(at(100)).size(), 1U);
}

TEST(DhcpLeaseTable, AnotherTableGoesOnWithItsLeases) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  table.lease(at(0), client("a"), kSecond, at(100));
  table.lease(at(0), client("b"), kFirst, Time::max());
  const auto records = table.records(at(40));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].left, std::nullopt);
  EXPECT_EQ(records[1].left, seconds(60));

  DhcpLeaseTable other({kFirst, kSecond}, nobody);
  other.lease(at(1000), client("x"), kFirst, at(2000));
  other.restore(at(1000), records);
  EXPECT_EQ(other.address_of(client("a").identifier), kSecond);
  EXPECT_EQ(other.address_of(client("b").identifier), kFirst);
  EXPECT_EQ(other.address_of(client("x").identifier), std::nullopt);
  EXPECT_EQ(other.leases(at(1059)).size(), 2U);
  EXPECT_EQ(other.leases(at(1060)).size(), 1U);
}

TEST(DhcpLeaseTable, RecordsThatDoNotFitArePassedOver) {
  DhcpLeaseTable table({kFirst}, nobody);
  const std::vector<std::uint8_t> identifier{'a'};
  table.restore(at(0), {{IpAddress::v4(10, 9, 9, 9), {'z'}, {}, seconds(5)},
                        {kFirst, identifier, {}, seconds(5)},
                        {kFirst, {'b'}, {}, seconds(5)},
                        {kFirst, {}, {}, seconds(5)}});
  ASSERT_EQ(table.records(at(0)).size(), 1U);
  EXPECT_EQ(table.records(at(0))[0].identifier, identifier);
}

TEST(DhcpLeaseTable, AReservedAddressIsNotGivenOut) {
  DhcpLeaseTable table({kFirst, kSecond}, nobody);
  table.lease(at(0), client("a"), kSecond, at(100));
  table.reserve(kFirst);
  table.reserve(kSecond);  // is somebody's
  EXPECT_EQ(table.offer(at(1), client("b"), kFirst, at(60)), std::nullopt);
  EXPECT_EQ(table.address_of(client("a").identifier), kSecond);
}

}  // namespace
}  // namespace sluice
