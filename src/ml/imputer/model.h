// ImputerModel: what stands in for each column's missing values.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/persist.h"

namespace soteria::ml {

const ClassInfo& ImputerInfo();
const ClassInfo& ImputerModelInfo();

/// The pairs of columns, checked against a schema.
base::StatusOr<std::vector<ColumnPair>> CheckImputed(const Params& params, std::string_view text,
                                                     const arrow::Schema& input);

class ImputerModel : public ColumnModel<ImputerModel> {
 public:
  /// A surrogate for each name.
  ImputerModel(Params params, std::vector<std::string> names, std::vector<double> surrogates)
      : ColumnModel(std::move(params)),
        names_(std::move(names)),
        surrogates_(std::move(surrogates)) {}
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);
  static base::StatusOr<ModelFiles> Save(const Transformer& model);
  static base::StatusOr<std::shared_ptr<const Model>> Load(Params params, SavedModel& saved);

  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<arrow::Schema>> RowsSchema(std::string_view method,
                                                            const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Rows(std::string_view method,
                                                     const Arguments& args) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override;

 private:
  std::string Text(const Params& params) const;
  std::shared_ptr<arrow::Table> Table() const;
  base::StatusOr<double> SurrogateOf(const std::string& column) const;

  std::vector<std::string> names_;
  std::vector<double> surrogates_;
};

}  // namespace soteria::ml
