#include "nat/host/command_line.h"

#include <utility>

namespace sluice {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";
constexpr std::string_view kEscapedInDoubleQuotes = "\"\\$`";

// What is left of the line.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.front(); }
  char take() {
    const char first = rest_.front();
    rest_.remove_prefix(1);
    return first;
  }

 private:
  std::string_view rest_;
};

// Behind a single quote: appends up to the next one. False if there is none.
bool take_single_quoted(Cursor& line, std::string& word) {
  while (!line.at_end()) {
    const char c = line.take();
    if (c == '\'') return true;
    word += c;
  }
  return false;
}

bool take_double_quoted(Cursor& line, std::string& word) {
  while (!line.at_end()) {
    const char c = line.take();
    if (c == '"') return true;
    const bool escapes = c == '\\' && !line.at_end() &&
                         kEscapedInDoubleQuotes.find(line.peek()) != std::string_view::npos;
    word += escapes ? line.take() : c;
  }
  return false;
}

// Appends what `c` begins. False if it does not end.
bool take_part(char c, Cursor& line, std::string& word) {
  switch (c) {
    case '\'':
      return take_single_quoted(line, word);
    case '"':
      return take_double_quoted(line, word);
    case '\\':
      if (line.at_end()) return false;
      word += line.take();
      return true;
    default:
      word += c;
      return true;
  }
}

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  std::optional<std::string> word;  // an empty word can be quoted
  Cursor cursor(line);
  while (!cursor.at_end()) {
    const char c = cursor.take();
    if (kBlanks.find(c) != std::string_view::npos) {
      if (word) words.push_back(std::move(*word));
      word.reset();
      continue;
    }
    if (!word) word.emplace();
    if (!take_part(c, cursor, *word)) return std::nullopt;
  }
  if (word) words.push_back(std::move(*word));
  return words;
}

bool names_command(std::string_view line) {
  const auto words = split_words(line);
  return words && !words->empty();
}

}  // namespace sluice
