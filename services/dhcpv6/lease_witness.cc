#include "services/dhcpv6/lease_witness.h"

#include <algorithm>

namespace sluice {

void Dhcpv6LeaseWitness::on_message(Time now, Bytes payload) {
  answer_.reset();
  message_ = Dhcpv6Message::parse(payload);
  if (!message_ || !message_->client) return;
  if (message_->type != Dhcpv6Type::kRelease && message_->type != Dhcpv6Type::kDecline) return;
  for (const Dhcpv6Association& association : message_->associations) {
    if (association.kind != Dhcpv6Association::Kind::kAddresses) continue;
    for (const Dhcpv6Address& lease : association.addresses) {
      give_up(now, holder_of(association), lease.address);
    }
  }
}

void Dhcpv6LeaseWitness::send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
                              std::optional<MacAddress> link_to) {
  const auto answer = Dhcpv6Message::parse(payload);
  if (!answer || !message_) return complain("an answer that is no message, or to nothing");
  if (answer_) complain("two answers to one message");
  answer_ = Answer{to, link_to, {payload.begin(), payload.end()}, *answer};
  if (payload.size() > limit_) complain("an answer that is too large");
  if (from != Endpoint{server_, kDhcpv6ServerPort}) complain("an answer from elsewhere");
  if (to.port != kDhcpv6ClientPort) complain("an answer to another port");
  check(now, *answer);
}

std::size_t Dhcpv6LeaseWitness::promised(Time now) const {
  return static_cast<std::size_t>(
      std::count_if(promises_.begin(), promises_.end(),
                    [&](const auto& entry) { return entry.second.until > now; }));
}

Dhcpv6LeaseWitness::Holder Dhcpv6LeaseWitness::holder_of(
    const Dhcpv6Association& association) const {
  const Bytes duid = message_->client->bytes();
  return {association.id, {duid.begin(), duid.end()}};
}

void Dhcpv6LeaseWitness::complain(const std::string& text) {
  if (complaint_.empty()) complaint_ = text;
}

void Dhcpv6LeaseWitness::check(Time now, const Dhcpv6Message& answer) {
  if (answer.transaction != message_->transaction || answer.client != message_->client) {
    complain("an answer to somebody else");
  }
  if (!answer.server) complain("an answer from nobody");
  const bool is_offer = answer.type == Dhcpv6Type::kAdvertise;
  if (is_offer ? message_->type != Dhcpv6Type::kSolicit : answer.type != Dhcpv6Type::kReply) {
    complain("an answer of the wrong type");
  }
  if (answer.type == Dhcpv6Type::kReply && message_->type == Dhcpv6Type::kSolicit &&
      !(answer.rapid_commit && message_->rapid_commit)) {
    complain("a lease that was not asked for");
  }
  if (!message_->client) {
    if (!answer.associations.empty()) complain("addresses for nobody");
    return;
  }
  for (const Dhcpv6Association& association : answer.associations) {
    for (const Dhcpv6Address& lease : association.addresses) {
      if (lease.preferred > lease.valid) complain("preferred for longer than valid");
      if (lease.valid == 0) {
        give_up(now, holder_of(association), lease.address);
      } else if (!is_offer) {
        promise(now, association, lease);
      } else {
        const auto held = promises_.find(lease.address);
        if (held != promises_.end() && held->second.until > now &&
            held->second.holder != holder_of(association)) {
          complain("an offer of what another client has");
        }
      }
    }
    if (association.renew > association.rebind) complain("T1 behind T2");
  }
}

void Dhcpv6LeaseWitness::promise(Time now, const Dhcpv6Association& association,
                                 const Dhcpv6Address& lease) {
  const Holder holder = holder_of(association);
  for (const auto& [other, held] : promises_) {
    if (held.until <= now) continue;
    if (other == lease.address && held.holder != holder) complain("one address for two clients");
    if (other != lease.address && held.holder == holder) {
      complain("two addresses for one association");
    }
  }
  promises_[lease.address] = {holder, now + std::chrono::seconds(lease.valid)};
}

void Dhcpv6LeaseWitness::give_up(Time now, const Holder& holder, const IpAddress& address) {
  const auto promise = promises_.find(address);
  if (promise != promises_.end() && promise->second.holder == holder &&
      promise->second.until > now) {
    promise->second.until = now;
  }
}

}  // namespace sluice
