// HyperLogLog++ with 2^9 registers: how many distinct values there are, from their hashes, within
// about 5 %. Estimates are those of Spark's approx_count_distinct, bit for bit. The tables of bias
// are those of the algorithm's authors (Heule, Nunkesser, Hall 2013, appendix). Pure functions.
// Internal to exec.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace soteria::exec {

inline constexpr int kDistinctBits = 9;
using DistinctRegisters = std::array<uint8_t, size_t{1} << kDistinctBits>;
/// Of a hash of 64 bits.
inline constexpr uint8_t kRegisterMax = 64 - kDistinctBits + 1;

void AddHash(int64_t hash, DistinctRegisters* registers);
int64_t EstimateDistinct(const DistinctRegisters& registers);

}  // namespace soteria::exec
