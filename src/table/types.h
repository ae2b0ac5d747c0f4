// The type vocabulary: which Arrow types stand for which Spark types, and the two text forms of a
// schema (Spark's JSON and DDL). An Arrow schema is the schema everywhere.
//
// A column of ML vectors or matrices (VectorUDT, MatrixUDT) is marked by field metadata
// {"soteria.udt": "vector" | "matrix"}. A vector column has two physical forms, and both are legal
// wherever a vector column is:
//   struct form  struct<type:int8, size:int32, indices:list<int32>, values:list<double>>, Spark's
//   own dense form   fixed_size_list<double>[n], every row dense and of size n; null rows allowed
// Spark's own field metadata (a JSON object, e.g. ml_attr) is kept verbatim under
// "soteria.metadata". Everything here is a pure function; any thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace soteria::table {

inline constexpr char kUdtKey[] = "soteria.udt";
inline constexpr char kVectorUdt[] = "vector";
inline constexpr char kMatrixUdt[] = "matrix";
inline constexpr char kMetadataKey[] = "soteria.metadata";
inline constexpr char kOfDataKey[] = "soteria.of_data";

/// Limits on schemas from outside.
inline constexpr int kTypeDepthMax = 32;
inline constexpr int kFieldsMax = 100'000;
inline constexpr size_t kSchemaTextBytesMax = size_t{64} << 20;
inline constexpr size_t kMetadataBytesMax = size_t{16} << 20;  // of one column, from a script

/// A vector column: the dense form of `dense_size` when given, else the struct form.
std::shared_ptr<arrow::Field> VectorField(const std::string& name, bool nullable,
                                          std::optional<int32_t> dense_size);
std::shared_ptr<arrow::Field> MatrixField(const std::string& name, bool nullable);

/// The storage struct types of Spark's VectorUDT and MatrixUDT.
const std::shared_ptr<arrow::DataType>& VectorStructType();
const std::shared_ptr<arrow::DataType>& MatrixStructType();

bool IsVector(const arrow::Field& field);
bool IsMatrix(const arrow::Field& field);
/// "vector", "matrix" or "".
std::string UdtOf(const arrow::Field& field);
/// The same field with the mark set, or removed when `udt` is "".
std::shared_ptr<arrow::Field> WithUdt(const std::shared_ptr<arrow::Field>& field,
                                      const std::string& udt);
/// Spark's metadata object of the field as JSON text; "{}" when there is none.
std::string SparkMetadata(const arrow::Field& field);
/// Whether the text is a JSON object within the limits: of whatever comes from a script. Errors:
/// kIllegalArgument.
base::Status CheckMetadata(std::string_view text);
/// Metadata that the script wrote: a mark of data's goes.
std::shared_ptr<arrow::Field> WithSparkMetadata(const std::shared_ptr<arrow::Field>& field,
                                                const std::string& json);

/// Whether data made the field's own metadata (labels, sizes), so that they may not be shown as
/// what a schema says anyway.
bool MetadataAreData(const arrow::Field& field);
/// The field, its metadata and those of its children marked as made of data where there are any.
std::shared_ptr<arrow::Field> MarkedMetadata(const std::shared_ptr<arrow::Field>& field);
/// All fields marked so.
std::shared_ptr<arrow::Schema> MarkedMetadata(const arrow::Schema& schema);
/// Whether MarkedMetadataText has a line, told at the first.
bool HasMarkedMetadata(const arrow::Schema& schema);
/// A line `name: metadata` for each marked field or child of one; empty where there is none.
std::string MarkedMetadataText(const arrow::Schema& schema);
/// The schema without metadata that are marked.
std::shared_ptr<arrow::Schema> WithoutMarkedMetadata(const arrow::Schema& schema);
/// The schema with no mark: what is marked counts as the script's.
std::shared_ptr<arrow::Schema> UnmarkedMetadata(const arrow::Schema& schema);

/// The list type with Spark's child name "element".
std::shared_ptr<arrow::DataType> ListOf(std::shared_ptr<arrow::DataType> element,
                                        bool contains_null = true);

/// Spark's simple name of a column's type: "int", "array<double>", "vector" for a VectorUDT ...
std::string TypeName(const arrow::Field& field);
std::string TypeName(const arrow::DataType& type);
/// The name as Spark's SQL has it: "INT", "ARRAY<DOUBLE>"; a UDT as its storage type.
std::string SqlTypeName(const arrow::Field& field);
std::string SqlTypeName(const arrow::DataType& type);
/// As Spark's error texts quote it: "INT" in quotes, UDT("STRUCT<...>").
std::string QuotedTypeName(const arrow::Field& field);

/// Spark's schema JSON, e.g. {"type":"struct","fields":[...]}, with udt entries. kUnsupported for
/// an Arrow type that has no Spark type here.
base::StatusOr<std::string> SparkSchemaJson(const arrow::Schema& schema);
base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaFromSparkJson(std::string_view json);

/// Spark's DDL: "array<double>", "struct<a:int,b:string>"; "a int, b string NOT NULL".
base::StatusOr<std::shared_ptr<arrow::DataType>> TypeFromDdl(std::string_view ddl);
base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaFromDdl(std::string_view ddl);

/// Dense vector columns to the struct form, for what leaves to Spark clients and files.
base::StatusOr<std::shared_ptr<arrow::Table>> ToSparkForm(std::shared_ptr<arrow::Table> table);

/// Brings a table from outside (a file, a client) to the types of this vocabulary: large and
/// dictionary forms to plain ones, list children to "element", unsigned and half types to the next
/// Spark type, time stamps to microseconds. `marks`, when given, is the schema whose udt marks and
/// Spark metadata are laid over the columns by position; its types must agree with the data.
base::StatusOr<std::shared_ptr<arrow::Table>> Normalise(std::shared_ptr<arrow::Table> table,
                                                        const arrow::Schema* marks = nullptr);

}  // namespace soteria::table
