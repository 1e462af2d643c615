#include "services/dhcpv6/test_world.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::size_t kLargestMessage = 65527;  // what a UDP datagram holds

}  // namespace

Dhcpv6Config plain_config() {
  Dhcpv6Config config;
  config.mac = kRouterMac;
  config.address = kRouter;
  config.subnet = Subnet(guest_address(0), 64);
  config.first_lease = kFirst;
  config.leases = 16;
  config.dns = guest_address(3);
  return config;
}

Dhcpv6Config full_config() {
  Dhcpv6Config config = plain_config();
  config.domain_search = {"example.org", "a.example"};
  config.boot_url = "tftp://[fec0::2]/pxelinux.0";
  return config;
}

Dhcpv6World::Dhcpv6World(const Dhcpv6Config& config)
    : witness_(config.address, Dhcpv6Server::kMaxAnswer), server_(config, witness_) {}

std::optional<Dhcpv6Message> Dhcpv6World::ask(const Dhcpv6Message& message, const IpAddress& to) {
  Octets bytes(kLargestMessage);
  const auto emitted = message.emit(bytes);
  EXPECT_EQ(emitted.omitted, 0U);
  bytes.resize(emitted.size);
  return ask_bytes(bytes, kGuest, to);
}

std::optional<Dhcpv6Message> Dhcpv6World::ask_bytes(const Octets& bytes, const IpAddress& from,
                                                    const IpAddress& to) {
  witness_.on_message(now_, bytes);
  server_.on_datagram(now_, {mac_of(1), {from, kDhcpv6ClientPort}, {to, kDhcpv6ServerPort}, bytes});
  EXPECT_EQ(witness_.complaint(), "");
  if (!witness_.answer()) return std::nullopt;
  return witness_.answer()->message;
}

MacAddress mac_of(std::uint8_t client) {
  return MacAddress({2, 0, 0, 0, 0, client});
}

Duid server_duid() {
  return Duid::of_link_address(kRouterMac);
}

Duid duid_of(std::uint8_t client) {
  return Duid::of_link_address(mac_of(client));
}

Dhcpv6Message message_of(std::uint8_t client, Dhcpv6Type type) {
  Dhcpv6Message message;
  message.type = type;
  message.transaction = 0x123400U + client;
  message.client = duid_of(client);
  return message;
}

Dhcpv6Message naming(Dhcpv6Message message, const Duid& server) {
  message.server = server;
  return message;
}

Dhcpv6Message with(Dhcpv6Message message, const std::vector<IpAddress>& addresses, std::uint32_t id,
                   Dhcpv6Association::Kind kind) {
  Dhcpv6Association association{.kind = kind, .id = id};
  for (const IpAddress& address : addresses) association.addresses.push_back({address, 0, 0});
  message.associations.push_back(std::move(association));
  return message;
}

Dhcpv6Message asking_for(Dhcpv6Message message, const std::vector<Dhcpv6Code>& codes) {
  message.requested = codes;
  return message;
}

Dhcpv6Message solicit(std::uint8_t client, const std::vector<IpAddress>& addresses) {
  return with(message_of(client, Dhcpv6Type::kSolicit), addresses);
}

Dhcpv6Message request(std::uint8_t client, const std::vector<IpAddress>& addresses) {
  return with(naming(message_of(client, Dhcpv6Type::kRequest)), addresses);
}

Dhcpv6Message renew(std::uint8_t client, const std::vector<IpAddress>& addresses) {
  return with(naming(message_of(client, Dhcpv6Type::kRenew)), addresses);
}

Dhcpv6Message rebind(std::uint8_t client, const std::vector<IpAddress>& addresses) {
  return with(message_of(client, Dhcpv6Type::kRebind), addresses);
}

Dhcpv6Message release(std::uint8_t client, const std::vector<IpAddress>& addresses) {
  return with(naming(message_of(client, Dhcpv6Type::kRelease)), addresses);
}

Dhcpv6Message decline(std::uint8_t client, const std::vector<IpAddress>& addresses) {
  return with(naming(message_of(client, Dhcpv6Type::kDecline)), addresses);
}

IpAddress given_in(const std::optional<Dhcpv6Message>& answer) {
  if (!answer || answer->associations.empty() || answer->associations[0].addresses.empty()) {
    return {};
  }
  return answer->associations[0].addresses[0].address;
}

std::optional<Dhcpv6StatusCode> refusal_in(const std::optional<Dhcpv6Message>& answer,
                                           std::size_t index) {
  if (!answer || answer->associations.size() <= index) return std::nullopt;
  const Dhcpv6Association& association = answer->associations[index];
  if (!association.addresses.empty() || !association.status) return std::nullopt;
  return association.status->code;
}

std::optional<Dhcpv6StatusCode> status_of(const std::optional<Dhcpv6Message>& answer) {
  if (!answer || !answer->status) return std::nullopt;
  return answer->status->code;
}

std::vector<Dhcpv6Code> codes_of(const std::optional<Dhcpv6Message>& answer) {
  std::vector<Dhcpv6Code> codes;
  if (!answer) return codes;
  for (const Dhcpv6Option& option : answer->options) codes.push_back(option.code);
  return codes;
}

IpAddress lease(Dhcpv6World& world, std::uint8_t client) {
  const IpAddress offered = given_in(world.ask(solicit(client)));
  if (offered == IpAddress()) return offered;
  return given_in(world.ask(request(client, {offered})));
}

}  // namespace sluice
