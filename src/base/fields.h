// Canonical length-prefixed fields. Every hash input, every key derivation and every canonical
// encoding is such a sequence: each field is a u64 little-endian length and that many bytes, so
// that two different sequences never have the same bytes. Numbers are fields of 8 bytes,
// little-endian; a double is its bits.
//
//   FieldWriter w; w.Add("soteria/1 session").AddU64(7); Sha256(w.bytes());
//   FieldReader r(bytes); SOTERIA_ASSIGN_OR_RETURN(auto name, r.Next()); ... return r.Finish();
//
// Invariant: a reader never looks past its input and never allocates; outside lengths are only
// compared. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::base {

class FieldWriter {
 public:
  FieldWriter& Add(std::string_view bytes);
  FieldWriter& AddU64(uint64_t value);
  FieldWriter& AddI64(int64_t value);
  FieldWriter& AddDouble(double value);
  /// 1 or 0 as a number.
  FieldWriter& AddBool(bool value);
  const std::string& bytes() const { return bytes_; }
  /// The bytes; the writer is empty afterwards.
  std::string Take();

 private:
  std::string bytes_;
};

/// Views point into the input, which must outlive them. Each failure is kProtocol.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}
  StatusOr<std::string_view> Next();
  StatusOr<uint64_t> NextU64();
  StatusOr<int64_t> NextI64();
  StatusOr<double> NextDouble();
  /// Refuses all numbers but 0 and 1.
  StatusOr<bool> NextBool();
  bool AtEnd() const { return rest_.empty(); }
  /// An error when bytes are left.
  Status Finish() const;

 private:
  std::string_view rest_;
};

}  // namespace soteria::base
