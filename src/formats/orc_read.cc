#include "src/formats/orc_read.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/formats/option_reader.h"
#include "src/formats/orc_column.h"
#include "src/formats/orc_tail.h"
#include "src/table/arrow_status.h"
#include "src/table/conditions.h"
#include "src/table/conform.h"
#include "src/table/types.h"
#include "src/table/validate.h"

namespace soteria::formats {
namespace {

constexpr uint64_t kBatchRows = uint64_t{1} << 18;
constexpr uint64_t kFooterRoom = uint64_t{1} << 20;

/// A column of the file that is read, and under which name.
struct Wanted {
  uint32_t type = 0;
  std::shared_ptr<arrow::Field> field;
};

/// Hive once named no columns.
bool NamesNone(const OrcType& rows) {
  return std::all_of(rows.names.begin(), rows.names.end(),
                     [](const std::string& name) { return name.starts_with("_col"); });
}

base::StatusOr<std::shared_ptr<arrow::Field>> FieldOf(const OrcTail& tail, size_t place,
                                                      std::string name) {
  SOTERIA_ASSIGN_OR_RETURN(auto type, SparkTypeOf(tail, tail.types[0].children[place]));
  return arrow::field(std::move(name), std::move(type));
}

base::StatusOr<std::vector<Wanted>> ByPlace(const OrcTail& tail, const arrow::Schema& schema) {
  const OrcType& rows = tail.types[0];
  if (rows.children.size() > static_cast<size_t>(schema.num_fields())) {
    return BadOrc(base::Cat("its ", rows.children.size(),
                            " columns have no names, and the schema has only ",
                            schema.num_fields()));
  }
  std::vector<Wanted> wanted;
  for (size_t i = 0; i < rows.children.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(auto field,
                             FieldOf(tail, i, schema.field(static_cast<int>(i))->name()));
    wanted.push_back({rows.children[i], std::move(field)});
  }
  return wanted;
}

base::StatusOr<std::vector<Wanted>> ByName(const OrcTail& tail, const arrow::Schema& schema) {
  const OrcType& rows = tail.types[0];
  arrow::FieldVector names;
  for (const std::string& name : rows.names) names.push_back(arrow::field(name, arrow::null()));
  const arrow::Schema file(std::move(names));
  const auto columns = table::ColumnsFor(schema, file);
  if (!columns.ok()) {  // a name of two columns
    return base::FailQuotingData(table::kFailedReadFile, base::Message(columns.status()));
  }
  std::vector<Wanted> wanted;
  for (const std::string& name : *columns) {
    const auto place = static_cast<size_t>(file.GetFieldIndex(name));
    SOTERIA_ASSIGN_OR_RETURN(auto field, FieldOf(tail, place, name));
    wanted.push_back({rows.children[place], std::move(field)});
  }
  return wanted;
}

/// Spark compares them by their places, whatever their names.
base::Status CheckTimes(const OrcTail& tail, const arrow::Schema& schema) {
  const std::vector<uint32_t>& columns = tail.types[0].children;
  const size_t both = std::min(columns.size(), static_cast<size_t>(schema.num_fields()));
  for (size_t i = 0; i < both; ++i) {
    const auto& wanted = *schema.field(static_cast<int>(i))->type();
    if (wanted.id() != arrow::Type::TIMESTAMP) continue;
    SOTERIA_ASSIGN_OR_RETURN(const auto have, SparkTypeOf(tail, columns[i]));
    if (have->id() != arrow::Type::TIMESTAMP || have->Equals(wanted)) continue;
    return base::Fail(
        table::kFailedReadFile,
        base::Cat("The feature is not supported: Unable to convert ", table::SqlTypeName(*have),
                  " of Orc to data type ", table::SqlTypeName(wanted), "."));
  }
  return base::OkStatus();
}

/// Whether the one is read as the other in another way than tables of Parquet do it: bytes as text
/// are their numbers to ORC's library, and instants as what clocks show are seconds.
bool IsOtherwise(const arrow::DataType& have, const arrow::DataType& wanted) {
  if (have.id() == arrow::Type::BINARY) return wanted.id() == arrow::Type::STRING;
  if (have.id() == arrow::Type::TIMESTAMP && wanted.id() == arrow::Type::TIMESTAMP) {
    return !have.Equals(wanted);
  }
  if (have.id() != wanted.id()) return false;
  if (have.id() != arrow::Type::STRUCT) {
    for (int i = 0; i < std::min(have.num_fields(), wanted.num_fields()); ++i) {
      if (IsOtherwise(*have.field(i)->type(), *wanted.field(i)->type())) return true;
    }
    return false;
  }
  for (const auto& field : wanted.fields()) {
    for (const auto& own : have.fields()) {
      if (!base::EqualIgnoringCase(own->name(), field->name())) continue;
      if (IsOtherwise(*own->type(), *field->type())) return true;
    }
  }
  return false;
}

/// Reads the columns of stripes.
class Reading {
 public:
  Reading(base::ReadableFile& file, const OrcTail& tail, std::vector<Wanted> wanted,
          const Room& room)
      : file_(file), tail_(tail), wanted_(std::move(wanted)), room_(room), parts_(wanted_.size()) {}

  base::StatusOr<std::shared_ptr<arrow::Table>> All() {
    SOTERIA_RETURN_IF_ERROR(room_.Keep(kFooterRoom));
    for (const OrcStripe& stripe : tail_.stripes) {
      SOTERIA_RETURN_IF_ERROR(Stripe(stripe));
      rows_ += stripe.rows;
      if (rows_ > kOrcStripeRowsMax) return BadOrc("it has too many rows");
    }
    arrow::FieldVector fields;
    arrow::ChunkedArrayVector columns;
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const auto& field = wanted_[i].field;
      fields.push_back(field);
      columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(parts_[i]), field->type()));
    }
    return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns),
                              static_cast<int64_t>(rows_));
  }

 private:
  base::Status Stripe(const OrcStripe& stripe) {
    if (stripe.rows == 0) return base::OkStatus();
    SOTERIA_ASSIGN_OR_RETURN(const OrcStreams streams, ReadOrcStreams(file_, tail_, stripe));
    for (size_t i = 0; i < wanted_.size(); ++i) {
      OrcBorrowed held(room_);
      SOTERIA_RETURN_IF_ERROR(held.Take(tail_.packing.block_bytes()));
      SOTERIA_RETURN_IF_ERROR(Column({file_, tail_, streams, room_, held}, stripe.rows, i));
    }
    return base::OkStatus();
  }

  base::Status Column(const OrcOpened& opened, uint64_t rows, size_t place) {
    SOTERIA_ASSIGN_OR_RETURN(const auto column, MakeOrcColumn(opened, wanted_[place].type));
    while (rows > 0) {
      const auto batch = static_cast<int64_t>(std::min(rows, kBatchRows));
      SOTERIA_ASSIGN_OR_RETURN(auto part, column->Next({batch, batch, nullptr}));
      parts_[place].push_back(std::move(part));
      rows -= static_cast<uint64_t>(batch);
    }
    return base::OkStatus();
  }

  base::ReadableFile& file_;
  const OrcTail& tail_;
  const std::vector<Wanted> wanted_;
  OrcRoom room_;
  std::vector<arrow::ArrayVector> parts_;
  uint64_t rows_ = 0;
};

base::Status CannotConvert(const arrow::Table& rows, const arrow::Schema& schema) {
  std::string types;
  for (const auto& wanted : schema.fields()) {
    for (const auto& have : rows.schema()->fields()) {
      if (!base::EqualIgnoringCase(have->name(), wanted->name())) continue;
      if (table::TypeName(*have) == table::TypeName(*wanted)) continue;
      if (types.size() > kShownBytesMax) break;
      types += base::Cat(types.empty() ? "" : ", ", "`", wanted->name(), "` from ",
                         table::TypeName(*have), " to ", table::TypeName(*wanted));
    }
  }
  return base::FailQuotingData(
      table::kFailedReadFile,
      base::Cat("Reading columns of ORC as other types than they have, where values may change, is "
                "not supported: ",
                types, ". Read them as they are and cast."));
}

}  // namespace

base::StatusOr<OrcReadOptions> ParseOrcReadOptions(const OptionMap& options) {
  OptionReader reader(options, "ORC");
  OrcReadOptions read;
  SOTERIA_RETURN_IF_ERROR(reader.Flag("orc.force.positional.evolution", &read.by_place));
  reader.NoEffect("orc.compress");
  for (const auto& [name, value] : options) {
    // Spark's reader asks for nothing else, but gives all of them to ORC's own library.
    if (!name.starts_with("orc.")) reader.NoEffect(name);
  }
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return read;
}

std::string OrcReadOptions::Encode() const { return base::FieldWriter().AddBool(by_place).Take(); }

base::StatusOr<OrcReadOptions> OrcReadOptions::Decode(std::string_view bytes) {
  base::FieldReader in(bytes);
  OrcReadOptions options;
  SOTERIA_ASSIGN_OR_RETURN(options.by_place, in.NextBool());
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return options;
}

base::StatusOr<std::shared_ptr<arrow::Schema>> OrcSchema(base::ReadableFile& file) {
  if (file.size() == 0) return std::shared_ptr<arrow::Schema>();
  SOTERIA_ASSIGN_OR_RETURN(const OrcTail tail, ReadOrcTail(file));
  const OrcType& rows = tail.types[0];
  if (rows.children.empty()) return std::shared_ptr<arrow::Schema>();
  arrow::FieldVector fields;
  for (size_t i = 0; i < rows.children.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(fields.emplace_back(), FieldOf(tail, i, rows.names[i]));
  }
  return arrow::schema(std::move(fields));
}

base::StatusOr<std::shared_ptr<arrow::Table>> ReadOrc(base::ReadableFile& file,
                                                      const OrcReadOptions& options,
                                                      const arrow::Schema& schema,
                                                      const Room& room) {
  OrcTail tail;
  if (file.size() > 0) {
    SOTERIA_ASSIGN_OR_RETURN(tail, ReadOrcTail(file));
  } else {
    tail.types.emplace_back();
  }
  if (tail.types[0].children.empty()) tail.stripes.clear();  // as Spark reads it
  SOTERIA_RETURN_IF_ERROR(CheckTimes(tail, schema));
  const bool by_place = options.by_place || NamesNone(tail.types[0]);
  SOTERIA_ASSIGN_OR_RETURN(auto wanted, by_place ? ByPlace(tail, schema) : ByName(tail, schema));
  SOTERIA_ASSIGN_OR_RETURN(const auto rows, Reading(file, tail, std::move(wanted), room).All());
  if (const arrow::Status valid = table::ValidateDecoded(*rows); !valid.ok()) {
    return BadOrc(valid.message());
  }
  if (IsOtherwise(*arrow::struct_(rows->schema()->fields()), *arrow::struct_(schema.fields()))) {
    return CannotConvert(*rows, schema);
  }
  auto conformed = table::Conform(*rows, schema);
  if (!conformed.ok() && base::Is(conformed.status(), table::kFileTypeMismatch)) {
    return CannotConvert(*rows, schema);
  }
  return conformed;
}

}  // namespace soteria::formats
