#include "services/dhcpv6/server.h"

#include <algorithm>
#include <stdexcept>

#include <gsl/assert>

#include "services/dhcpv6/boot_url.h"
#include "services/dns/message.h"

namespace sluice {
namespace {

using Kind = Dhcpv6Association::Kind;
using Code = Dhcpv6Code;
using StatusCode = Dhcpv6StatusCode;
using Type = Dhcpv6Type;

constexpr std::uint32_t kForever = 0xffffffff;  // seconds of a lifetime without end
constexpr std::uint8_t kNoOtherServer = 255;    // section 21.8: take this one, and at once
constexpr std::string_view kHttpClient = "HTTPClient";
constexpr std::size_t kEnterpriseSize = 4;  // bytes, in front of the vendor classes

// What a client gets that does not say what it wants.
constexpr std::array kUsualOptions{Code::kNameServers, Code::kDomainSearch, Code::kBootFileUrl};

// RFC 8415, section 10: names one after another, none of them compressed.
std::vector<std::uint8_t> encoded_names(const std::vector<std::string>& names) {
  std::vector<std::uint8_t> value;
  for (const std::string& text : names) {
    const auto name = DnsName::from_text(text);
    if (!name) throw std::invalid_argument("'" + text + "' in the search list is no domain name");
    const Bytes wire = name->wire();
    value.insert(value.end(), wire.begin(), wire.end());
  }
  return value;
}

void check_text(std::string_view what, std::size_t size) {
  if (size <= Dhcpv6Server::kMaxText) return;
  throw std::invalid_argument("the " + std::string(what) + " can't be told by DHCPv6: it has " +
                              std::to_string(size) + " bytes and no more than " +
                              std::to_string(Dhcpv6Server::kMaxText) + " fit; use a shorter one");
}

void check_times(const Dhcpv6Config& config) {
  const auto is_lifetime = [](std::chrono::seconds time) {
    return time.count() > 0 && time.count() < kForever;
  };
  if (!is_lifetime(config.preferred_time) || !is_lifetime(config.valid_time) ||
      !is_lifetime(config.refresh_time) || config.preferred_time > config.valid_time) {
    throw std::invalid_argument("the lifetimes of DHCPv6 leases can't be " +
                                std::to_string(config.preferred_time.count()) +
                                " s preferred and " + std::to_string(config.valid_time.count()) +
                                " s valid; use more than 0 s, and no longer preferred than valid");
  }
}

std::vector<IpAddress> addresses_to_lease(const Dhcpv6Config& config) {
  Expects(!config.first_lease.is_v4() && !config.subnet.base().is_v4());
  std::vector<IpAddress> addresses;
  if (config.leases > Dhcpv6Server::kMaxLeases) {
    throw std::invalid_argument("DHCPv6 can't lease " + std::to_string(config.leases) +
                                " addresses; use " + std::to_string(Dhcpv6Server::kMaxLeases) +
                                " at most");
  }
  const Subnet pool(config.first_lease, 128);
  for (std::size_t i = 0; i < config.leases; ++i) {
    const IpAddress address = pool.nth(static_cast<std::uint32_t>(i));
    const bool is_taken =
        std::find(config.reserved.begin(), config.reserved.end(), address) != config.reserved.end();
    if (!is_taken && config.subnet.has_host(address) && address != config.address &&
        address != config.dns) {
      addresses.push_back(address);
    }
  }
  if (addresses.empty() && config.leases > 0) {
    throw std::invalid_argument("no address from " + config.first_lease.to_string() +
                                " on is free in " + config.subnet.to_string() +
                                "; let DHCPv6 start at another one");
  }
  return addresses;
}

std::uint32_t seconds_of(std::chrono::seconds time) {
  return static_cast<std::uint32_t>(time.count());
}

bool tells_boot_url(const Dhcpv6Config& config) {
  if (config.boot_url.empty() || !config.restricted) return !config.boot_url.empty();
  const auto address = address_in_url(config.boot_url);
  return address && config.subnet.contains(*address);
}

// A client of the lease table: the association's number and the DUID.
std::vector<std::uint8_t> identifier_of(const Duid& client, const Dhcpv6Association& association) {
  const Bytes duid = client.bytes();
  std::vector<std::uint8_t> identifier(sizeof(association.id) + duid.size());
  store_big<std::uint32_t>(identifier, 0, association.id);
  copy_bytes(duid, MutableBytes(identifier).subspan(sizeof(association.id)));
  return identifier;
}

Dhcpv6Association refused(const Dhcpv6Association& wanted, StatusCode code, std::string text) {
  Dhcpv6Association answer{.kind = wanted.kind, .id = wanted.id};
  answer.status = {code, std::move(text)};
  return answer;
}

// Who may send a message to be answered.
bool is_client_address(const IpAddress& address) {
  return !address.is_v4() && !address.is_unspecified() && !address.is_multicast() &&
         !address.is_loopback();
}

}  // namespace

Dhcpv6Server::Dhcpv6Server(const Dhcpv6Config& config, DatagramOutput& output)
    : config_(config),
      output_(output),
      duid_(Duid::of_link_address(config.mac)),
      domain_search_(encoded_names(config.domain_search)),
      tells_boot_url_(tells_boot_url(config)),
      leases_(addresses_to_lease(config), *this) {
  check_times(config);
  check_text("domain search list", domain_search_.size());
  check_text("boot URL '" + config.boot_url + "'", config.boot_url.size());
}

void Dhcpv6Server::on_datagram(Time now, const ServiceDatagram& datagram) {
  ++counters_.requests;
  const auto message = Dhcpv6Message::parse(datagram.payload);
  if (!message || !is_client_address(datagram.from.address)) {
    ++counters_.malformed;
    return;
  }
  const Request request{*message, datagram};
  switch (judge(request)) {
    case Verdict::kAnswer:
      answer(now, request);
      break;
    case Verdict::kUseMulticast: {
      Dhcpv6Message reply = answer_to(request, Type::kReply);
      reply.status = {StatusCode::kUseMulticast, "send it to ff02::1:2"};
      send(now, request, reply);
      break;
    }
    case Verdict::kMalformed:
      ++counters_.malformed;
      break;
    case Verdict::kIgnored:
      ++counters_.ignored;
      break;
  }
}

Dhcpv6Server::Verdict Dhcpv6Server::judge(const Request& request) const {
  const Dhcpv6Message& message = request.message;
  const bool is_unicast = !request.datagram.to.address.is_multicast();
  switch (message.type) {
    case Type::kSolicit:
    case Type::kConfirm:
    case Type::kRebind:
      if (!message.client || message.server || is_unicast) return Verdict::kMalformed;
      return Verdict::kAnswer;
    case Type::kRequest:
    case Type::kRenew:
    case Type::kRelease:
    case Type::kDecline:
      if (!message.client || !message.server) return Verdict::kMalformed;
      if (message.server != duid_) return Verdict::kIgnored;
      return is_unicast ? Verdict::kUseMulticast : Verdict::kAnswer;
    case Type::kInformationRequest:
      if (!message.associations.empty() || is_unicast) return Verdict::kMalformed;
      if (message.server && message.server != duid_) return Verdict::kIgnored;
      return Verdict::kAnswer;
    case Type::kAdvertise:
    case Type::kReply:
    case Type::kReconfigure:
      break;
  }
  return Verdict::kMalformed;
}

void Dhcpv6Server::answer(Time now, const Request& request) {
  switch (request.message.type) {
    case Type::kSolicit:
      return on_solicit(now, request);
    case Type::kRequest:
      return on_request(now, request);
    case Type::kRenew:
    case Type::kRebind:
      return on_renew(now, request);
    case Type::kConfirm:
      return on_confirm(now, request);
    case Type::kRelease:
    case Type::kDecline:
      return on_release(now, request);
    default: {
      Dhcpv6Message reply = answer_to(request, Type::kReply);
      add_parameters(reply, request);
      return send(now, request, reply);
    }
  }
}

// Sections 18.3.1 and 18.3.9.
void Dhcpv6Server::on_solicit(Time now, const Request& request) {
  Dhcpv6Message reply = answer_to(request, Type::kAdvertise);
  bool has_address = false;
  for (const Dhcpv6Association& wanted : request.message.associations) {
    reply.associations.push_back(offer(now, request, wanted));
    has_address = has_address || !reply.associations.back().addresses.empty();
  }
  if (request.message.rapid_commit && has_address) {
    reply.type = Type::kReply;
    reply.rapid_commit = true;
    for (const Dhcpv6Association& offered : reply.associations) commit(now, request, offered);
  } else {
    reply.preference = kNoOtherServer;
  }
  add_parameters(reply, request);
  send(now, request, reply);
}

// Section 18.3.2.
void Dhcpv6Server::on_request(Time now, const Request& request) {
  Dhcpv6Message reply = answer_to(request, Type::kReply);
  for (const Dhcpv6Association& wanted : request.message.associations) {
    const bool is_on_link =
        std::all_of(wanted.addresses.begin(), wanted.addresses.end(),
                    [&](const auto& hint) { return config_.subnet.contains(hint.address); });
    if (!is_on_link) {
      reply.associations.push_back(
          refused(wanted, StatusCode::kNotOnLink, "an address is not of this network"));
      continue;
    }
    reply.associations.push_back(offer(now, request, wanted));
    commit(now, request, reply.associations.back());
  }
  add_parameters(reply, request);
  send(now, request, reply);
}

// Sections 18.3.4 and 18.3.5.
void Dhcpv6Server::on_renew(Time now, const Request& request) {
  Dhcpv6Message reply = answer_to(request, Type::kReply);
  for (const Dhcpv6Association& held : request.message.associations) {
    Dhcpv6Association renewed = offer(now, request, held);
    commit(now, request, renewed);
    if (!renewed.addresses.empty()) {
      const IpAddress given = renewed.addresses.front().address;
      for (const Dhcpv6Address& old : held.addresses) {
        if (renewed.addresses.size() == Dhcpv6Message::kMaxAddresses) break;
        if (old.address != given) renewed.addresses.push_back({old.address, 0, 0});
      }
    }
    reply.associations.push_back(std::move(renewed));
  }
  add_parameters(reply, request);
  send(now, request, reply);
}

// Section 18.3.3: whether the client is still on the link that its addresses are of.
void Dhcpv6Server::on_confirm(Time now, const Request& request) {
  bool has_address = false;
  bool is_on_link = true;
  for (const Dhcpv6Association& association : request.message.associations) {
    for (const Dhcpv6Address& held : association.addresses) {
      has_address = true;
      is_on_link = is_on_link && config_.subnet.contains(held.address);
    }
  }
  if (!has_address) {
    ++counters_.malformed;
    return;
  }
  Dhcpv6Message reply = answer_to(request, Type::kReply);
  reply.status = is_on_link
                     ? Dhcpv6Status{StatusCode::kSuccess, "all addresses are of this network"}
                     : Dhcpv6Status{StatusCode::kNotOnLink, "an address is not of this network"};
  send(now, request, reply);
}

// Sections 18.3.7 and 18.3.8.
void Dhcpv6Server::on_release(Time now, const Request& request) {
  Dhcpv6Message reply = answer_to(request, Type::kReply);
  reply.status = {StatusCode::kSuccess, "done"};
  for (const Dhcpv6Association& held : request.message.associations) {
    bool has_ended = false;
    for (const Dhcpv6Address& lease : held.addresses) {
      has_ended = end_lease(now, request, held, lease.address) || has_ended;
    }
    if (!has_ended) {
      reply.associations.push_back(refused(held, StatusCode::kNoBinding, "there is no such lease"));
    }
  }
  send(now, request, reply);
}

Dhcpv6Association Dhcpv6Server::offer(Time now, const Request& request,
                                      const Dhcpv6Association& wanted) {
  if (wanted.kind == Kind::kTemporary) {
    return refused(wanted, StatusCode::kNoAddresses, "there are no temporary addresses");
  }
  if (wanted.kind == Kind::kPrefixes) {
    return refused(wanted, StatusCode::kNoPrefixes, "there are no prefixes");
  }
  const auto hint =
      std::find_if(wanted.addresses.begin(), wanted.addresses.end(),
                   [&](const auto& held) { return config_.subnet.contains(held.address); });
  std::optional<IpAddress> wanted_address;
  if (hint != wanted.addresses.end()) wanted_address = hint->address;
  const auto identifier = identifier_of(*request.message.client, wanted);
  const auto address = leases_.offer(now, {identifier, request.datagram.link_from}, wanted_address,
                                     now + kOfferTime);
  if (!address) {
    ++counters_.exhausted;
    return refused(wanted, StatusCode::kNoAddresses, "all addresses are in use");
  }
  // Section 21.4: after half and four fifths of the time for which the address is preferred.
  const std::chrono::seconds preferred = config_.preferred_time;
  Dhcpv6Association offered{
      .id = wanted.id, .renew = seconds_of(preferred / 2), .rebind = seconds_of(preferred * 4 / 5)};
  offered.addresses.push_back({*address, seconds_of(preferred), seconds_of(config_.valid_time)});
  return offered;
}

void Dhcpv6Server::commit(Time now, const Request& request, const Dhcpv6Association& offered) {
  if (offered.addresses.empty()) return;
  const auto identifier = identifier_of(*request.message.client, offered);
  leases_.lease(now, {identifier, request.datagram.link_from}, offered.addresses.front().address,
                now + config_.valid_time);
}

bool Dhcpv6Server::end_lease(Time now, const Request& request, const Dhcpv6Association& association,
                             const IpAddress& address) {
  if (association.kind != Kind::kAddresses) return false;
  const auto identifier = identifier_of(*request.message.client, association);
  const bool has_ended = request.message.type == Type::kDecline
                             ? leases_.set_aside(now, identifier, address, now + kDeclinedTime)
                             : leases_.release(now, identifier, address);
  if (has_ended) ++counters_.ended;
  return has_ended;
}

Dhcpv6Message Dhcpv6Server::answer_to(const Request& request, Dhcpv6Type type) const {
  Dhcpv6Message answer;
  answer.type = type;
  answer.transaction = request.message.transaction;
  answer.client = request.message.client;
  answer.server = duid_;
  return answer;
}

void Dhcpv6Server::add_parameters(Dhcpv6Message& answer, const Request& request) const {
  add_vendor_class(answer, request);
  const auto add = [&](Code code) { add_parameter(answer, code, request.message.type); };
  if (request.message.requested) {
    std::for_each(request.message.requested->begin(), request.message.requested->end(), add);
  } else {
    std::for_each(kUsualOptions.begin(), kUsualOptions.end(), add);
  }
}

// Adds what is known under `code`, if it is not there yet. `asked` is the message to be answered.
void Dhcpv6Server::add_parameter(Dhcpv6Message& answer, Dhcpv6Code code, Dhcpv6Type asked) const {
  if (answer.find(code)) return;
  switch (code) {
    case Code::kNameServers:
      if (config_.dns && !config_.restricted) answer.add(code, config_.dns->octets());
      break;
    case Code::kDomainSearch:
      if (!domain_search_.empty()) answer.add(code, domain_search_);
      break;
    case Code::kBootFileUrl:
      if (tells_boot_url_) answer.add(code, as_bytes(config_.boot_url));
      break;
    case Code::kInformationRefreshTime:
      // Section 21.23: of no other answer.
      if (asked == Type::kInformationRequest) {
        std::array<std::uint8_t, sizeof(std::uint32_t)> seconds{};
        store_big<std::uint32_t>(seconds, 0, seconds_of(config_.refresh_time));
        answer.add(code, seconds);
      }
      break;
    default:
      break;
  }
}

// UEFI 2.10, section 24.7.2.2: firmware that boots by HTTP takes only offers of this class.
void Dhcpv6Server::add_vendor_class(Dhcpv6Message& answer, const Request& request) const {
  if (!tells_boot_url_ || config_.boot_url.rfind("http://", 0) != 0) return;
  const auto classes = request.message.find(Code::kVendorClass);
  constexpr std::size_t kHead = kEnterpriseSize + sizeof(std::uint16_t);
  if (!classes || classes->size() < kHead ||
      as_text(classes->subspan(kHead)).substr(0, kHttpClient.size()) != kHttpClient) {
    return;
  }
  std::array<std::uint8_t, kHead + kHttpClient.size()> value{};
  copy_bytes(classes->first(kEnterpriseSize), value);
  store_big<std::uint16_t>(value, kEnterpriseSize, kHttpClient.size());
  copy_bytes(as_bytes(kHttpClient), MutableBytes(value).subspan(kHead));
  answer.add(Code::kVendorClass, value);
}

void Dhcpv6Server::send(Time now, const Request& request, const Dhcpv6Message& answer) {
  ++(answer.type == Type::kAdvertise ? counters_.advertises : counters_.replies);
  const Bytes payload = Bytes(buffer_).first(answer.emit(buffer_).size);
  // To whoever sent the message: a client that is renewing may be too busy to tell its link
  // address.
  output_.send(now, {config_.address, kDhcpv6ServerPort},
               {request.datagram.from.address, kDhcpv6ClientPort}, payload,
               request.datagram.link_from);
}

}  // namespace sluice
