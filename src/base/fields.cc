#include "src/base/fields.h"

#include <bit>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/errors.h"

namespace soteria::base {
namespace {
constexpr size_t kNumberBytes = 8;
}  // namespace

FieldWriter& FieldWriter::Add(std::string_view bytes) {
  char length[kNumberBytes];
  PutLe64(bytes.size(), length);
  bytes_.append(length, kNumberBytes);
  bytes_.append(bytes);
  return *this;
}

FieldWriter& FieldWriter::AddU64(uint64_t value) {
  char field[2 * kNumberBytes];
  PutLe64(kNumberBytes, field);
  PutLe64(value, field + kNumberBytes);
  bytes_.append(field, sizeof(field));
  return *this;
}

FieldWriter& FieldWriter::AddI64(int64_t value) { return AddU64(static_cast<uint64_t>(value)); }

FieldWriter& FieldWriter::AddDouble(double value) { return AddU64(std::bit_cast<uint64_t>(value)); }

FieldWriter& FieldWriter::AddBool(bool value) { return AddU64(value ? 1 : 0); }

std::string FieldWriter::Take() { return std::exchange(bytes_, {}); }

StatusOr<std::string_view> FieldReader::Next() {
  if (rest_.size() < kNumberBytes) return Fail(kProtocol, "fields: cut off before a length");
  const uint64_t length = GetLe64(rest_.data());
  if (length > rest_.size() - kNumberBytes) return Fail(kProtocol, "fields: a field is cut off");
  const std::string_view field = rest_.substr(kNumberBytes, length);
  rest_.remove_prefix(kNumberBytes + length);
  return field;
}

StatusOr<uint64_t> FieldReader::NextU64() {
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view field, Next());
  if (field.size() != kNumberBytes) return Fail(kProtocol, "fields: a number must have 8 bytes");
  return GetLe64(field.data());
}

StatusOr<int64_t> FieldReader::NextI64() {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t value, NextU64());
  return static_cast<int64_t>(value);
}

StatusOr<double> FieldReader::NextDouble() {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t value, NextU64());
  return std::bit_cast<double>(value);
}

StatusOr<bool> FieldReader::NextBool() {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t value, NextU64());
  if (value > 1) return Fail(kProtocol, "fields: a truth value must be 0 or 1");
  return value == 1;
}

Status FieldReader::Finish() const {
  if (!rest_.empty()) return Fail(kProtocol, "fields: bytes after the last field");
  return OkStatus();
}

}  // namespace soteria::base
