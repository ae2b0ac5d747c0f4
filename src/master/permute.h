// Rows in an order that says nothing of where they were: a permutation that only somebody with the
// seed can undo, and that is the same for the same seed. Pure function; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "src/crypto/secret.h"

namespace soteria::master {

/// `rows` is a sequence of rows of `row_bytes` each. Fisher and Yates, with numbers from
/// HMAC-SHA-256(seed, counter), rejected where they would favour some place.
std::string Permuted(std::string rows, size_t row_bytes, const crypto::Secret& seed);

}  // namespace soteria::master
