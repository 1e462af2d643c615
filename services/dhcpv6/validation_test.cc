#include <gtest/gtest.h>

#include <chrono>

#include "services/dhcpv6/test_world.h"

namespace sluice {
namespace {

using Kind = Dhcpv6Association::Kind;
using StatusCode = Dhcpv6StatusCode;
using Type = Dhcpv6Type;

TEST(Dhcpv6Validation, MessagesWithoutOrWithAnotherServerAreJudgedBySection16) {
  Dhcpv6World world;
  const Duid other = duid_of(200);
  std::uint64_t malformed = 0;
  std::uint64_t ignored = 0;
  const auto drops = [&](const Dhcpv6Message& message, std::uint64_t& counter,
                         std::uint64_t Dhcpv6Counters::*counted) {
    EXPECT_FALSE(world.ask(message)) << static_cast<int>(message.type);
    EXPECT_EQ(world.counters().*counted, ++counter) << static_cast<int>(message.type);
  };
  for (const Type type : {Type::kSolicit, Type::kConfirm, Type::kRebind}) {
    Dhcpv6Message message = with(message_of(1, type), {kFirst});
    EXPECT_TRUE(world.ask(message));
    drops(naming(message), malformed, &Dhcpv6Counters::malformed);
    message.client.reset();
    drops(message, malformed, &Dhcpv6Counters::malformed);
  }
  for (const Type type : {Type::kRequest, Type::kRenew, Type::kRelease, Type::kDecline}) {
    Dhcpv6Message message = with(message_of(1, type), {kFirst});
    drops(message, malformed, &Dhcpv6Counters::malformed);
    drops(naming(message, other), ignored, &Dhcpv6Counters::ignored);
    message.server = server_duid();
    EXPECT_TRUE(world.ask(message));
    message.client.reset();
    drops(message, malformed, &Dhcpv6Counters::malformed);
  }
  const Dhcpv6Message information = message_of(1, Type::kInformationRequest);
  EXPECT_TRUE(world.ask(naming(information)));
  drops(naming(information, other), ignored, &Dhcpv6Counters::ignored);
  drops(with(information), malformed, &Dhcpv6Counters::malformed);
  drops(with(information, {}, 1, Kind::kPrefixes), malformed, &Dhcpv6Counters::malformed);
  for (const Type type : {Type::kAdvertise, Type::kReply, Type::kReconfigure}) {
    drops(naming(message_of(1, type)), malformed, &Dhcpv6Counters::malformed);
  }
}

TEST(Dhcpv6Validation, WhatIsSentToItsOwnAddressIsDroppedOrToldToUseMulticast) {
  Dhcpv6World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  for (const Dhcpv6Message& message :
       {request(2), renew(1, {kFirst}), release(1, {kFirst}), decline(1, {kFirst})}) {
    const auto reply = world.ask(message, kRouter);
    EXPECT_EQ(status_of(reply), StatusCode::kUseMulticast);
    EXPECT_TRUE(reply->associations.empty());
    EXPECT_TRUE(reply->options.empty());
  }
  EXPECT_EQ(world.leases().size(), 1U);
  for (const Dhcpv6Message& message :
       {solicit(2), with(message_of(1, Type::kConfirm), {kFirst}), rebind(1, {kFirst}),
        message_of(1, Type::kInformationRequest)}) {
    EXPECT_FALSE(world.ask(message, kRouter));
  }
  EXPECT_EQ(world.counters().malformed, 4U);
}

TEST(Dhcpv6Validation, DropsWhatItCantReadOrAnswer) {
  Dhcpv6World world;
  EXPECT_FALSE(world.ask_bytes(Octets{1, 0, 0}, kFirst));
  EXPECT_FALSE(world.ask_bytes(Octets{12, 0, 0, 0}, kFirst));
  Octets bytes(200);
  bytes.resize(solicit(1).emit(bytes).size);
  for (const char* const from : {"::", "::1", "ff02::1", "10.0.2.15"}) {
    EXPECT_FALSE(world.ask_bytes(bytes, *IpAddress::parse(from))) << from;
  }
  EXPECT_EQ(world.counters().malformed, 6U);
  EXPECT_TRUE(world.ask_bytes(bytes, kFirst));
}

}  // namespace
}  // namespace sluice
