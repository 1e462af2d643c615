#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "services/dhcpv6/test_world.h"

namespace sluice {
namespace {

using Code = Dhcpv6Code;
using Kind = Dhcpv6Association::Kind;
using StatusCode = Dhcpv6StatusCode;
using Type = Dhcpv6Type;
using std::chrono::hours;

TEST(Dhcpv6Server, AdvertisesAndLeasesTheFirstAddress) {
  Dhcpv6World world;
  const auto offer = world.ask(solicit(1));
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->type, Type::kAdvertise);
  EXPECT_EQ(offer->server, server_duid());
  EXPECT_EQ(offer->preference, 255);
  EXPECT_EQ(given_in(offer), kFirst);
  EXPECT_TRUE(world.leases().empty());

  const auto reply = world.ask(request(1, {kFirst}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->type, Type::kReply);
  EXPECT_FALSE(reply->preference);
  ASSERT_EQ(reply->associations.size(), 1U);
  Dhcpv6Association expected{.id = 1, .renew = 32400, .rebind = 51840};
  expected.addresses.push_back({kFirst, 64800, 86400});
  EXPECT_EQ(reply->associations[0], expected);
  EXPECT_EQ(world.leases(), (std::vector<DhcpLease>{{kFirst, mac_of(1), world.now() + hours(24)}}));
}

TEST(Dhcpv6Server, AnswersWithTheseBytes) {
  Dhcpv6World world;
  ASSERT_TRUE(world.ask(asking_for(solicit(1), {Code::kNameServers})));
  EXPECT_EQ(
      world.witness().answer()->bytes,
      (Octets{
          2,    0x12, 0x34, 1,                                                                   //
          0,    1,    0,    10,   0,   3, 0,    1,    2,    0,    0,    0,    0, 1,              //
          0,    2,    0,    10,   0,   3, 0,    1,    0x52, 0x56, 0,    0,    0, 2,              //
          0,    7,    0,    1,    255,                                                           //
          0,    3,    0,    40,   0,   0, 0,    1,    0,    0,    0x7e, 0x90, 0, 0, 0xca, 0x80,  //
          0,    5,    0,    24,                                                                  //
          0xfe, 0xc0, 0,    0,    0,   0, 0,    0,    0,    0,    0,    0,    0, 0, 0,    0x15,  //
          0,    0,    0xfd, 0x20, 0,   1, 0x51, 0x80,                                            //
          0,    23,   0,    16,                                                                  //
          0xfe, 0xc0, 0,    0,    0,   0, 0,    0,    0,    0,    0,    0,    0, 0, 0,    3}));
}

TEST(Dhcpv6Server, AnswersWhoeverSentTheMessage) {
  Dhcpv6World world;
  ASSERT_TRUE(world.ask(solicit(1)));
  EXPECT_EQ(world.witness().answer()->to, (Endpoint{kGuest, kDhcpv6ClientPort}));
  EXPECT_EQ(world.witness().answer()->link_to, mac_of(1));
}

TEST(Dhcpv6Server, CommitsAtOnceWhenAskedTo) {
  Dhcpv6World world;
  Dhcpv6Message rapid = solicit(1);
  rapid.rapid_commit = true;
  const auto reply = world.ask(rapid);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->type, Type::kReply);
  EXPECT_TRUE(reply->rapid_commit);
  EXPECT_EQ(given_in(reply), kFirst);
  EXPECT_EQ(world.leases().size(), 1U);
}

TEST(Dhcpv6Server, CommitsNothingWhereThereIsNothing) {
  Dhcpv6Config config = plain_config();
  config.leases = 0;
  Dhcpv6World world(config);
  Dhcpv6Message rapid = solicit(1);
  rapid.rapid_commit = true;
  const auto offer = world.ask(rapid);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->type, Type::kAdvertise);
  EXPECT_FALSE(offer->rapid_commit);
  EXPECT_EQ(refusal_in(offer), StatusCode::kNoAddresses);
}

TEST(Dhcpv6Server, GivesTheWantedAddressIfItCan) {
  Dhcpv6World world;
  EXPECT_EQ(given_in(world.ask(solicit(1, {guest_address(0x1a)}))), guest_address(0x1a));
  EXPECT_EQ(given_in(world.ask(solicit(2, {guest_address(0x1a)}))), kFirst);
  EXPECT_EQ(given_in(world.ask(solicit(3, {kElsewhere}))), kSecond);
}

TEST(Dhcpv6Server, AClientGetsItsAddressAgain) {
  Dhcpv6World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  ASSERT_EQ(lease(world, 2), kSecond);
  EXPECT_EQ(lease(world, 1), kFirst);
  world.pass(hours(48));
  EXPECT_EQ(lease(world, 3), guest_address(0x17));
  EXPECT_EQ(lease(world, 2), kSecond);
}

TEST(Dhcpv6Server, EachAssociationHasAnAddressOfItsOwn) {
  Dhcpv6World world;
  const auto reply = world.ask(with(with(naming(message_of(1, Type::kRequest)), {}, 1), {}, 2));
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->associations.size(), 2U);
  EXPECT_EQ(reply->associations[0].addresses.at(0).address, kFirst);
  EXPECT_EQ(reply->associations[1].id, 2U);
  EXPECT_EQ(reply->associations[1].addresses.at(0).address, kSecond);
}

TEST(Dhcpv6Server, HasNeitherTemporaryAddressesNorPrefixes) {
  Dhcpv6World world;
  for (const Type type : {Type::kSolicit, Type::kRequest, Type::kRenew}) {
    Dhcpv6Message message = message_of(1, type);
    if (type != Type::kSolicit) message.server = server_duid();
    const auto answer = world.ask(
        with(with(with(message, {}, 1, Kind::kTemporary), {}, 1, Kind::kPrefixes), {}, 1));
    EXPECT_EQ(refusal_in(answer, 0), StatusCode::kNoAddresses);
    EXPECT_EQ(answer->associations.at(0).kind, Kind::kTemporary);
    EXPECT_EQ(refusal_in(answer, 1), StatusCode::kNoPrefixes);
    EXPECT_EQ(answer->associations.at(1).kind, Kind::kPrefixes);
    EXPECT_EQ(answer->associations.at(2).addresses.size(), 1U);
  }
}

TEST(Dhcpv6Server, HasAsManyAddressesAsConfigured) {
  Dhcpv6World world;
  for (std::uint8_t client = 1; client <= 16; ++client) {
    EXPECT_EQ(lease(world, client), Subnet(kFirst, 128).nth(client - 1U));
  }
  EXPECT_EQ(refusal_in(world.ask(solicit(17))), StatusCode::kNoAddresses);
  EXPECT_EQ(refusal_in(world.ask(request(17))), StatusCode::kNoAddresses);
  EXPECT_EQ(world.counters().exhausted, 2U);
  world.pass(hours(24));
  EXPECT_EQ(lease(world, 17), kFirst);
}

TEST(Dhcpv6Server, DoesNotLeaseWhatOthersHave) {
  Dhcpv6Config config = plain_config();
  config.first_lease = guest_address(0);
  config.leases = 5;
  config.reserved = {guest_address(2)};
  Dhcpv6World world(config);
  world.witness().add_neighbor(guest_address(1), mac_of(9));
  EXPECT_EQ(lease(world, 1), guest_address(4));
  EXPECT_EQ(lease(world, 2), guest_address(1)) << "there is no other";
  EXPECT_EQ(refusal_in(world.ask(solicit(3))), StatusCode::kNoAddresses);
}

TEST(Dhcpv6Server, AnOfferNotTakenIsFreeAfterAMinute) {
  Dhcpv6Config config = plain_config();
  config.leases = 1;
  Dhcpv6World world(config);
  ASSERT_TRUE(world.ask(solicit(1)));
  EXPECT_EQ(refusal_in(world.ask(solicit(2))), StatusCode::kNoAddresses);
  world.pass(Dhcpv6Server::kOfferTime);
  EXPECT_EQ(given_in(world.ask(solicit(2))), kFirst);
}

TEST(Dhcpv6Server, RequestsForAddressesOfOtherNetworksAreNotOnLink) {
  Dhcpv6World world;
  EXPECT_EQ(refusal_in(world.ask(request(1, {kFirst, kElsewhere}))), StatusCode::kNotOnLink);
  EXPECT_TRUE(world.leases().empty());
}

TEST(Dhcpv6Server, ARenewalExtendsTheLease) {
  Dhcpv6World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  world.pass(hours(9));
  EXPECT_EQ(given_in(world.ask(renew(1, {kFirst}))), kFirst);
  EXPECT_EQ(world.leases().at(0).expires, world.now() + hours(24));
  world.pass(hours(15));
  EXPECT_EQ(given_in(world.ask(rebind(1, {kFirst}))), kFirst);
  EXPECT_EQ(world.leases().at(0).expires, world.now() + hours(24));
}

TEST(Dhcpv6Server, TakesUpLeasesThatItHasNoRecordOf) {
  Dhcpv6World world;
  EXPECT_EQ(given_in(world.ask(renew(1, {guest_address(0x18)}))), guest_address(0x18));
  EXPECT_EQ(given_in(world.ask(rebind(2, {guest_address(0x19)}))), guest_address(0x19));
}

TEST(Dhcpv6Server, TellsWhichAddressesAreNoLongerAClients) {
  Dhcpv6World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  const auto reply = world.ask(renew(2, {kFirst, kElsewhere}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(
      reply->associations.at(0).addresses,
      (std::vector<Dhcpv6Address>{{kSecond, 64800, 86400}, {kFirst, 0, 0}, {kElsewhere, 0, 0}}));
  EXPECT_EQ(given_in(world.ask(renew(1, {kFirst}))), kFirst);
}

TEST(Dhcpv6Server, ARenewalThatFindsNoAddressIsToldSo) {
  Dhcpv6Config config = plain_config();
  config.leases = 1;
  Dhcpv6World world(config);
  ASSERT_EQ(lease(world, 1), kFirst);
  EXPECT_EQ(refusal_in(world.ask(renew(2, {kFirst}))), StatusCode::kNoAddresses);
}

TEST(Dhcpv6Server, AnAnswerHasNoMoreAddressesThanAMessageMay) {
  Dhcpv6World world;
  const auto reply = world.ask(renew(
      1, {guest_address(0x91), guest_address(0x92), guest_address(0x93), guest_address(0x94)}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->associations.at(0).addresses.size(), Dhcpv6Message::kMaxAddresses);
  EXPECT_EQ(given_in(reply), kFirst);
}

TEST(Dhcpv6Server, ConfirmsAddressesOfThisNetwork) {
  Dhcpv6World world;
  const Dhcpv6Message confirm = message_of(1, Type::kConfirm);
  EXPECT_EQ(status_of(world.ask(with(confirm, {kFirst}))), StatusCode::kSuccess);
  EXPECT_EQ(status_of(world.ask(with(with(confirm, {kFirst}), {kElsewhere}, 2))),
            StatusCode::kNotOnLink);
  EXPECT_FALSE(world.ask(with(confirm))) << "there is nothing to confirm";
  EXPECT_TRUE(world.leases().empty());
}

TEST(Dhcpv6Server, ReleasesItsClientsLease) {
  Dhcpv6World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  const auto other = world.ask(release(2, {kFirst}));
  EXPECT_EQ(status_of(other), StatusCode::kSuccess);
  EXPECT_EQ(refusal_in(other), StatusCode::kNoBinding);
  EXPECT_EQ(world.leases().size(), 1U);
  const auto own = world.ask(release(1, {kFirst}));
  EXPECT_EQ(status_of(own), StatusCode::kSuccess);
  EXPECT_TRUE(own->associations.empty());
  EXPECT_TRUE(world.leases().empty());
  EXPECT_EQ(refusal_in(world.ask(release(1, {kFirst}))), StatusCode::kNoBinding);
  EXPECT_EQ(world.counters().ended, 1U);
  EXPECT_EQ(lease(world, 1), kFirst);
}

TEST(Dhcpv6Server, AReleaseOfAnotherKindHasNoBinding) {
  Dhcpv6World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  const auto reply =
      world.ask(with(with(naming(message_of(1, Type::kRelease)), {kFirst}, 1, Kind::kTemporary), {},
                     1, Kind::kPrefixes));
  EXPECT_EQ(refusal_in(reply, 0), StatusCode::kNoBinding);
  EXPECT_EQ(refusal_in(reply, 1), StatusCode::kNoBinding);
  EXPECT_EQ(world.leases().size(), 1U);
}

TEST(Dhcpv6Server, SetsDeclinedAddressesAside) {
  Dhcpv6Config config = plain_config();
  config.leases = 2;
  Dhcpv6World world(config);
  ASSERT_EQ(lease(world, 1), kFirst);
  EXPECT_EQ(refusal_in(world.ask(decline(2, {kFirst}))), StatusCode::kNoBinding);
  const auto reply = world.ask(decline(1, {kFirst}));
  EXPECT_EQ(status_of(reply), StatusCode::kSuccess);
  EXPECT_TRUE(reply->associations.empty());
  EXPECT_EQ(lease(world, 1), kSecond);
  EXPECT_EQ(refusal_in(world.ask(request(2, {kFirst}))), StatusCode::kNoAddresses);
  world.pass(Dhcpv6Server::kDeclinedTime);
  EXPECT_EQ(given_in(world.ask(request(2, {kFirst}))), kFirst);
}

RC_GTEST_PROP(Dhcpv6ServerProperty, ABusyLifeBreaksNoPromise, ()) {
  Dhcpv6Config config = plain_config();
  config.leases = 4;
  Dhcpv6World world(config);
  const auto steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    const auto client = *rc::gen::inRange<std::uint8_t>(1, 7);
    const auto type = static_cast<Type>(*rc::gen::inRange(1, 12));
    Dhcpv6Message message = message_of(client, type);
    const auto count = *rc::gen::inRange(0, 3);
    for (int j = 0; j < count; ++j) {
      std::vector<IpAddress> addresses(*rc::gen::inRange<std::size_t>(0, 3));
      for (IpAddress& wanted : addresses) {
        wanted = Subnet(kFirst, 128).nth(*rc::gen::inRange<std::uint32_t>(0, 6));
      }
      message = with(message, addresses, *rc::gen::inRange<std::uint32_t>(1, 3));
    }
    if (*rc::gen::arbitrary<bool>()) message.server = server_duid();
    message.rapid_commit = *rc::gen::arbitrary<bool>();
    world.ask(message);
    RC_ASSERT(world.witness().complaint().empty());
    RC_ASSERT(world.witness().promised(world.now()) <= world.leases().size());
    RC_ASSERT(world.leases().size() <= config.leases);
    if (*rc::gen::inRange(0, 8) == 0) world.pass(std::chrono::minutes(*rc::gen::inRange(1, 2000)));
  }
}

}  // namespace
}  // namespace sluice
