// Spark Connect's DataType messages from and to the Arrow vocabulary of table/types.h. Pure
// functions; messages from outside are limited in depth and size.
#pragma once

#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "src/base/status.h"

namespace spark::connect {
class DataType;
}

namespace soteria::connect {

/// The JVM and Python class names of the ML types.
inline constexpr char kVectorClass[] = "org.apache.spark.ml.linalg.VectorUDT";
inline constexpr char kMatrixClass[] = "org.apache.spark.ml.linalg.MatrixUDT";

/// The type of a column, udt marks included. kUnsupported for types that Spark doesn't have.
base::Status FillDataType(const arrow::Field& field, spark::connect::DataType* out);
base::Status FillSchema(const arrow::Schema& schema, spark::connect::DataType* out);

/// A field called `name` of that type (udt marks included). Unparsed types are read as DDL.
base::StatusOr<std::shared_ptr<arrow::Field>> FieldOf(const std::string& name, bool nullable,
                                                      const spark::connect::DataType& type);
/// kIllegalArgument unless the type is a struct.
base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOf(const spark::connect::DataType& type);

/// As Scala prints a column's type: "ArrayType(StringType,true)".
std::string ScalaTypeText(const arrow::Field& field);
/// What printSchema prints; at most `level` levels deep when it is positive.
std::string TreeString(const arrow::Schema& schema, int level);

}  // namespace soteria::connect
