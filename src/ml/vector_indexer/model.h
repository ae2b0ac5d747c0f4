// VectorIndexerModel: features of few values become categories, which trees read from the column's
// metadata.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/attributes.h"
#include "src/ml/column_model.h"
#include "src/ml/persist.h"

namespace soteria::ml {

/// Of features by number: which category each value is.
using CategoryMaps = std::map<int32_t, std::map<double, int32_t>>;

const ClassInfo& VectorIndexerInfo();
const ClassInfo& VectorIndexerModelInfo();

class VectorIndexerModel : public ColumnModel<VectorIndexerModel> {
 public:
  /// Errors: kProtocol for a map that is none of a feature's.
  static base::StatusOr<std::shared_ptr<const Model>> Make(Params params, int32_t features,
                                                           CategoryMaps maps);
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
  VectorIndexerModel(Params params, int32_t features, CategoryMaps maps)
      : ColumnModel(std::move(params)), features_(features), maps_(std::move(maps)) {}
  base::StatusOr<std::string> Metadata(const arrow::Schema& input) const;
  ColumnAttribute CategoriesOf(const std::map<double, int32_t>& map) const;
  /// The category of each value; false where a row is to be dropped.
  base::StatusOr<bool> Index(VectorValue& row) const;
  base::StatusOr<bool> IndexOne(int32_t feature, const std::map<double, int32_t>& map,
                                double& value) const;

  int32_t features_;
  CategoryMaps maps_;
};

}  // namespace soteria::ml
