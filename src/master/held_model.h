// A fitted or loaded model of a session. Its class, its params and what these ask of a table are
// the script's own; what it learnt is data, and opens only within the gate (I3). Immutable; any
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/master/ungated.h"
#include "src/ml/estimator.h"
#include "src/table/types.h"

namespace soteria::master {

class HeldModel {
 public:
  explicit HeldModel(std::shared_ptr<const ml::Model> model) : model_(std::move(model)) {}

  std::string_view class_name() const { return model_->class_name(); }

  /// Whether it could transform such a table under other params, as far as params say and what in
  /// the schema isn't made of data.
  base::Status CheckColumns(const ml::ParamMap& set, const arrow::Schema& input) const {
    SOTERIA_ASSIGN_OR_RETURN(const ml::Params params, model_->params().With(set));
    return model_->CheckColumns(params, *table::WithoutMarkedMetadata(input));
  }

  /// The schema of an attribute that is a table, null where it isn't one (ml::Model::RowsSchema).
  base::StatusOr<std::shared_ptr<arrow::Schema>> RowsSchema(std::string_view method,
                                                            const ml::Arguments& args) const {
    return model_->RowsSchema(method, args);
  }

  /// The column that such an attribute reads of a table that it takes (ml::Model::TableColumn).
  base::StatusOr<std::optional<std::string>> TableColumn(std::string_view method,
                                                         const ml::Arguments& args) const {
    return model_->TableColumn(method, args);
  }

  /// Whether an attribute is made of models (ml::Model::MadeOf).
  std::optional<ml::Model::MadeOfModels> MadeOf(std::string_view method) const {
    return model_->MadeOf(method);
  }

  /// Whether it answers such a method over such a table, as far as class, params and schema say
  /// (ml::Model::Over).
  base::Status CheckOver(std::string_view method, const ml::Arguments& args,
                         const arrow::Schema& input) const {
    SOTERIA_ASSIGN_OR_RETURN(const auto question,
                             model_->Over(method, args, *table::WithoutMarkedMetadata(input)));
    if (question != nullptr) return base::OkStatus();
    return base::NotSupported(base::Cat("The method ", method, "() of a model"));
  }

  const ml::Model& Open(const InsideKey&) const { return *model_; }

 private:
  std::shared_ptr<const ml::Model> model_;
};

}  // namespace soteria::master
