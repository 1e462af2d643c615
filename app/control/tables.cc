#include "app/control/tables.h"

#include <algorithm>
#include <vector>

namespace sluice {
namespace {

using Row = std::vector<std::string>;

// A text as it is, anything else as JSON has it; "-" if there is none.
std::string cell(const OrderedJson& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end()) return "-";
  if (found->is_string()) return found->get<std::string>();
  return found->dump();
}

const OrderedJson& member(const OrderedJson& object, const char* key) {
  static const OrderedJson none = OrderedJson::object();
  const bool has = object.is_object() && object.contains(key);
  return has ? object.at(key) : none;
}

// Two blanks between the columns, the last of which may be as long as it is.
std::string lines_of(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string netdev_table(const OrderedJson& netdevs) {
  std::vector<Row> rows{{"ID", "TYPE", "LINK", "HUB", "SENT", "RECEIVED", "DROPPED", "INFO"}};
  for (const OrderedJson& netdev : netdevs) {
    const OrderedJson& counters = member(netdev, "counters");
    std::string link = "-";
    if (netdev.is_object() && netdev.contains("up")) {
      link = netdev.at("up") == true ? "up" : "down";
      if (netdev.value("closed", false)) link = "closed";
    }
    rows.push_back({cell(netdev, "id"), cell(netdev, "type"), link, cell(netdev, "hub"),
                    cell(counters, "bytes-sent"), cell(counters, "bytes-received"),
                    cell(counters, "dropped"), cell(netdev, "info")});
  }
  return lines_of(rows);
}

std::string user_network_table(const OrderedJson& network) {
  std::vector<Row> rows{
      {"PROTOCOL", "STATE", "GUEST", "", "DESTINATION", "TO HOST", "TO GUEST", "AGE", "IDLE"}};
  const OrderedJson& flows = member(network, "flows");
  for (const OrderedJson& flow : flows) {
    const bool incoming = member(flow, "incoming") == true;
    const char* const other =
        flow.is_object() && flow.contains("destination") ? "destination" : "remote";
    rows.push_back({cell(flow, "protocol"), cell(flow, "state"), cell(flow, "guest"),
                    incoming ? "<-" : "->", cell(flow, other), cell(flow, "bytes-to-host"),
                    cell(flow, "bytes-to-guest"), cell(flow, "age"), cell(flow, "idle")});
  }
  std::string text = lines_of(rows);
  const OrderedJson& count = member(network, "flow-count");
  if (count.is_number() && count != flows.size()) {
    text += "and others, " + count.dump() + " in all\n";
  }
  rows.clear();
  for (const OrderedJson& rule : member(network, "hostfwd")) {
    if (rule.is_string()) rows.push_back({"hostfwd", rule.get<std::string>()});
  }
  for (const OrderedJson& guest : member(network, "guests")) {
    rows.push_back({"guest", cell(guest, "address") + "  " + cell(guest, "mac")});
  }
  for (const auto& [reason, packets] : member(network, "drops").items()) {
    if (packets != 0) rows.push_back({"dropped", reason + " " + packets.dump()});
  }
  return rows.empty() ? text : text + "\n" + lines_of(rows);
}

std::string command_list(const OrderedJson& commands) {
  std::string text;
  for (const OrderedJson& command : commands) text += cell(command, "name") + "\n";
  return text;
}

std::string version_line(const OrderedJson& version) {
  const OrderedJson& numbers = member(version, "sluice");
  return cell(numbers, "major") + "." + cell(numbers, "minor") + "." + cell(numbers, "micro") +
         "\n";
}

}  // namespace

std::string table_of(std::string_view command, const OrderedJson& value) {
  if (command == "query-netdev") return netdev_table(value);
  if (command == "query-usernet") return user_network_table(value);
  if (command == "query-commands") return command_list(value);
  if (command == "query-version") return version_line(value);
  if (command == "hostfwd_add") return cell(value, "hostfwd") + "\n";
  return value.empty() ? "" : value.dump(2) + "\n";
}

}  // namespace sluice
