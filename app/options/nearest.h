// The known word that somebody probably meant.
//
// The distance is the number of letters inserted, left out, replaced or swapped with their
// neighbour (Damerau and Levenshtein, in the restricted form). A suggestion is worth making when
// less than about a third of the word is wrong; beyond that it confuses more than it helps.

#ifndef SLUICE_APP_OPTIONS_NEAREST_H_
#define SLUICE_APP_OPTIONS_NEAREST_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, the first of equals; nullopt when none is near. Words longer
// than any candidate could be near to are never compared letter by letter.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// "; did you mean 'x'?" or, when none is near, "; expected one of a, b, c".
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_NEAREST_H_
