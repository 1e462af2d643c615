#include "services/dhcp/server.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <stdexcept>

#include "services/dhcp/lease_witness.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::uint32_t kHost = 0x0a000202;
constexpr std::uint32_t kFirst = 0x0a00020f;
constexpr std::uint32_t kElsewhere = 0xc0a80105;

class World {
 public:
  explicit World(const DhcpConfig& config = {})
      : witness_(config.network.v4.host), server_(config, witness_) {}

  // Gives the server a message and returns its reply, if there is one.
  std::optional<DhcpMessage> ask(const DhcpMessage& message, std::uint32_t from = 0) {
    Octets bytes(1500);
    bytes.resize(message.emit(bytes).size);
    return ask_bytes(bytes, from);
  }
  std::optional<DhcpMessage> ask_bytes(const Octets& bytes, std::uint32_t from = 0) {
    witness_.on_request(now_, bytes);
    server_.on_datagram(now_, {MacAddress({2, 0, 0, 0, 0, 1}),
                               {IpAddress::v4(from), kDhcpClientPort},
                               {IpAddress::v4(0xffffffff), kDhcpServerPort},
                               bytes});
    EXPECT_EQ(witness_.complaint(), "");
    if (!reply()) return std::nullopt;
    return reply()->message;
  }
  const std::optional<LeaseWitness::Reply>& reply() const { return witness_.reply(); }
  void pass(Duration time) { now_ += time; }
  Time now() const { return now_; }
  DhcpServer& server() { return server_; }

 private:
  Time now_{};
  LeaseWitness witness_;
  DhcpServer server_;
};

// A message of client number `client`.
DhcpMessage message_of(std::uint8_t client, std::optional<DhcpType> type) {
  DhcpMessage message;
  message.transaction = 0x12345600U + client;
  message.hardware = {2, 0, 0, 0, 0, client};
  if (type) message.add_8(DhcpCode::kMessageType, static_cast<std::uint8_t>(*type));
  return message;
}

DhcpMessage discover(std::uint8_t client) {
  return message_of(client, DhcpType::kDiscover);
}

DhcpMessage select(std::uint8_t client, std::uint32_t address, std::uint32_t server = kHost) {
  DhcpMessage message = message_of(client, DhcpType::kRequest);
  message.add_32(DhcpCode::kServerIdentifier, server);
  message.add_32(DhcpCode::kRequestedAddress, address);
  return message;
}

DhcpMessage reboot(std::uint8_t client, std::uint32_t address) {
  DhcpMessage message = message_of(client, DhcpType::kRequest);
  message.add_32(DhcpCode::kRequestedAddress, address);
  return message;
}

DhcpMessage renew(std::uint8_t client, std::uint32_t address) {
  DhcpMessage message = message_of(client, DhcpType::kRequest);
  message.client = address;
  return message;
}

DhcpMessage release(std::uint8_t client, std::uint32_t address) {
  DhcpMessage message = message_of(client, DhcpType::kRelease);
  message.client = address;
  message.add_32(DhcpCode::kServerIdentifier, kHost);
  return message;
}

DhcpMessage decline(std::uint8_t client, std::uint32_t address) {
  DhcpMessage message = message_of(client, DhcpType::kDecline);
  message.add_32(DhcpCode::kServerIdentifier, kHost);
  message.add_32(DhcpCode::kRequestedAddress, address);
  return message;
}

DhcpMessage asking_for(DhcpMessage message, const Octets& codes) {
  message.add(DhcpCode::kParameterRequestList, codes);
  return message;
}

DhcpMessage naming_itself(DhcpMessage message, std::string_view identifier) {
  message.add(DhcpCode::kClientIdentifier, as_bytes(identifier));
  return message;
}

// Discovers and requests; returns the address.
std::uint32_t lease(World& world, std::uint8_t client) {
  const auto offer = world.ask(discover(client));
  if (!offer) return 0;
  const auto ack = world.ask(select(client, offer->yours));
  return ack && ack->type() == DhcpType::kAck ? ack->yours : 0;
}

Octets codes_of(const DhcpMessage& message) {
  Octets codes;
  for (const DhcpOption& option : message.options) {
    codes.push_back(static_cast<std::uint8_t>(option.code));
  }
  return codes;
}

std::string text_of(const DhcpMessage& message, DhcpCode code) {
  return std::string(as_text(message.find(code).value_or(Bytes())));
}

DhcpConfig full_config() {
  DhcpConfig config;
  config.host_name = "guest";
  config.domain_name = "example.org";
  config.domain_search = {"example.org", "example.net"};
  config.boot_file = "pxelinux.0";
  config.tftp_server_name = "boot.example.org";
  return config;
}

TEST(DhcpServer, OffersAndAcknowledgesTheFirstAddress) {
  World world;
  const auto offer = world.ask(discover(1));
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->type(), DhcpType::kOffer);
  EXPECT_EQ(offer->yours, kFirst);
  EXPECT_EQ(offer->client, 0U);
  EXPECT_EQ(offer->server, kHost);
  EXPECT_EQ(offer->find_32(DhcpCode::kServerIdentifier), kHost);
  EXPECT_TRUE(world.server().leases(world.now()).empty());

  const auto ack = world.ask(select(1, kFirst));
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->type(), DhcpType::kAck);
  EXPECT_EQ(ack->yours, kFirst);
  EXPECT_EQ(ack->find_32(DhcpCode::kLeaseTime), 86400U);
  EXPECT_EQ(ack->find_32(DhcpCode::kRenewalTime), 43200U);
  EXPECT_EQ(ack->find_32(DhcpCode::kRebindingTime), 75600U);
  const std::vector<DhcpLease> expected{
      {IpAddress::v4(kFirst), MacAddress({2, 0, 0, 0, 0, 1}), world.now() + hours(24)}};
  EXPECT_EQ(world.server().leases(world.now()), expected);
}

TEST(DhcpServer, AnswersWithTheseBytes) {
  World world;
  world.ask(asking_for(discover(1), {1, 3, 6}));
  Octets expected{2, 1, 6,  0,  0x12, 0x34, 0x56, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 10,
                  0, 2, 15, 10, 0,    2,    2,    0,    0, 0, 0, 2, 0, 0, 0, 0, 1};
  expected.resize(236);
  const Octets options{99, 130, 83,  99,  53,  1, 2, 54, 4,  10, 0, 2, 2, 51, 4,  0, 1, 0x51, 0x80,
                       1,  4,   255, 255, 255, 0, 3, 4,  10, 0,  2, 2, 6, 4,  10, 0, 2, 3,    255};
  expected.insert(expected.end(), options.begin(), options.end());
  expected.resize(300);
  ASSERT_TRUE(world.reply());
  EXPECT_EQ(world.reply()->bytes, expected);
}

TEST(DhcpServer, GivesWhatIsAskedForInThatOrder) {
  World world(full_config());
  const auto offer = world.ask(
      asking_for(discover(1), {121, 15, 12, 26, 3, 6, 66, 67, 119, 58, 59, 1, 33, 249, 12}));
  ASSERT_TRUE(offer);
  EXPECT_EQ(codes_of(*offer), (Octets{53, 54, 51, 1, 121, 15, 12, 26, 3, 6, 66, 67, 119, 58, 59}));
  EXPECT_EQ(text_of(*offer, DhcpCode::kDomainName), "example.org");
  EXPECT_EQ(text_of(*offer, DhcpCode::kHostName), "guest");
  EXPECT_EQ(offer->find_16(DhcpCode::kInterfaceMtu), 1500);
  EXPECT_EQ(text_of(*offer, DhcpCode::kTftpServerName), "boot.example.org");
  EXPECT_EQ(text_of(*offer, DhcpCode::kBootFile), "pxelinux.0");
  EXPECT_EQ(offer->server_name, "boot.example.org");
  EXPECT_EQ(offer->boot_file, "pxelinux.0");
  EXPECT_EQ(text_of(*offer, DhcpCode::kClasslessRoutes), std::string("\0\12\0\2\2", 5));
}

TEST(DhcpServer, GivesTheUsualToThoseWhoAskForNothing) {
  World world(full_config());
  EXPECT_EQ(codes_of(*world.ask(discover(1))),
            (Octets{53, 54, 51, 1, 3, 6, 12, 15, 26, 58, 59, 66, 67, 119}));
}

TEST(DhcpServer, PutsRoutesBesideTheDefaultRoute) {
  DhcpConfig config;
  config.routes = {{Subnet(IpAddress::v4(10, 1, 0, 0), 16), IpAddress::v4(10, 0, 2, 9)}};
  World world(config);
  EXPECT_EQ(text_of(*world.ask(asking_for(discover(1), {121})), DhcpCode::kClasslessRoutes),
            std::string("\20\12\1\12\0\2\11\0\12\0\2\2", 12));
}

TEST(DhcpServer, RestrictedTellsOfNoWayOut) {
  DhcpConfig config = full_config();
  config.restricted = true;
  World world(config);
  EXPECT_EQ(codes_of(*world.ask(asking_for(discover(1), {3, 6, 121, 12}))),
            (Octets{53, 54, 51, 1, 12}));
}

TEST(DhcpServer, SendsAsRfc2131Section41Says) {
  World world;
  const MacAddress mac({2, 0, 0, 0, 0, 1});
  world.ask(discover(1));
  EXPECT_EQ(world.reply()->to, (Endpoint{IpAddress::v4(kFirst), kDhcpClientPort}));
  EXPECT_EQ(world.reply()->link_to, mac);

  DhcpMessage broadcast = discover(1);
  broadcast.broadcast = true;
  world.ask(broadcast);
  EXPECT_EQ(world.reply()->to, (Endpoint{IpAddress::v4(0xffffffff), kDhcpClientPort}));
  EXPECT_EQ(world.reply()->link_to, MacAddress::broadcast());

  world.ask(select(1, kFirst));
  const auto ack = world.ask(renew(1, kFirst));
  EXPECT_EQ(ack->client, kFirst);
  EXPECT_EQ(world.reply()->to, (Endpoint{IpAddress::v4(kFirst), kDhcpClientPort}));
  EXPECT_EQ(world.reply()->link_to, mac);

  world.ask(renew(1, kFirst + 1));
  EXPECT_EQ(world.reply()->message.type(), DhcpType::kNak);
  EXPECT_EQ(world.reply()->to, (Endpoint{IpAddress::v4(0xffffffff), kDhcpClientPort}));
  EXPECT_EQ(world.reply()->link_to, MacAddress::broadcast());
}

TEST(DhcpServer, ARenewalExtendsTheLease) {
  World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  world.pass(hours(12));
  EXPECT_EQ(world.ask(renew(1, kFirst))->type(), DhcpType::kAck);
  EXPECT_EQ(world.server().leases(world.now()).at(0).expires, world.now() + hours(24));
}

TEST(DhcpServer, AClientGetsItsAddressAgain) {
  World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  ASSERT_EQ(lease(world, 2), kFirst + 1);
  EXPECT_EQ(lease(world, 1), kFirst);
  world.pass(hours(48));
  EXPECT_EQ(lease(world, 3), kFirst + 2);
  EXPECT_EQ(lease(world, 2), kFirst + 1);
  EXPECT_EQ(world.ask(reboot(1, kFirst))->type(), DhcpType::kAck);
}

TEST(DhcpServer, KnowsClientsByTheirIdentifier) {
  World world;
  EXPECT_EQ(world.ask(naming_itself(discover(1), "one"))->yours, kFirst);
  EXPECT_EQ(world.ask(naming_itself(discover(1), "two"))->yours, kFirst + 1);
  EXPECT_EQ(world.ask(naming_itself(discover(2), "one"))->yours, kFirst);
  EXPECT_EQ(text_of(world.reply()->message, DhcpCode::kClientIdentifier), "one");
  // What a client without identifier is known by.
  EXPECT_EQ(world.ask(discover(3))->yours, kFirst + 2);
  EXPECT_EQ(world.ask(naming_itself(discover(4), std::string_view("\1\2\0\0\0\0\3", 7)))->yours,
            kFirst + 2);
}

TEST(DhcpServer, RefusesTooLongIdentifiers) {
  World world;
  EXPECT_TRUE(world.ask(naming_itself(discover(1), std::string(255, 'x'))));
  EXPECT_FALSE(world.ask(naming_itself(discover(1), std::string(256, 'x'))));
  EXPECT_EQ(world.server().counters().malformed, 1U);
}

TEST(DhcpServer, GivesTheWantedAddressIfItCan) {
  World world;
  DhcpMessage wanting = discover(1);
  wanting.add_32(DhcpCode::kRequestedAddress, kFirst + 5);
  EXPECT_EQ(world.ask(wanting)->yours, kFirst + 5);
  DhcpMessage elsewhere = discover(2);
  elsewhere.add_32(DhcpCode::kRequestedAddress, kElsewhere);
  EXPECT_EQ(world.ask(elsewhere)->yours, kFirst);
}

TEST(DhcpServer, HasSixteenAddresses) {
  World world;
  for (std::uint8_t client = 1; client <= 16; ++client) {
    EXPECT_EQ(lease(world, client), kFirst + client - 1);
  }
  EXPECT_FALSE(world.ask(discover(17)));
  EXPECT_EQ(world.server().counters().exhausted, 1U);
  EXPECT_EQ(world.ask(reboot(17, kFirst))->type(), DhcpType::kNak);
  EXPECT_EQ(world.server().leases(world.now()).size(), 16U);
  world.pass(hours(24));
  EXPECT_EQ(lease(world, 17), kFirst);
}

TEST(DhcpServer, DoesNotLeaseWhatOthersHave) {
  DhcpConfig config;
  config.network.v4.subnet = Subnet(IpAddress::v4(10, 0, 2, 0), 29);
  config.network.dhcp_start = IpAddress::v4(10, 0, 2, 1);
  config.reserved = {IpAddress::v4(10, 0, 2, 5)};
  World world(config);
  EXPECT_EQ(lease(world, 1), 0x0a000201U);
  EXPECT_EQ(lease(world, 2), 0x0a000206U);
  EXPECT_FALSE(world.ask(discover(3)));
}

TEST(DhcpServer, AnOfferNotTakenIsFreeAfterAMinute) {
  World world;
  world.ask(discover(1));
  EXPECT_EQ(world.ask(reboot(2, kFirst))->type(), DhcpType::kNak);
  world.pass(DhcpServer::kOfferTime);
  EXPECT_EQ(world.ask(reboot(2, kFirst))->type(), DhcpType::kAck);
}

TEST(DhcpServer, KeepsSilentWhenAnotherServerIsSelected) {
  World world;
  world.ask(discover(1));
  EXPECT_FALSE(world.ask(select(1, kElsewhere, 0xc0a80101)));
  // Its offer is free again.
  EXPECT_EQ(world.ask(reboot(2, kFirst))->type(), DhcpType::kAck);
}

TEST(DhcpServer, RefusesAddressesOfOtherNetworks) {
  World world;
  for (const auto& request : {reboot(1, kElsewhere), renew(1, kElsewhere)}) {
    const auto nak = world.ask(naming_itself(request, "me"));
    ASSERT_TRUE(nak);
    EXPECT_EQ(nak->type(), DhcpType::kNak);
    EXPECT_EQ(codes_of(*nak), (Octets{53, 54, 61, 56}));
    EXPECT_EQ(nak->yours, 0U);
    EXPECT_EQ(nak->client, 0U);
    EXPECT_EQ(nak->server, 0U);
  }
}

TEST(DhcpServer, RefusesAnotherAddressThanItGave) {
  World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  EXPECT_EQ(world.ask(reboot(1, kFirst + 1))->type(), DhcpType::kNak);
  EXPECT_EQ(world.ask(reboot(2, kFirst))->type(), DhcpType::kNak);
  EXPECT_EQ(world.ask(renew(2, kFirst))->type(), DhcpType::kNak);
  EXPECT_EQ(world.ask(select(2, kHost))->type(), DhcpType::kNak);
}

TEST(DhcpServer, TakesUpLeasesThatItHasNoRecordOf) {
  World world;
  EXPECT_EQ(world.ask(reboot(1, kFirst + 3))->yours, kFirst + 3);
  EXPECT_EQ(world.ask(renew(2, kFirst + 4))->yours, kFirst + 4);
  EXPECT_EQ(world.ask(reboot(3, kFirst + 100))->type(), DhcpType::kNak);
}

TEST(DhcpServer, KeepsSilentToStrangersUnlessAuthoritative) {
  DhcpConfig config;
  config.authoritative = false;
  World world(config);
  EXPECT_FALSE(world.ask(reboot(1, kFirst)));
  EXPECT_FALSE(world.ask(renew(1, kFirst)));
  EXPECT_EQ(world.server().counters().ignored, 2U);
  EXPECT_EQ(world.ask(reboot(1, kElsewhere))->type(), DhcpType::kNak);
  ASSERT_EQ(lease(world, 1), kFirst);
  EXPECT_EQ(world.ask(reboot(1, kFirst))->type(), DhcpType::kAck);
  EXPECT_EQ(world.ask(reboot(1, kFirst + 1))->type(), DhcpType::kNak);
}

TEST(DhcpServer, ReleasesInSilence) {
  World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  EXPECT_FALSE(world.ask(release(2, kFirst)));
  EXPECT_EQ(world.server().leases(world.now()).size(), 1U);
  EXPECT_FALSE(world.ask(release(1, kFirst)));
  EXPECT_TRUE(world.server().leases(world.now()).empty());
  EXPECT_EQ(lease(world, 1), kFirst);
}

TEST(DhcpServer, SetsDeclinedAddressesAside) {
  World world;
  ASSERT_EQ(lease(world, 1), kFirst);
  EXPECT_FALSE(world.ask(decline(1, kFirst)));
  EXPECT_EQ(lease(world, 1), kFirst + 1);
  EXPECT_EQ(world.ask(reboot(2, kFirst))->type(), DhcpType::kNak);
  world.pass(DhcpServer::kDeclinedTime);
  EXPECT_EQ(world.ask(reboot(2, kFirst))->type(), DhcpType::kAck);
}

TEST(DhcpServer, InformsWithoutALease) {
  World world(full_config());
  DhcpMessage inform = asking_for(message_of(1, DhcpType::kInform), {1, 3, 51, 58, 59, 12});
  inform.client = 0x0a000250;
  const auto ack = world.ask(inform, inform.client);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->type(), DhcpType::kAck);
  EXPECT_EQ(ack->yours, 0U);
  EXPECT_EQ(ack->client, inform.client);
  EXPECT_EQ(codes_of(*ack), (Octets{53, 54, 1, 3, 12}));
  EXPECT_EQ(world.reply()->to, (Endpoint{IpAddress::v4(inform.client), kDhcpClientPort}));
  EXPECT_TRUE(world.server().leases(world.now()).empty());

  inform.client = 0;
  EXPECT_EQ(world.ask(inform, 0x0a000251)->client, 0x0a000251U);
  for (const std::uint32_t from : {0U, kElsewhere, kHost, 0x0a0002ffU}) {
    EXPECT_FALSE(world.ask(inform, from));
  }
}

TEST(DhcpServer, AnswersBootpWithALeaseWithoutEnd) {
  World world(full_config());
  Octets bytes(300);
  message_of(1, std::nullopt).emit(bytes);
  bytes[236] = 0;  // no cookie
  const auto reply = world.ask_bytes(bytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->yours, kFirst);
  EXPECT_EQ(reply->boot_file, "pxelinux.0");
  EXPECT_EQ(reply->server_name, "boot.example.org");
  EXPECT_EQ(reply->server, kHost);
  EXPECT_EQ(codes_of(*reply), (Octets{1, 3, 6, 12, 15}));
  EXPECT_EQ(world.reply()->bytes.size(), 300U);
  EXPECT_EQ(world.reply()->link_to, MacAddress({2, 0, 0, 0, 0, 1}));
  EXPECT_EQ(world.server().leases(world.now()).at(0).expires, std::nullopt);
  world.pass(hours(24 * 365));
  EXPECT_EQ(world.ask(reboot(2, kFirst))->type(), DhcpType::kNak);
}

TEST(DhcpServer, TellsABootpClientThatHasAnAddressWhereToBootFrom) {
  World world(full_config());
  DhcpMessage request = message_of(1, std::nullopt);
  request.client = 0x0a000250;
  const auto reply = world.ask(request);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->yours, 0U);
  EXPECT_EQ(reply->client, request.client);
  EXPECT_EQ(world.reply()->to.address, IpAddress::v4(request.client));
  EXPECT_TRUE(world.server().leases(world.now()).empty());
  request.client = kElsewhere;
  EXPECT_FALSE(world.ask(request));
}

TEST(DhcpServer, EchoesTheClassOfThoseWhoBootByHttp) {
  DhcpConfig config;
  config.boot_file = "http://10.0.2.2/boot.efi";
  World world(config);
  DhcpMessage http = discover(1);
  http.add(DhcpCode::kVendorClass, as_bytes("HTTPClient:Arch:00016:UNDI:003001"));
  EXPECT_EQ(text_of(*world.ask(http), DhcpCode::kVendorClass), "HTTPClient");
  DhcpMessage pxe = discover(2);
  pxe.add(DhcpCode::kVendorClass, as_bytes("PXEClient:Arch:00000:UNDI:002001"));
  EXPECT_FALSE(world.ask(pxe)->find(DhcpCode::kVendorClass));
  EXPECT_FALSE(World(full_config()).ask(http)->find(DhcpCode::kVendorClass));
}

TEST(DhcpServer, ALongBootFileGoesIntoItsOption) {
  DhcpConfig config;
  config.boot_file = "http://10.0.2.2/" + std::string(150, 'x');
  World world(config);
  const auto offer = world.ask(asking_for(discover(1), {3}));
  EXPECT_EQ(offer->boot_file, "");
  EXPECT_EQ(text_of(*offer, DhcpCode::kBootFile), config.boot_file);
}

TEST(DhcpServer, RepliesAreAsLongAsTheClientTakes) {
  DhcpConfig config;
  config.domain_name = std::string(200, 'd');
  config.host_name = std::string(120, 'h');
  for (char c = 'a'; c < 'f'; ++c) config.domain_search.push_back(std::string(50, c) + ".org");
  World world(config);
  // 576 less IPv4 and UDP headers: options move into `file` and `sname`.
  const auto small = world.ask(asking_for(discover(1), {15, 119, 12}));
  EXPECT_LE(world.reply()->bytes.size(), 548U);
  EXPECT_EQ(codes_of(*small), (Octets{53, 54, 51, 1, 15, 12}));
  EXPECT_EQ(text_of(*small, DhcpCode::kHostName), config.host_name);

  DhcpMessage large = asking_for(discover(1), {15, 119, 12});
  large.add_16(DhcpCode::kMaximumMessageSize, 9000);
  EXPECT_EQ(codes_of(*world.ask(large)), (Octets{53, 54, 51, 1, 15, 119, 12}));
  EXPECT_GT(world.reply()->bytes.size(), 548U);
  EXPECT_LE(world.reply()->bytes.size(), 1472U);

  DhcpMessage tiny = asking_for(discover(1), {15});
  tiny.add_16(DhcpCode::kMaximumMessageSize, 68);
  EXPECT_EQ(text_of(*world.ask(tiny), DhcpCode::kDomainName), config.domain_name);
}

TEST(DhcpServer, DropsWhatItCantUse) {
  World world;
  DhcpMessage reply = discover(1);
  reply.operation = DhcpMessage::Operation::kReply;
  DhcpMessage not_ethernet = discover(1);
  not_ethernet.hardware_type = 32;
  DhcpMessage long_address = discover(1);
  long_address.hardware_size = 16;
  DhcpMessage group = discover(1);
  group.hardware = {1, 0, 0, 0, 0, 1};
  DhcpMessage nobody = discover(1);
  nobody.hardware = {};
  DhcpMessage strange_type = message_of(1, std::nullopt);
  strange_type.add_8(DhcpCode::kMessageType, 200);
  std::uint64_t malformed = 0;
  for (const auto& message : {reply, not_ethernet, long_address, group, nobody, strange_type,
                              message_of(1, DhcpType::kOffer), message_of(1, DhcpType::kAck),
                              message_of(1, DhcpType::kNak), message_of(1, DhcpType::kRequest)}) {
    EXPECT_FALSE(world.ask(message));
    EXPECT_EQ(world.server().counters().malformed, ++malformed);
  }
  EXPECT_FALSE(world.ask_bytes(Octets(100)));
  DhcpMessage relayed = discover(1);
  relayed.gateway = 0x0a000201;
  EXPECT_FALSE(world.ask(relayed));
  EXPECT_EQ(world.server().counters().ignored, 1U);
}

TEST(DhcpServer, RefusesAConfigurationThatItCantTell) {
  DhcpConfig long_name;
  long_name.host_name = std::string(256, 'x');
  EXPECT_THROW(World{long_name}, std::invalid_argument);
  DhcpConfig bad_search;
  bad_search.domain_search = {"a..b"};
  EXPECT_THROW(World{bad_search}, std::invalid_argument);
  DhcpConfig nothing_to_lease;
  nothing_to_lease.network.dhcp_start = IpAddress::v4(10, 0, 3, 15);
  EXPECT_THROW(World{nothing_to_lease}, std::invalid_argument);
}

DhcpMessage random_request() {
  const auto client = *rc::gen::inRange<std::uint8_t>(1, 24);
  const auto address = kFirst - 2 + *rc::gen::inRange<std::uint32_t>(0, 20);
  DhcpMessage message;
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
    case 1:
      message = discover(client);
      break;
    case 2:
      message = select(client, address);
      break;
    case 3:
      message = reboot(client, address);
      break;
    case 4:
      message = renew(client, address);
      break;
    case 5:
      message = release(client, address);
      break;
    case 6:
      message = decline(client, address);
      break;
    default:
      message = message_of(client, *rc::gen::element<std::optional<DhcpType>>(
                                       std::nullopt, DhcpType::kInform, DhcpType::kRequest));
      break;
  }
  if (*rc::gen::inRange(0, 4) == 0) {
    const auto name = *rc::gen::inRange('a', 'e');
    message = naming_itself(message, std::string(2, name));
  }
  message.broadcast = *rc::gen::arbitrary<bool>();
  return message;
}

RC_GTEST_PROP(DhcpServerProperty, NoAddressHasTwoClientsAndThereAreSixteen, ()) {
  const DhcpConfig config;
  LeaseWitness witness(config.network.v4.host);
  DhcpServer server(config, witness);
  Time now{};
  const auto steps = *rc::gen::inRange(0, 120);
  for (int i = 0; i < steps; ++i) {
    DhcpMessage message = random_request();
    // Half of those who are offered something take it.
    if (witness.reply() && witness.reply()->message.type() == DhcpType::kOffer &&
        *rc::gen::arbitrary<bool>()) {
      const DhcpMessage& offer = witness.reply()->message;
      message = select(offer.hardware[5], offer.yours);
      if (const auto name = offer.find(DhcpCode::kClientIdentifier)) {
        message = naming_itself(message, as_text(*name));
      }
    }
    Octets bytes(1500);
    bytes.resize(message.emit(bytes).size);
    witness.on_request(now, bytes);
    server.on_datagram(now, {MacAddress({2, 0, 0, 0, 0, 1}),
                             {IpAddress::v4(0), kDhcpClientPort},
                             {IpAddress::v4(0xffffffff), kDhcpServerPort},
                             bytes});
    RC_ASSERT(witness.complaint() == "");
    RC_ASSERT(witness.promised(now) <= Network::kLeases);
    RC_ASSERT(server.leases(now).size() == witness.promised(now));
    now += *rc::gen::element<seconds>(seconds(0), seconds(1), seconds(61), seconds(601), hours(5),
                                      hours(25));
  }
}

}  // namespace
}  // namespace sluice
