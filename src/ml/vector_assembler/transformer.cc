#include "src/ml/vector_assembler/transformer.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/attributes.h"
#include "src/ml/columns.h"
#include "src/ml/vector_assembler/assemble.h"
#include "src/table/arrow_status.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

const ClassInfo& VectorAssemblerInfo() {
  static const ClassInfo* const info =
      new ClassInfo{"org.apache.spark.ml.feature.VectorAssembler",
                    ClassKind::kTransformer,
                    {{"handleInvalid", ParamType::kString, std::string("error"),
                      OneOf({"skip", "error", "keep"})},
                     {"inputCols", ParamType::kStringArray, std::nullopt, {}},
                     {"outputCol", ParamType::kString, std::string(1, kUidMark) + "__output", {}}}};
  return *info;
}

HandleInvalid InvalidOf(const Params& params) {
  const std::string& text = params.String("handleInvalid");
  if (text == "skip") return HandleInvalid::kSkip;
  return text == "keep" ? HandleInvalid::kKeep : HandleInvalid::kError;
}

base::StatusOr<std::vector<AssembleColumn>> ReadColumns(const arrow::Table& table,
                                                        const std::vector<std::string>& names) {
  std::vector<AssembleColumn> columns;
  for (const std::string& name : names) {
    SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                             ResolveField(*table.schema(), name));
    if (!table::IsVector(*field)) {
      SOTERIA_ASSIGN_OR_RETURN(Numbers numbers, ReadNumbers(table, name));
      columns.push_back({name, std::move(numbers)});
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto chunks, ReadColumn(table, name));
    std::shared_ptr<arrow::Array> array;
    if (chunks->num_chunks() == 1) {
      array = chunks->chunk(0);
    } else {
      SOTERIA_ARROW_ASSIGN(array, chunks->num_chunks() == 0 ? arrow::MakeEmptyArray(chunks->type())
                                                            : arrow::Concatenate(chunks->chunks()));
    }
    SOTERIA_ASSIGN_OR_RETURN(table::VectorReader reader, table::VectorReader::Make(array));
    columns.push_back({name, std::move(reader)});
  }
  return columns;
}

/// How many elements the vectors of a column have where all have as many by their type.
std::optional<int64_t> SizeByType(const arrow::Field& field) {
  if (field.type()->id() != arrow::Type::FIXED_SIZE_LIST) return std::nullopt;
  return static_cast<const arrow::FixedSizeListType&>(*field.type()).list_size();
}

/// Of one number column.
ColumnAttribute Assembled(const arrow::Field& field, const std::string& name) {
  ColumnAttribute attribute;
  if (field.type()->id() == arrow::Type::DOUBLE) attribute = AttributeOf(field);
  if (attribute.type == ColumnAttribute::Type::kUnresolved) attribute = ColumnAttribute();
  attribute.name = name;
  return attribute;
}

/// Of one vector column, named by its elements' own names or numbers.
AttributeGroup AssembledGroup(const arrow::Field& field, const std::string& name) {
  AttributeGroup group = GroupOf(field);
  if (!group.attributes) {
    const std::optional<int64_t> size =
        group.num_attributes ? group.num_attributes : SizeByType(field);
    group.open = !size || *size < 0 || *size > kNamedAttributesMax;
    group.attributes.emplace(group.open ? 0 : static_cast<size_t>(*size));
  }
  for (size_t i = 0; i < group.attributes->size(); ++i) {
    ColumnAttribute& attribute = (*group.attributes)[i];
    attribute.name = base::Cat(name, "_", attribute.name ? *attribute.name : base::Cat(i));
  }
  return group;
}

bool HasCategories(const ColumnAttribute& attribute) {
  return attribute.type == ColumnAttribute::Type::kNominal ||
         attribute.type == ColumnAttribute::Type::kBinary;
}

/// What is known of the elements of the assembled vectors, as metadata of their column.
base::StatusOr<std::shared_ptr<arrow::Field>> Described(std::shared_ptr<arrow::Field> output,
                                                        const arrow::Schema& input,
                                                        const std::vector<std::string>& names) {
  AttributeGroup all;
  all.attributes.emplace();
  bool by_type = false;  // which data made
  for (const std::string& name : names) {
    SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, ResolveField(input, name));
    AttributeGroup group;
    if (table::IsVector(*field)) {
      group = AssembledGroup(*field, name);
      by_type |= GroupOf(*field).size() < 0 && SizeByType(*field).has_value();
    } else {
      group.attributes = {Assembled(*field, name)};
    }
    all.open |= all.attributes->size() + group.attributes->size() >
                static_cast<size_t>(kNamedAttributesMax);
    if (all.open) {
      all.categories_follow |=
          std::any_of(group.attributes->begin(), group.attributes->end(), HasCategories);
    } else {
      for (ColumnAttribute& each : *group.attributes) all.attributes->push_back(std::move(each));
    }
    all.open |= group.open;
    all.categories_follow |= group.categories_follow;
  }
  output = table::WithSparkMetadata(output, GroupMetadata(all));
  return by_type ? table::MarkedMetadata(output) : output;
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Schema>> VectorAssembler::OutputSchema(
    const arrow::Schema& input) const {
  if (!params_.IsDefined("inputCols")) {
    return base::Fail(base::kIllegalArgument, "Failed to find a default value for inputCols");
  }
  std::string refusals;
  for (const std::string& name : params_.Strings("inputCols")) {
    SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field, ResolveField(input, name));
    if (table::IsVector(*field) || table::IsNumeric(*field->type()) ||
        field->type()->id() == arrow::Type::BOOL) {
      continue;
    }
    refusals += base::Cat(refusals.empty() ? "" : "\n", "Data type ", table::TypeName(*field),
                          " of column ", name, " is not supported.");
  }
  if (!refusals.empty()) return base::Fail(base::kIllegalArgument, refusals);
  const std::string& output = params_.String("outputCol");
  if (!input.GetAllFieldIndices(output).empty()) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("Output column ", output, " already exists."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Field> field,
                           Described(table::VectorField(output, true, std::nullopt), input,
                                     params_.Strings("inputCols")));
  SOTERIA_ARROW_ASSIGN(std::shared_ptr<arrow::Schema> schema,
                       input.AddField(input.num_fields(), field));
  return schema;
}

base::StatusOr<std::shared_ptr<arrow::Table>> VectorAssembler::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, OutputSchema(*input->schema()));
  const HandleInvalid invalid = InvalidOf(params_);
  const std::vector<std::string>& names = params_.Strings("inputCols");
  SOTERIA_ASSIGN_OR_RETURN(std::vector<AssembleColumn> columns, ReadColumns(*input, names));
  if (invalid == HandleInvalid::kSkip) {
    const std::vector<bool> dropped = InvalidRows(columns, static_cast<size_t>(input->num_rows()));
    if (std::find(dropped.begin(), dropped.end(), true) != dropped.end()) {
      SOTERIA_ASSIGN_OR_RETURN(input, DropRows(input, dropped));
      SOTERIA_ASSIGN_OR_RETURN(columns, ReadColumns(*input, names));
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::shared_ptr<arrow::Array> array,
                           Assemble(columns, static_cast<size_t>(input->num_rows()), invalid));
  std::optional<int32_t> dense_size;
  if (array->type_id() == arrow::Type::FIXED_SIZE_LIST) {
    dense_size = static_cast<const arrow::FixedSizeListType&>(*array->type()).list_size();
  }
  const std::shared_ptr<arrow::Field> field =
      table::WithSparkMetadata(table::VectorField(params_.String("outputCol"), true, dense_size),
                               table::SparkMetadata(*schema->fields().back()));
  SOTERIA_ARROW_ASSIGN(
      std::shared_ptr<arrow::Table> output,
      input->AddColumn(input->num_columns(), field, std::make_shared<arrow::ChunkedArray>(array)));
  return output;
}

Algorithm VectorAssemblerAlgorithm() {
  ClassEntry entry;
  entry.info = &VectorAssemblerInfo();
  entry.transformer = [](Params params) -> std::shared_ptr<const Transformer> {
    return std::make_shared<VectorAssembler>(std::move(params));
  };
  Algorithm algorithm;
  algorithm.classes = {entry};
  return algorithm;
}

}  // namespace soteria::ml
