// StringIndexerModel: each text, or number as text, as its place among the labels; and the params
// that it shares with its estimator.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/estimator.h"
#include "src/ml/persist.h"

namespace soteria::ml {

const ClassInfo& StringIndexerInfo();
const ClassInfo& StringIndexerModelInfo();

/// The pairs of columns, checked against a schema. A model passes over columns that aren't there.
base::StatusOr<std::vector<ColumnPair>> CheckIndexed(const Params& params, std::string_view text,
                                                     const arrow::Schema& input, bool is_model);

class StringIndexerModel : public ColumnModel<StringIndexerModel> {
 public:
  /// The labels of each input column, in the order of their indices.
  StringIndexerModel(Params params, StringArrays labels);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);
  static base::StatusOr<ModelFiles> Save(const Transformer& model);
  static base::StatusOr<std::shared_ptr<const Model>> Load(Params params, SavedModel& saved);

  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override;

 private:
  using Index = std::unordered_map<std::string_view, double>;
  struct Data {
    StringArrays labels;
    std::vector<Index> index;  // its views are of the labels
    // Fields made so far, by input column, output name and whether unseen labels are kept: their
    // metadata hold all labels, and a model is applied to many batches.
    mutable std::mutex mutex;
    mutable std::map<std::tuple<size_t, std::string, bool>, std::shared_ptr<arrow::Field>> fields;
  };

  std::string Text(const Params& params) const;
  /// The pairs whose input is there, with the number of each among all.
  base::StatusOr<std::vector<std::pair<size_t, ColumnPair>>> Present(
      const arrow::Schema& input) const;
  std::shared_ptr<arrow::Field> OutputField(size_t i, const std::string& name) const;
  base::StatusOr<std::vector<double>> IndexColumn(const arrow::Table& table, size_t i,
                                                  const std::string& column) const;

  std::shared_ptr<const Data> data_;
};

}  // namespace soteria::ml
