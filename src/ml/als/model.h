// ALSModel: factors of users and of items; a prediction is their product. MLlib's rules: the id
// columns become integers, an unknown id's prediction is NaN or its row is dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/als/factors.h"
#include "src/ml/estimator.h"
#include "src/ml/param.h"

namespace soteria::ml {

/// What a model learnt, shared by those that differ in params only.
struct AlsData {
  Factors users, items;
  FactorIndex user_index, item_index;

  AlsData(Factors of_users, Factors of_items)
      : users(std::move(of_users)),
        items(std::move(of_items)),
        user_index(users.ids),
        item_index(items.ids) {}
};

class AlsModel : public Model {
 public:
  /// Errors: kProtocol for factors of two ranks.
  static base::StatusOr<std::shared_ptr<const AlsModel>> Make(Params params, Factors users,
                                                              Factors items);
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);

  const Params& params() const override { return params_; }
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
  base::StatusOr<std::optional<std::string>> TableColumn(std::string_view method,
                                                         const Arguments& args) const override;
  base::StatusOr<std::shared_ptr<const Transformer>> RowsOver(std::string_view method,
                                                              const Arguments& args) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const override;
  uint64_t bytes() const override;

  const AlsData& data() const { return *data_; }

 protected:
  AlsModel(Params params, std::shared_ptr<const AlsData> data)
      : params_(std::move(params)), data_(std::move(data)) {}
  std::string EncodeAs(int64_t count, bool users) const;

 private:
  Params params_;
  std::shared_ptr<const AlsData> data_;
};

/// What `recommendForUserSubset` (or ItemSubset) makes of ids, which are the one column of its
/// input, each of those that the model knows once, in the order in which they come.
class AlsSubset : public AlsModel {
 public:
  AlsSubset(const AlsModel& model, bool users, int64_t count)
      : AlsModel(model), users_(users), count_(count) {}
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;

 private:
  const bool users_;
  const int64_t count_;
};

}  // namespace soteria::ml
