#include "src/ml/hashing_tf/transformer.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/hashing_tf/murmur3.h"
#include "src/ml/shared_params.h"
#include "src/ml/vector_map.h"

namespace soteria::ml {
namespace {

const ClassInfo& HashingTFInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.HashingTF",
                    ClassKind::kTransformer,
                    {BoolParam("binary", false), InputCol(),
                     IntParam("numFeatures", int64_t{1} << 18, Above(0)), OutputCol()}};
  return *info;
}

/// NaN has one form in Java's bits.
int64_t Bits(double value) {
  return std::bit_cast<int64_t>(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN()
                                                  : value);
}
int32_t Bits(float value) {
  return std::bit_cast<int32_t>(std::isnan(value) ? std::numeric_limits<float>::quiet_NaN()
                                                  : value);
}

/// The hash of each element; a null's is the seed. Errors: a type that MLlib doesn't hash.
base::StatusOr<std::vector<int32_t>> Hashes(const arrow::Array& terms) {
  std::vector<int32_t> hashes(static_cast<size_t>(terms.length()), kTermSeed);
  const auto each = [&](auto hash) {
    for (int64_t i = 0; i < terms.length(); ++i) {
      if (!terms.IsNull(i)) hashes[static_cast<size_t>(i)] = hash(i);
    }
    return hashes;
  };
  switch (terms.type_id()) {
    case arrow::Type::STRING:
      return each([&](int64_t i) {
        return Murmur3Bytes(static_cast<const arrow::StringArray&>(terms).GetView(i));
      });
    case arrow::Type::BOOL:
      return each([&](int64_t i) {
        return Murmur3Int(static_cast<const arrow::BooleanArray&>(terms).Value(i) ? 1 : 0);
      });
    case arrow::Type::INT8:
      return each([&](int64_t i) {
        return Murmur3Int(static_cast<const arrow::Int8Array&>(terms).Value(i));
      });
    case arrow::Type::INT16:
      return each([&](int64_t i) {
        return Murmur3Int(static_cast<const arrow::Int16Array&>(terms).Value(i));
      });
    case arrow::Type::INT32:
      return each([&](int64_t i) {
        return Murmur3Int(static_cast<const arrow::Int32Array&>(terms).Value(i));
      });
    case arrow::Type::INT64:
      return each([&](int64_t i) {
        return Murmur3Long(static_cast<const arrow::Int64Array&>(terms).Value(i));
      });
    case arrow::Type::FLOAT:
      return each([&](int64_t i) {
        return Murmur3Int(Bits(static_cast<const arrow::FloatArray&>(terms).Value(i)));
      });
    case arrow::Type::DOUBLE:
      return each([&](int64_t i) {
        return Murmur3Long(Bits(static_cast<const arrow::DoubleArray&>(terms).Value(i)));
      });
    default:
      return base::NotSupported(
          base::Cat("HashingTF of arrays of ", table::TypeName(*terms.type())));
  }
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Schema>> HashingTF::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckDefined(params_, "inputCol"));
  SOTERIA_ASSIGN_OR_RETURN(const auto field, ResolveField(input, params_.String("inputCol")));
  if (field->type()->id() != arrow::Type::LIST || table::IsVector(*field)) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: The input column must be array, but got ",
                                table::TypeName(*field), "."));
  }
  const std::string& output = params_.String("outputCol");
  SOTERIA_RETURN_IF_ERROR(CheckNoColumn(input, output));
  return arrow::schema(
      WithColumn(input.fields(),
                 MadeVectorField(output, VectorAttributes(params_.Int("numFeatures")))),
      input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> HashingTF::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const auto column, ReadColumn(*input, params_.String("inputCol")));
  const auto places = static_cast<int32_t>(params_.Int("numFeatures"));
  const bool binary = params_.Bool("binary");
  table::VectorBuilder builder;
  std::map<int32_t, double> counts;
  for (const auto& chunk : column->chunks()) {
    const auto& lists = static_cast<const arrow::ListArray&>(*chunk);
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<int32_t> hashes, Hashes(*lists.values()));
    for (int64_t i = 0; i < lists.length(); ++i) {
      if (lists.IsNull(i)) {
        return UdfFailure(
            "Cannot invoke \"scala.collection.immutable.Seq.foreach(scala.Function1)\" because"
            " \"terms\" is null");
      }
      counts.clear();
      for (int32_t k = lists.value_offset(i); k < lists.value_offset(i + 1); ++k) {
        double& count = counts[PlaceOf(hashes[static_cast<size_t>(k)], places)];
        count = binary ? 1.0 : count + 1.0;
      }
      table::VectorValue row = table::SparseVector(places, {}, {});
      for (const auto& [place, count] : counts) {
        row.indices.push_back(place);
        row.values.push_back(count);
      }
      SOTERIA_RETURN_IF_ERROR(builder.Append(row));
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(auto array, builder.Finish());
  return WithColumn(input, schema->GetFieldByName(params_.String("outputCol")),
                    std::make_shared<arrow::ChunkedArray>(std::move(array)));
}

Algorithm HashingTFAlgorithm() {
  Algorithm algorithm;
  algorithm.classes = {TransformerEntry<HashingTF>(HashingTFInfo())};
  return algorithm;
}

}  // namespace soteria::ml
