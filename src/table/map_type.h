// Maps among the types of types.h: Arrow's maps of keys, which are never null, and values, in the
// order of their entries. A key may occur twice where data from outside have it twice, as in Spark;
// whatever makes a map here refuses that. Pure functions; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

namespace soteria::table {

/// The map type with Spark's child names "key" and "value".
std::shared_ptr<arrow::DataType> MapOf(const std::shared_ptr<arrow::Field>& key,
                                       const std::shared_ptr<arrow::Field>& value);
std::shared_ptr<arrow::DataType> MapOf(std::shared_ptr<arrow::DataType> key,
                                       std::shared_ptr<arrow::DataType> value,
                                       bool contains_null = true);
/// Whether it is a map, or one is anywhere within: such values have no order and no hash.
bool ContainsMap(const arrow::DataType& type);

}  // namespace soteria::table
