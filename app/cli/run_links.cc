#include "app/cli/run_links.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "app/options/device.h"
#include "app/options/key_values.h"
#include "app/options/netdev.h"
#include "app/options/object.h"
#include "app/options/usage_error.h"

namespace sluice {
namespace {

using Ids = std::set<std::string>;

// The link of a card: what belongs to the card itself is another process's.
std::string netdev_of_nic(const std::string& text) {
  constexpr std::array<std::string_view, 4> kOfTheCard = {"model", "mac", "addr", "vectors"};
  std::vector<KeyValue> items = parse_key_values(text, "type");
  std::erase_if(items, [&](const KeyValue& item) {
    return std::ranges::find(kOfTheCard, item.key) != kOfTheCard.end();
  });
  return emit_key_values(items);
}

void check_objects(const RunInvocation& run, const Ids& ids) {
  for (const LinkObject& object : run.objects) {
    if (!ids.contains(object.netdev)) {
      throw UsageError("--object: there is no netdev '" + object.netdev + "'");
    }
  }
}

// Adds what one --netdev says. Throws UsageError.
void add_netdev(RunInvocation& run, Netdev netdev, Ids& ids) {
  if (!netdev.id.empty() && !ids.insert(netdev.id).second) {
    throw UsageError("run: there are two links with the id '" + netdev.id + "'");
  }
  auto* const user = std::get_if<UserNetworkOptions>(&netdev.kind);
  if (user == nullptr) {
    run.netdevs.push_back(std::move(netdev));
    return;
  }
  if (run.has_user_network) {
    throw UsageError("--netdev user is given twice; expected one user network for all");
  }
  run.has_user_network = true;
  run.user_network_text = std::move(netdev.text);
  run.common.network = std::move(*user);
}

// The addresses that QEMU gives its cards: the first is this, and each next one is one more.
MacAddress mac_of_card(std::uint8_t number) {
  return MacAddress({0x52, 0x54, 0x00, 0x12, 0x34, static_cast<std::uint8_t>(0x56 + number)});
}

constexpr std::size_t kMaxCards = 64;

// Gives each card that was given no address the next one that no other has. Throws UsageError if
// two were given the same.
void choose_addresses(std::vector<CardOptions>& cards) {
  std::vector<MacAddress> taken;
  for (const CardOptions& card : cards) {
    if (!card.mac) continue;
    if (std::ranges::find(taken, *card.mac) != taken.end()) {
      throw UsageError("--device: two cards have the address " + card.mac->to_string() +
                       "; expected one of its own for each");
    }
    taken.push_back(*card.mac);
  }
  static_assert(0x56 + 2 * kMaxCards <= 0x100);  // so the numbers last
  std::uint8_t number = 0;
  for (CardOptions& card : cards) {
    if (card.mac) continue;
    while (std::ranges::find(taken, mac_of_card(number)) != taken.end()) ++number;
    card.mac = mac_of_card(number++);
  }
}

// Adds the cards that --device names. Throws UsageError.
void add_cards(RunInvocation& run, const std::vector<std::string>& texts, Ids& ids) {
  if (texts.size() > kMaxCards) {
    throw UsageError("--device: there are more than " + std::to_string(kMaxCards) + " cards");
  }
  std::vector<CardOptions> cards;
  cards.reserve(texts.size());
  for (const std::string& text : texts) cards.push_back(parse_device(text));
  for (const CardOptions& card : cards) {
    if (!ids.contains(card.netdev)) {
      throw UsageError("--device: there is no netdev '" + card.netdev + "'");
    }
  }
  choose_addresses(cards);
  for (std::size_t i = 0; i < cards.size(); ++i) {
    std::string id = cards[i].id;
    add_netdev(run, {.id = std::move(id), .kind = std::move(cards[i]), .text = texts[i]}, ids);
  }
}

// Each hub port names a link that there is, or waits for a card, and no link is in two places.
void check_hub_ports(const RunInvocation& run, const Ids& ids) {
  std::set<std::string> ports;
  std::set<std::string> joined;
  for (const Netdev& netdev : run.netdevs) {
    if (std::holds_alternative<HubPort>(netdev.kind)) ports.insert(netdev.id);
  }
  for (const Netdev& netdev : run.netdevs) {
    const auto* const card = std::get_if<CardOptions>(&netdev.kind);
    if (card != nullptr && !netdev.id.empty() && ports.contains(card->netdev)) {
      joined.insert(netdev.id);
    }
  }
  for (const Netdev& netdev : run.netdevs) {
    const auto* const port = std::get_if<HubPort>(&netdev.kind);
    if (port == nullptr || port->netdev.empty()) continue;
    if (!ids.contains(port->netdev)) {
      throw UsageError("--netdev hubport: there is no netdev '" + port->netdev + "'");
    }
    if (ports.contains(port->netdev)) {
      throw UsageError("--netdev hubport: '" + port->netdev + "' is a hub port itself");
    }
    if (!joined.insert(port->netdev).second) {
      throw UsageError("--netdev hubport: '" + port->netdev + "' joins two hubs; expected one");
    }
  }
}

}  // namespace

void add_links(RunInvocation& run, const LinkWords& words) {
  Ids ids;
  for (const std::string& text : words.netdevs) add_netdev(run, parse_netdev(text), ids);
  for (const std::string& text : words.nics) {
    if (text != "none") add_netdev(run, parse_netdev(netdev_of_nic(text)), ids);
  }
  add_cards(run, words.devices, ids);
  for (const std::string& text : words.objects) run.objects.push_back(parse_object(text));
  check_hub_ports(run, ids);
  check_objects(run, ids);
}

}  // namespace sluice
