// How far apart two words are, for "did you mean". Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace soteria::base {

/// Levenshtein's distance in bytes. Takes time in the product of the lengths.
size_t EditDistance(std::string_view a, std::string_view b);

/// The candidate that `word` is a slip of, upper and lower case aside: at most a third of its bytes
/// differ, or two of more than three. Empty if none.
std::string Nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace soteria::base
