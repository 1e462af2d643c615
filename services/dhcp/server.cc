#include "services/dhcp/server.h"

#include <algorithm>
#include <stdexcept>

namespace sluice {
namespace {

constexpr std::size_t kHeaders = 28;            // IPv4 and UDP, which option 57 counts too
constexpr std::size_t kEverybodys = 576;        // what every host takes (RFC 2131, section 2)
constexpr std::size_t kLongestText = 255;       // of one option
constexpr std::size_t kShortestIdentifier = 2;  // RFC 2132, section 9.14
constexpr std::string_view kHttpClient = "HTTPClient";

// What a client gets that does not say what it wants.
constexpr std::array kUsualOptions{
    DhcpCode::kRouters,       DhcpCode::kNameServers,    DhcpCode::kHostName,
    DhcpCode::kDomainName,    DhcpCode::kInterfaceMtu,   DhcpCode::kRenewalTime,
    DhcpCode::kRebindingTime, DhcpCode::kTftpServerName, DhcpCode::kBootFile,
    DhcpCode::kDomainSearch,
};
// What BOOTP knows, of that (RFC 1497).
constexpr std::array kBootpOptions{
    DhcpCode::kSubnetMask, DhcpCode::kRouters,    DhcpCode::kNameServers,
    DhcpCode::kHostName,   DhcpCode::kDomainName,
};

void check_text(std::string_view what, const std::string& text) {
  if (text.size() > kLongestText || text.find('\0') != std::string::npos) {
    throw std::invalid_argument("the " + std::string(what) + " '" + text +
                                "' can't be told by DHCP: it is longer than 255 bytes or has a "
                                "zero in it; use a shorter one");
  }
}

// An address that a guest may have.
bool is_guest_address(const Network& network, const IpAddress& address) {
  return network.v4.subnet.has_host(address) && address != network.v4.host &&
         address != network.v4.dns && address != network.smb;
}

std::vector<IpAddress> addresses_to_lease(const DhcpConfig& config) {
  const Network& network = config.network;
  std::vector<IpAddress> addresses;
  for (std::uint32_t i = 0; i < Network::kLeases; ++i) {
    const IpAddress address = IpAddress::v4(network.dhcp_start.v4_bits() + i);
    const bool is_taken =
        std::find(config.reserved.begin(), config.reserved.end(), address) != config.reserved.end();
    if (!is_taken && is_guest_address(network, address)) addresses.push_back(address);
  }
  if (addresses.empty()) {
    throw std::invalid_argument("no address from " + network.dhcp_start.to_string() +
                                " on is free in " + network.v4.subnet.to_string() +
                                "; let DHCP start at another one");
  }
  return addresses;
}

std::vector<DhcpRoute> routes_of(const DhcpConfig& config) {
  std::vector<DhcpRoute> routes = config.routes;
  // A client that takes option 121 ignores option 3 (RFC 3442, "DHCP Client Behavior").
  routes.push_back({Subnet(IpAddress::v4(0), 0), config.network.v4.host});
  return routes;
}

std::uint32_t seconds_of(std::chrono::seconds time) {
  // 0xffffffff is a lease without end.
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 1, 0xfffffffe));
}

// The client's link address; nullopt if it has none that a frame can be sent to.
std::optional<MacAddress> mac_of(const DhcpMessage& message) {
  if (message.hardware_type != DhcpMessage::kEthernet ||
      message.hardware_size != MacAddress::kSize) {
    return std::nullopt;
  }
  std::array<std::uint8_t, MacAddress::kSize> octets{};
  std::copy_n(message.hardware.begin(), octets.size(), octets.begin());
  const MacAddress mac(octets);
  if (!mac.is_station()) return std::nullopt;
  return mac;
}

}  // namespace

DhcpServer::DhcpServer(const DhcpConfig& config, DatagramOutput& output)
    : config_(config),
      output_(output),
      domain_search_(encode_domain_search(config.domain_search)),
      classless_routes_(encode_classless_routes(routes_of(config))),
      leases_(addresses_to_lease(config), *this),
      buffer_(std::max<std::size_t>(kEverybodys, config.network.mtu) - kHeaders) {
  check_text("host name", config.host_name);
  check_text("domain name", config.domain_name);
  check_text("boot file", config.boot_file);
  check_text("TFTP server's name", config.tftp_server_name);
}

void DhcpServer::on_datagram(Time now, const ServiceDatagram& datagram) {
  ++counters_.requests;
  const auto message = DhcpMessage::parse(datagram.payload);
  const auto mac = message ? mac_of(*message) : std::nullopt;
  if (!mac || message->operation != DhcpMessage::Operation::kRequest) {
    ++counters_.malformed;
    return;
  }
  if (message->gateway != 0) {
    ++counters_.ignored;
    return;
  }
  // The form of option 61 that RFC 2132 recommends.
  std::array<std::uint8_t, 1 + MacAddress::kSize> hardware{message->hardware_type};
  std::copy(mac->octets().begin(), mac->octets().end(), hardware.begin() + 1);
  const auto told = message->find(DhcpCode::kClientIdentifier);
  if (told && told->size() > kMaxIdentifier) {
    ++counters_.malformed;
    return;
  }
  const bool identifies_itself = told && told->size() >= kShortestIdentifier;
  const Request request{*message,
                        {identifies_itself ? *told : Bytes(hardware), *mac},
                        datagram.from.address,
                        datagram.payload.size()};
  if (!message->find(DhcpCode::kMessageType)) {
    on_bootp(now, request);
    return;
  }
  switch (message->type().value_or(DhcpType::kOffer)) {
    case DhcpType::kDiscover:
      on_discover(now, request);
      break;
    case DhcpType::kRequest:
      on_request(now, request);
      break;
    case DhcpType::kDecline:
      on_decline(now, request);
      break;
    case DhcpType::kRelease:
      on_release(now, request);
      break;
    case DhcpType::kInform:
      on_inform(now, request);
      break;
    case DhcpType::kOffer:
    case DhcpType::kAck:
    case DhcpType::kNak:
      ++counters_.malformed;
      break;
  }
}

void DhcpServer::on_bootp(Time now, const Request& request) {
  DhcpMessage reply = reply_to(request, std::nullopt);
  // A client that knows its address only asks where to boot from (RFC 951, section 3).
  if (request.message.client == 0) {
    const auto address = leases_.offer(now, request.client, std::nullopt, now + kOfferTime);
    if (!address || !leases_.lease(now, request.client, *address, Time::max())) {
      ++counters_.exhausted;
      return;
    }
    reply.yours = address->v4_bits();
  } else if (!is_guest_address(config_.network, IpAddress::v4(request.message.client))) {
    ++counters_.malformed;
    return;
  }
  add_boot(reply, request);
  for (const DhcpCode code : kBootpOptions) add_parameter(reply, code, false);
  ++counters_.acks;
  send(now, request, reply);
}

void DhcpServer::on_discover(Time now, const Request& request) {
  std::optional<IpAddress> wanted;
  if (const auto bits = request.message.find_32(DhcpCode::kRequestedAddress)) {
    wanted = IpAddress::v4(*bits);
  }
  const auto address = leases_.offer(now, request.client, wanted, now + kOfferTime);
  if (!address) {
    ++counters_.exhausted;
    return;
  }
  DhcpMessage reply = reply_to(request, DhcpType::kOffer);
  add_lease(reply, *address);
  add_parameters(reply, request, true);
  ++counters_.offers;
  send(now, request, reply);
}

// RFC 2131, section 4.3.2. A client that selects names the server; one that reboots names the
// address it had; one that renews or rebinds has it and fills in ciaddr.
void DhcpServer::on_request(Time now, const Request& request) {
  const DhcpMessage& message = request.message;
  if (names_other_server(message)) {
    leases_.withdraw(now, request.client.identifier);
    ++counters_.ignored;
    return;
  }
  const std::uint32_t bits = message.client != 0
                                 ? message.client
                                 : message.find_32(DhcpCode::kRequestedAddress).value_or(0);
  if (bits == 0) {
    ++counters_.malformed;
    return;
  }
  const IpAddress address = IpAddress::v4(bits);
  if (!config_.network.v4.subnet.contains(address)) {
    refuse(now, request, "the address is not of this network");
    return;
  }
  const bool selects = message.find(DhcpCode::kServerIdentifier).has_value();
  if (!selects && !config_.authoritative && !leases_.address_of(request.client.identifier)) {
    ++counters_.ignored;
    return;
  }
  if (!leases_.lease(now, request.client, address, now + config_.lease_time)) {
    refuse(now, request, "the address is not this client's");
    return;
  }
  DhcpMessage reply = reply_to(request, DhcpType::kAck);
  reply.client = message.client;
  add_lease(reply, address);
  add_parameters(reply, request, true);
  ++counters_.acks;
  send(now, request, reply);
}

void DhcpServer::on_decline(Time now, const Request& request) {
  const auto bits = request.message.find_32(DhcpCode::kRequestedAddress);
  if (names_other_server(request.message)) {
    ++counters_.ignored;
  } else if (!bits || !leases_.set_aside(now, request.client.identifier, IpAddress::v4(*bits),
                                         now + kDeclinedTime)) {
    ++counters_.malformed;
  } else {
    ++counters_.ended;
  }
}

void DhcpServer::on_release(Time now, const Request& request) {
  if (names_other_server(request.message)) {
    ++counters_.ignored;
  } else if (!leases_.release(now, request.client.identifier,
                              IpAddress::v4(request.message.client))) {
    ++counters_.malformed;
  } else {
    ++counters_.ended;
  }
}

// RFC 2131, section 4.3.5: parameters for a client that has its address from elsewhere.
void DhcpServer::on_inform(Time now, const Request& request) {
  DhcpMessage reply = reply_to(request, DhcpType::kAck);
  reply.client = request.message.client;
  // Some clients leave ciaddr empty, and send from the address.
  if (reply.client == 0 && request.from.is_v4()) reply.client = request.from.v4_bits();
  if (!is_guest_address(config_.network, IpAddress::v4(reply.client))) {
    ++counters_.malformed;
    return;
  }
  add_parameters(reply, request, false);
  ++counters_.acks;
  send(now, request, reply);
}

bool DhcpServer::names_other_server(const DhcpMessage& message) const {
  const auto server = message.find(DhcpCode::kServerIdentifier);
  return server &&
         message.find_32(DhcpCode::kServerIdentifier) != config_.network.v4.host.v4_bits();
}

void DhcpServer::refuse(Time now, const Request& request, std::string_view why) {
  DhcpMessage reply = reply_to(request, DhcpType::kNak);
  reply.server = 0;
  reply.add(DhcpCode::kMessage, as_bytes(why));
  ++counters_.naks;
  send(now, request, reply);
}

DhcpMessage DhcpServer::reply_to(const Request& request, std::optional<DhcpType> type) const {
  DhcpMessage reply;
  reply.operation = DhcpMessage::Operation::kReply;
  reply.hardware_type = request.message.hardware_type;
  reply.hardware_size = request.message.hardware_size;
  reply.transaction = request.message.transaction;
  reply.broadcast = request.message.broadcast;
  reply.hardware = request.message.hardware;
  reply.server = config_.network.v4.host.v4_bits();
  if (!type) {
    reply.client = request.message.client;
    return reply;
  }
  reply.add_8(DhcpCode::kMessageType, static_cast<std::uint8_t>(*type));
  reply.add_32(DhcpCode::kServerIdentifier, config_.network.v4.host.v4_bits());
  // RFC 6842: the identifier comes back, in a refusal too.
  if (const auto identifier = request.message.find(DhcpCode::kClientIdentifier)) {
    reply.add(DhcpCode::kClientIdentifier, *identifier);
  }
  return reply;
}

void DhcpServer::add_lease(DhcpMessage& reply, const IpAddress& address) const {
  reply.yours = address.v4_bits();
  add_parameter(reply, DhcpCode::kLeaseTime, true);
}

void DhcpServer::add_parameters(DhcpMessage& reply, const Request& request, bool leases) const {
  add_parameter(reply, DhcpCode::kSubnetMask, leases);
  add_boot(reply, request);
  if (const auto wanted = request.message.find(DhcpCode::kParameterRequestList)) {
    for (const std::uint8_t code : *wanted) {
      add_parameter(reply, static_cast<DhcpCode>(code), leases);
    }
  } else {
    for (const DhcpCode code : kUsualOptions) add_parameter(reply, code, leases);
  }
}

// Adds what is known under `code`, if it is not there yet.
void DhcpServer::add_parameter(DhcpMessage& reply, DhcpCode code, bool leases) const {
  if (reply.find(code)) return;
  const auto add_text = [&](const std::string& text) {
    if (!text.empty()) reply.add(code, as_bytes(text));
  };
  const auto add_time = [&](std::chrono::seconds time) {
    if (leases) reply.add_32(code, seconds_of(time));
  };
  const Network& network = config_.network;
  switch (code) {
    case DhcpCode::kSubnetMask:
      reply.add_32(code, network.v4.subnet.v4_mask());
      break;
    case DhcpCode::kRouters:
      if (!config_.restricted) reply.add_32(code, network.v4.host.v4_bits());
      break;
    case DhcpCode::kNameServers:
      if (config_.restricted || network.v4.dns.is_unspecified()) break;
      reply.add_32(code, network.v4.dns.v4_bits());
      break;
    case DhcpCode::kHostName:
      add_text(config_.host_name);
      break;
    case DhcpCode::kDomainName:
      add_text(config_.domain_name);
      break;
    case DhcpCode::kInterfaceMtu:
      reply.add_16(code, network.mtu);
      break;
    case DhcpCode::kLeaseTime:
      add_time(config_.lease_time);
      break;
    case DhcpCode::kRenewalTime:
      add_time(config_.lease_time / 2);
      break;
    case DhcpCode::kRebindingTime:
      add_time(config_.lease_time * 7 / 8);
      break;
    case DhcpCode::kTftpServerName:
      add_text(config_.tftp_server_name);
      break;
    case DhcpCode::kBootFile:
      add_text(config_.boot_file);
      break;
    case DhcpCode::kDomainSearch:
      if (!domain_search_.empty()) reply.add(code, domain_search_);
      break;
    case DhcpCode::kClasslessRoutes:
      if (!config_.restricted) reply.add(code, classless_routes_);
      break;
    default:
      break;
  }
}

void DhcpServer::add_boot(DhcpMessage& reply, const Request& request) const {
  if (config_.boot_file.size() <= DhcpMessage::kMaxBootFile) {
    reply.boot_file = config_.boot_file;
  } else if (reply.type()) {
    add_parameter(reply, DhcpCode::kBootFile, false);
  }
  if (config_.tftp_server_name.size() <= DhcpMessage::kMaxServerName) {
    reply.server_name = config_.tftp_server_name;
  }
  // UEFI 2.10, section 24.7.2.2: firmware that boots by HTTP takes only offers of this class.
  const auto vendor_class = request.message.find(DhcpCode::kVendorClass);
  if (reply.type() && vendor_class &&
      as_text(*vendor_class).substr(0, kHttpClient.size()) == kHttpClient &&
      config_.boot_file.rfind("http://", 0) == 0) {
    reply.add(DhcpCode::kVendorClass, as_bytes(kHttpClient));
  }
}

void DhcpServer::send(Time now, const Request& request, const DhcpMessage& reply) {
  std::size_t limit = 0;
  if (reply.type()) {
    const std::size_t asked =
        request.message.find_16(DhcpCode::kMaximumMessageSize).value_or(kEverybodys);
    limit = std::clamp<std::size_t>(asked, kEverybodys, buffer_.size() + kHeaders) - kHeaders;
  } else {
    // A BOOTP client takes as much as it sends.
    limit = std::clamp(request.size, DhcpMessage::kMinimumSize, kEverybodys - kHeaders);
  }
  const MutableBytes room = MutableBytes(buffer_).first(limit);
  const Bytes payload = room.first(reply.emit(room).size);

  // RFC 2131, section 4.1. The client's link address is at hand even where that section lets the
  // address be resolved: a client that is renewing may be too busy to answer.
  const Endpoint from{config_.network.v4.host, kDhcpServerPort};
  if (reply.client == 0 && (reply.broadcast || reply.yours == 0)) {
    output_.send(now, from, {IpAddress::v4(0xffffffff), kDhcpClientPort}, payload,
                 MacAddress::broadcast());
    return;
  }
  const IpAddress to = IpAddress::v4(reply.client != 0 ? reply.client : reply.yours);
  output_.send(now, from, {to, kDhcpClientPort}, payload, request.client.mac);
}

}  // namespace sluice
