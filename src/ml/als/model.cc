#include "src/ml/als/model.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/ml/als/params.h"
#include "src/ml/als/recommend.h"
#include "src/ml/columns.h"
#include "src/table/arrow_status.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

inline constexpr base::Condition kFailedCall = {"FAILED_FUNCTION_CALL",
                                                base::exception_class::kAnalysis, "38000",
                                                absl::StatusCode::kInvalidArgument};

constexpr std::string_view kAllUsers = "recommendForAllUsers";
constexpr std::string_view kAllItems = "recommendForAllItems";
constexpr std::string_view kUserSubset = "recommendForUserSubset";
constexpr std::string_view kItemSubset = "recommendForItemSubset";

/// Columns that transform makes of ids, and of a prediction.
std::shared_ptr<arrow::Field> IdField(const std::string& name) {
  return arrow::field(name, arrow::int32());
}
std::shared_ptr<arrow::Field> PredictionField(const std::string& name) {
  return arrow::field(name, arrow::float32(), false);
}

std::shared_ptr<arrow::ChunkedArray> IdColumn(std::vector<int32_t> ids) {
  const auto rows = static_cast<int64_t>(ids.size());
  return std::make_shared<arrow::ChunkedArray>(
      std::make_shared<arrow::Int32Array>(rows, arrow::Buffer::FromVector(std::move(ids))));
}

float Product(const float* a, const float* b, int32_t rank) {
  float sum = 0;
  for (int32_t k = 0; k < rank; ++k) sum += a[k] * b[k];
  return sum;
}

base::StatusOr<int64_t> CountOf(std::string_view method, const Arguments& args) {
  if (args.size() != 1 || !std::holds_alternative<int64_t>(args[0])) {
    return base::Fail(base::kMlAttribute, base::Cat(method, " takes one number"));
  }
  const int64_t count = std::get<int64_t>(args[0]);
  if (count >= 1) return count;
  return base::Fail(kFailedCall,
                    "Failed preparing of the function `collect_top_k` for call. Please, double "
                    "check function's arguments.");
}

}  // namespace

base::StatusOr<std::shared_ptr<const AlsModel>> AlsModel::Make(Params params, Factors users,
                                                               Factors items) {
  if (users.rank != items.rank) {
    return base::Fail(base::kProtocol, "ALSModel: users and items differ in rank");
  }
  return std::shared_ptr<const AlsModel>(new AlsModel(
      std::move(params), std::make_shared<const AlsData>(std::move(users), std::move(items))));
}

base::StatusOr<std::shared_ptr<const Model>> AlsModel::Decode(Params params,
                                                              std::string_view data) {
  base::FieldReader r(data);
  SOTERIA_ASSIGN_OR_RETURN(Factors users, Factors::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(Factors items, Factors::Read(r));
  SOTERIA_ASSIGN_OR_RETURN(const int64_t count, r.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(const bool of_users, r.NextBool());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(const auto model,
                           Make(std::move(params), std::move(users), std::move(items)));
  if (count < 0 || (count == 0 && of_users)) return base::Fail(base::kProtocol, "ALSModel: count");
  if (count == 0) return std::shared_ptr<const Model>(model);
  return std::shared_ptr<const Model>(std::make_shared<const AlsSubset>(*model, of_users, count));
}

// No count: the model itself, and no subset.
std::string AlsModel::EncodeData() const { return EncodeAs(0, false); }

std::string AlsModel::EncodeAs(int64_t count, bool users) const {
  base::FieldWriter w;
  data_->users.Write(w);
  data_->items.Write(w);
  w.AddI64(count).AddBool(users);
  return w.Take();
}

base::StatusOr<std::shared_ptr<arrow::Schema>> AlsModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckAlsModelInput(params_, input));
  arrow::FieldVector fields = WithColumn(input.fields(), IdField(params_.String("userCol")));
  fields = WithColumn(std::move(fields), IdField(params_.String("itemCol")));
  fields.push_back(PredictionField(params_.String("predictionCol")));
  return arrow::schema(std::move(fields), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> AlsModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(CheckAlsModelInput(params_, *input->schema()));
  const std::string& user = params_.String("userCol");
  const std::string& item = params_.String("itemCol");
  SOTERIA_ASSIGN_OR_RETURN(std::vector<int32_t> users, ReadIds(*input, user));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<int32_t> items, ReadIds(*input, item));
  std::vector<float> predictions(users.size());
  std::vector<bool> unknown(users.size(), false);
  bool drops = false;
  for (size_t i = 0; i < users.size(); ++i) {
    const uint32_t u = data_->user_index.Find(users[i]);
    const uint32_t v = data_->item_index.Find(items[i]);
    const bool known = u != FactorIndex::kNone && v != FactorIndex::kNone;
    predictions[i] = known ? Product(data_->users.row(u), data_->items.row(v), data_->users.rank)
                           : std::numeric_limits<float>::quiet_NaN();
    if (std::isnan(predictions[i])) drops = unknown[i] = true;
  }
  SOTERIA_ASSIGN_OR_RETURN(auto output,
                           WithColumn(input, IdField(user), IdColumn(std::move(users))));
  SOTERIA_ASSIGN_OR_RETURN(output, WithColumn(output, IdField(item), IdColumn(std::move(items))));
  const auto rows = static_cast<int64_t>(predictions.size());
  SOTERIA_ARROW_ASSIGN(
      output,
      output->AddColumn(output->num_columns(), PredictionField(params_.String("predictionCol")),
                        std::make_shared<arrow::ChunkedArray>(std::make_shared<arrow::FloatArray>(
                            rows, arrow::Buffer::FromVector(std::move(predictions))))));
  if (!drops || base::Lower(params_.String("coldStartStrategy")) != "drop") return output;
  return DropRows(output, unknown);
}

base::StatusOr<Attribute> AlsModel::Get(std::string_view method, const Arguments& args) const {
  if (method == "rank" && args.empty()) return Attribute(static_cast<int64_t>(data_->users.rank));
  if (method == "toString" && args.empty()) {
    return Attribute(base::Cat("ALSModel: uid=", uid(), ", rank=", data_->users.rank));
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> AlsModel::RowsSchema(std::string_view method,
                                                                    const Arguments& args) const {
  if (args.empty() && method == "userFactors") return data_->users.schema();
  if (args.empty() && method == "itemFactors") return data_->items.schema();
  if (method != kAllUsers && method != kAllItems) return nullptr;
  SOTERIA_RETURN_IF_ERROR(CountOf(method, args).status());
  const std::string& user = params_.String("userCol");
  const std::string& item = params_.String("itemCol");
  return method == kAllUsers ? RecommendationsSchema(user, item)
                             : RecommendationsSchema(item, user);
}

base::StatusOr<std::shared_ptr<arrow::Table>> AlsModel::Rows(std::string_view method,
                                                             const Arguments& args) const {
  if (args.empty() && method == "userFactors") return data_->users.ToTable();
  if (args.empty() && method == "itemFactors") return data_->items.ToTable();
  SOTERIA_ASSIGN_OR_RETURN(auto schema, RowsSchema(method, args));
  if (schema == nullptr) return Model::Rows(method, args);
  SOTERIA_ASSIGN_OR_RETURN(const int64_t count, CountOf(method, args));
  const bool users = method == kAllUsers;
  const Factors& own = users ? data_->users : data_->items;
  std::vector<uint32_t> rows(own.size());
  std::iota(rows.begin(), rows.end(), 0U);
  return Recommend(own, rows, users ? data_->items : data_->users, count, schema);
}

base::StatusOr<std::optional<std::string>> AlsModel::TableColumn(std::string_view method,
                                                                 const Arguments& args) const {
  if (method != kUserSubset && method != kItemSubset) return std::nullopt;
  SOTERIA_RETURN_IF_ERROR(CountOf(method, args).status());
  return params_.String(method == kUserSubset ? "userCol" : "itemCol");
}

base::StatusOr<std::shared_ptr<const Transformer>> AlsModel::RowsOver(std::string_view method,
                                                                      const Arguments& args) const {
  if (method != kUserSubset && method != kItemSubset) return Model::RowsOver(method, args);
  SOTERIA_ASSIGN_OR_RETURN(const int64_t count, CountOf(method, args));
  return std::make_shared<const AlsSubset>(*this, method == kUserSubset, count);
}

base::StatusOr<std::shared_ptr<arrow::Schema>> AlsSubset::OutputSchema(
    const arrow::Schema& input) const {
  if (input.num_fields() != 1) return base::Fail(base::kInternal, "a subset is of one column");
  const std::string& own = params().String(users_ ? "userCol" : "itemCol");
  const arrow::Field& ids = *input.field(0);
  if (!table::IsNumeric(*ids.type())) {
    return base::NotSupported(
        base::Cat("A subset by column ", own, " of type ", table::TypeName(ids)));
  }
  return RecommendationsSchema(own, params().String(users_ ? "itemCol" : "userCol"));
}

base::StatusOr<std::shared_ptr<arrow::Table>> AlsSubset::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto schema, OutputSchema(*input->schema()));
  SOTERIA_ASSIGN_OR_RETURN(const Numbers ids, ReadNumbers(*input, input->field(0)->name()));
  const FactorIndex& index = users_ ? data().user_index : data().item_index;
  const Factors& own = users_ ? data().users : data().items;
  std::vector<bool> taken(own.size(), false);
  std::vector<uint32_t> rows;
  for (const double number : ids.values) {  // what is no id is nobody's
    if (!(std::abs(number) <= 2147483648.0) || std::trunc(number) != number) continue;
    const auto whole = static_cast<int64_t>(number);
    if (whole > std::numeric_limits<int32_t>::max()) continue;
    const uint32_t row = index.Find(static_cast<int32_t>(whole));
    if (row == FactorIndex::kNone || taken[row]) continue;
    taken[row] = true;
    rows.push_back(row);
  }
  return Recommend(own, rows, users_ ? data().items : data().users, count_, schema);
}

std::string AlsSubset::EncodeData() const { return EncodeAs(count_, users_); }

base::Status AlsModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckAlsModelInput(params, input);
}

base::StatusOr<std::shared_ptr<const Model>> AlsModel::WithParams(const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  return std::shared_ptr<const Model>(new AlsModel(std::move(params), data_));
}

// As MLlib estimates it.
uint64_t AlsModel::bytes() const {
  return (data_->users.size() + data_->items.size()) *
         (static_cast<uint64_t>(data_->users.rank) + 1) * sizeof(float);
}

}  // namespace soteria::ml
