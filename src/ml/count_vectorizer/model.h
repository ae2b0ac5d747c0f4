// CountVectorizerModel: how often each word of a vocabulary occurs in an array of words.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "src/ml/column_model.h"
#include "src/ml/persist.h"

namespace soteria::ml {

const ClassInfo& CountVectorizerInfo();
const ClassInfo& CountVectorizerModelInfo();

/// What the estimator and its model ask of an input schema.
base::Status CheckWordsInput(const Params& params, const arrow::Schema& input);

class CountVectorizerModel : public ColumnModel<CountVectorizerModel> {
 public:
  CountVectorizerModel(Params params, std::vector<std::string> vocabulary);
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
  struct Data {
    std::vector<std::string> words;
    std::unordered_map<std::string_view, int32_t> index;  // its views are of the words
  };
  std::shared_ptr<const Data> data_;
};

}  // namespace soteria::ml
