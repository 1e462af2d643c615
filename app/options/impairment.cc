#include "app/options/impairment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <string>

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

constexpr auto kRows = std::to_array<KeyRow<Impairment>>({
    {{"rate", "BITS", "Bits per second; k, M or G may follow. Default: no limit."},
     [](Impairment& i, std::string_view v) { i.rate = parse_rate(v); }},
    {{"delay", "TIME", "How long a frame takes: ns, us, ms or s. Default: 0s."},
     [](Impairment& i, std::string_view v) { i.delay = parse_duration(v); }},
    {{"jitter", "TIME", "How much longer or shorter, by chance; at most the delay. Default: 0s."},
     [](Impairment& i, std::string_view v) { i.jitter = parse_duration(v); }},
    {{"loss", "PART%", "How many of all frames are lost. Default: 0%."},
     [](Impairment& i, std::string_view v) { i.loss = parse_chance(v); }},
    {{"duplicate", "PART%", "How many come twice. Default: 0%."},
     [](Impairment& i, std::string_view v) { i.duplicate = parse_chance(v); }},
    {{"reorder", "PART%", "How many overtake those that wait for the delay. Default: 0%."},
     [](Impairment& i, std::string_view v) { i.reorder = parse_chance(v); }},
    {{"corrupt", "PART%", "How many have a bit flipped. Default: 0%."},
     [](Impairment& i, std::string_view v) { i.corrupt = parse_chance(v); }},
    {{"queue", "BYTES", "What is under way at most; k or M may follow. Default: 16M."},
     [](Impairment& i, std::string_view v) { i.queue_bytes = parse_bytes(v); }},
    {{"seed", "NUMBER", "What chance derives from. Default: 0."},
     [](Impairment& i, std::string_view v) { i.seed = parse_seed_number(v); }},
});

}  // namespace

Impairment parse_impairment(std::string_view text) {
  // Nothing may stand there without its key.
  return parse_impairment("--impair", parse_key_values(text, ""));
}

Impairment parse_impairment(std::string_view option, const std::vector<KeyValue>& items) {
  const KeyTable<Impairment> table(option, kRows);
  const auto fail = [&](const std::string& what) {
    throw UsageError(std::string(option) + ": " + what);
  };
  Impairment impairment;
  std::set<std::string> seen;
  for (const KeyValue& item : items) {
    table.apply(impairment, item);
    if (!seen.insert(item.key).second) fail(item.key + " is given twice; expected it once");
  }
  if (seen.empty()) {
    fail("nothing is said; expected KEY=VALUE,..., for example delay=50ms");
  }
  if (impairment.jitter > impairment.delay) fail("jitter: expected at most the delay");
  if (impairment.reorder != 0 && impairment.delay == Duration{0}) {
    fail("reorder: expected a delay, too, for frames to be overtaken in");
  }
  return impairment;
}

std::vector<OptionHelp> impairment_help() {
  return KeyTable<Impairment>("--impair", kRows).help();
}

}  // namespace sluice
