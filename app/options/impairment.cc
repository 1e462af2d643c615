#include "app/options/impairment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "app/options/key_values.h"
#include "app/options/nearest.h"
#include "app/options/usage_error.h"

namespace sluice {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// A decimal number and one of the units, times the unit's factor; at most `max`.
template <std::size_t kCount>
double quantity(std::string_view value, const std::array<Unit, kCount>& units, double max,
                const char* expected) {
  double number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number, std::chars_format::fixed);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const auto found =
      std::ranges::find_if(units, [&](const Unit& each) { return each.name == unit; });
  if (error != std::errc{} || found == units.end() || !(number >= 0) ||
      number * found->factor > max) {
    throw UsageError(std::string("expected ") + expected);
  }
  return number * found->factor;
}

Duration parse_duration(std::string_view value) {
  constexpr std::array<Unit, 4> kUnits = {{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
  constexpr double kMax = 60e9;
  return std::chrono::nanoseconds(
      std::llround(quantity(value, kUnits, kMax, "a time up to 60s, for example 50ms")));
}

Impairment::Chance parse_chance(std::string_view value) {
  constexpr std::array<Unit, 1> kUnits = {{{"%", Impairment::kAlways / 100.0}}};
  return static_cast<Impairment::Chance>(std::llround(
      quantity(value, kUnits, Impairment::kAlways, "a part of all frames, for example 0.5%")));
}

std::uint64_t parse_rate(std::string_view value) {
  constexpr std::array<Unit, 4> kUnits = {{{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}}};
  const auto rate = static_cast<std::uint64_t>(std::llround(
      quantity(value, kUnits, 1e12, "bits per second from 1k to 1000G, for example 100M")));
  if (rate < 1000) throw UsageError("expected bits per second from 1k to 1000G, for example 100M");
  return rate;
}

std::size_t parse_bytes(std::string_view value) {
  constexpr std::array<Unit, 3> kUnits = {{{"", 1}, {"k", 1024}, {"M", 1024 * 1024}}};
  constexpr double kMax = 1U << 30;
  return static_cast<std::size_t>(
      std::llround(quantity(value, kUnits, kMax, "bytes up to 1024M, for example 64k")));
}

std::uint64_t parse_seed_number(std::string_view value) {
  std::uint64_t seed = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, seed);
  if (value.empty() || error != std::errc{} || stop != end) {
    throw UsageError("expected a decimal number");
  }
  return seed;
}

using Set = void (*)(Impairment&, std::string_view);
constexpr std::array<std::pair<std::string_view, Set>, 9> kKeys = {{
    {"rate", [](Impairment& i, std::string_view v) { i.rate = parse_rate(v); }},
    {"delay", [](Impairment& i, std::string_view v) { i.delay = parse_duration(v); }},
    {"jitter", [](Impairment& i, std::string_view v) { i.jitter = parse_duration(v); }},
    {"loss", [](Impairment& i, std::string_view v) { i.loss = parse_chance(v); }},
    {"duplicate", [](Impairment& i, std::string_view v) { i.duplicate = parse_chance(v); }},
    {"reorder", [](Impairment& i, std::string_view v) { i.reorder = parse_chance(v); }},
    {"corrupt", [](Impairment& i, std::string_view v) { i.corrupt = parse_chance(v); }},
    {"queue", [](Impairment& i, std::string_view v) { i.queue_bytes = parse_bytes(v); }},
    {"seed", [](Impairment& i, std::string_view v) { i.seed = parse_seed_number(v); }},
}};

}  // namespace

Impairment parse_impairment(std::string_view text) {
  Impairment impairment;
  std::set<std::string> seen;
  // Nothing may stand there without its key.
  for (const KeyValue& item : parse_key_values(text, "")) {
    const auto found =
        std::ranges::find_if(kKeys, [&](const auto& key) { return key.first == item.key; });
    if (found == kKeys.end()) {
      std::array<std::string_view, kKeys.size()> names;
      std::ranges::transform(kKeys, names.begin(), [](const auto& key) { return key.first; });
      const std::string& word = item.key.empty() ? item.value : item.key;
      throw UsageError("--impair: no key '" + word + "'" + suggestion(word, names));
    }
    try {
      found->second(impairment, item.value);
    } catch (const UsageError& error) {
      throw UsageError("--impair: " + item.key + "=" + item.value + ": " + error.what());
    }
    if (!seen.insert(item.key).second) {
      throw UsageError("--impair: " + item.key + " is given twice; expected it once");
    }
  }
  if (seen.empty()) {
    throw UsageError("--impair: nothing is said; expected KEY=VALUE,..., for example delay=50ms");
  }
  if (impairment.jitter > impairment.delay) {
    throw UsageError("--impair: jitter: expected at most the delay");
  }
  if (impairment.reorder != 0 && impairment.delay == Duration{0}) {
    throw UsageError("--impair: reorder: expected a delay, too, for frames to be overtaken in");
  }
  return impairment;
}

}  // namespace sluice
