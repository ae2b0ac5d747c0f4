// The shapes an ML class can have: Transformer, Model (a fitted transformer), Estimator, Evaluator,
// and the Summary that a model keeps of its training. Names and behaviour follow Spark MLlib.
//
// All are immutable after construction: const members may be called from any threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/kernel.h"
#include "src/ml/param.h"
#include "src/ml/work.h"
#include "src/stats/statistic.h"
#include "src/table/feature_block.h"

namespace soteria::ml {

/// What an attribute of a model or summary is: `coefficients`, `summary.accuracy`.
using Attribute = ParamValue;
using Arguments = std::vector<ParamValue>;

/// Adds columns to a table, one partition at a time. Operator kind "ml.transform".
class Transformer {
 public:
  virtual ~Transformer() = default;

  virtual const Params& params() const = 0;
  std::string_view class_name() const { return params().info().name; }
  const std::string& uid() const { return params().uid(); }

  /// The schema of Apply's result. Errors as MLlib's transformSchema: a missing column, a wrong
  /// type, an output column that exists.
  virtual base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const = 0;
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const = 0;

  /// The columns whose values are the elements of the column it adds, unchanged; none where it
  /// makes values.
  virtual std::vector<std::string> Copies() const { return {}; }

  /// Canonical bytes: class, uid, set params, model data.
  std::string Encode() const;
  /// Canonical bytes of what the params don't hold; empty for stateless transformers.
  virtual std::string EncodeData() const { return {}; }
};

/// Errors: kProtocol for bytes that Encode doesn't make.
base::StatusOr<std::shared_ptr<const Transformer>> DecodeTransformer(std::string_view bytes);

/// An attribute of a summary as a question about a sum.
struct SummaryStatistic {
  /// `weight`: the column that the rows were counted by, whose values are in the sums.
  explicit SummaryStatistic(std::optional<std::string> weight) : weight(std::move(weight)) {}

  stats::Statistic statistic;
  stats::ExactSums exact;
  std::optional<std::string> weight;
  bool one_number = false;  // a number, else as many as there are

  /// What Compute gave as the attribute. Errors: kInternal when it isn't one number and should be.
  base::StatusOr<Attribute> Value(std::vector<double> numbers) const;
};

struct CurveColumns {
  std::string_view x, y;
};

/// A column of a summary's predictions (`cluster`), or it less another as doubles (`residuals`).
struct PredictionsColumn {
  std::string column;
  std::optional<std::string> less = std::nullopt;
};

/// Metrics of a model over a table. A summary starts without data: some attributes need none
/// (`objectiveHistory`), others are there once the partial of its kernel is (`accuracy`).
///
///   if (!summary->complete() && summary->Needs(method)) {
///     partial = work.Reduce(summary->kernel());  // over a table if over_rows()
///     summary = summary->Complete(partial);
///   }
///   value = summary->Get(method, args);
class Summary {
 public:
  virtual ~Summary() = default;
  /// The work that completes this summary: over the blocks of the fit, or over a table's rows.
  virtual const Kernel& kernel() const = 0;
  virtual bool over_rows() const = 0;
  virtual bool complete() const = 0;
  virtual bool Needs(std::string_view method) const = 0;
  virtual base::StatusOr<std::shared_ptr<const Summary>> Complete(
      std::string_view partial) const = 0;
  /// Errors: kMlAttribute for a method this summary doesn't have.
  virtual base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const = 0;
  /// Once complete: the attribute as a statistic of an exact sum; none where it isn't one.
  virtual std::optional<SummaryStatistic> AsStatistic(std::string_view /*method*/,
                                                      const Arguments& /*args*/) const {
    return std::nullopt;
  }
  /// The columns of an attribute that is a table of two doubles a row (`roc`), whose numbers Get
  /// gives row by row; none where it isn't one.
  virtual std::optional<CurveColumns> Curve(std::string_view /*method*/) const {
    return std::nullopt;
  }
  /// Of an attribute that is a table of one column made of the predictions; none where it isn't.
  virtual std::optional<PredictionsColumn> OfPredictions(std::string_view /*method*/) const {
    return std::nullopt;
  }
};

/// A fitted transformer.
class Model : public Transformer {
 public:
  /// Errors: kMlAttribute for a method this model doesn't have.
  virtual base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const = 0;
  /// The models that an attribute is made of (`trees`), in order; none where it isn't.
  virtual std::vector<std::shared_ptr<const Model>> Models(std::string_view /*method*/) const {
    return {};
  }
  /// Whether an attribute is made of models, by class alone, and how many they are where the params
  /// say so and not the data.
  struct MadeOfModels {
    std::optional<int64_t> count;
  };
  virtual std::optional<MadeOfModels> MadeOf(std::string_view /*method*/) const {
    return std::nullopt;
  }
  /// The schema of an attribute that is a table (`itemFactors`), by class, params and arguments
  /// alone; null where it isn't one. Errors: arguments that it doesn't take.
  virtual base::StatusOr<std::shared_ptr<arrow::Schema>> RowsSchema(
      std::string_view /*method*/, const Arguments& /*args*/) const {
    return nullptr;
  }
  /// Its rows.
  virtual base::StatusOr<std::shared_ptr<arrow::Table>> Rows(std::string_view method,
                                                             const Arguments& args) const;
  /// The column that an attribute reads of the table that it takes (`recommendForUserSubset`), by
  /// class, params and arguments alone; none where it takes no table.
  virtual base::StatusOr<std::optional<std::string>> TableColumn(std::string_view /*method*/,
                                                                 const Arguments& /*args*/) const {
    return std::nullopt;
  }
  /// What makes the rows of such an attribute: of one partition, whose one column is that one.
  virtual base::StatusOr<std::shared_ptr<const Transformer>> RowsOver(std::string_view method,
                                                                      const Arguments& args) const;
  /// What `input` must have for this model under other params: of the schema and the params alone,
  /// never of what the model learnt.
  virtual base::Status CheckColumns(const Params& params, const arrow::Schema& input) const = 0;
  /// The same model with `set` laid over its params, as `transform(df, params)` asks.
  virtual base::StatusOr<std::shared_ptr<const Model>> WithParams(const ParamMap& set) const = 0;
  /// Of its training; null after a load, and for models that have none.
  virtual std::shared_ptr<const Summary> summary() const { return nullptr; }
  /// For `model.evaluate(df)`: a summary without data whose kernel runs over df, which has
  /// this schema. Errors: kMlAttribute where the class has no evaluate; what df must have.
  virtual base::StatusOr<std::shared_ptr<const Summary>> Evaluation(
      const arrow::Schema& input) const;
  /// For an attribute that takes a table and is numbers (`evaluateEachIteration(df)`): a summary
  /// without data whose kernel runs over the table, and which answers the attribute once it is
  /// complete, without arguments; null where it isn't one. Errors: arguments that it doesn't take;
  /// what the table must have.
  virtual base::StatusOr<std::shared_ptr<const Summary>> Over(
      std::string_view /*method*/, const Arguments& /*args*/,
      const arrow::Schema& /*input*/) const {
    return nullptr;
  }
  /// The model whose transform makes a summary's `predictions`: this one, with the output columns
  /// that a summary needs under names of their own where they have none.
  virtual base::StatusOr<std::shared_ptr<const Model>> SummaryModel() const {
    return WithParams({});
  }
  /// Roughly what it takes in memory.
  virtual uint64_t bytes() const = 0;
};

struct FitResult {
  std::shared_ptr<const Model> model;
  std::vector<std::string> warnings;
};

class Estimator {
 public:
  virtual ~Estimator() = default;
  virtual const Params& params() const = 0;

  /// Refuses an input that can't be fitted: missing columns, wrong types. Runs before any stage.
  virtual base::Status CheckInput(const arrow::Schema& input) const = 0;

  /// The columns from which the feature blocks are made that Fit works over; none where it works
  /// over the input's rows.
  virtual std::optional<table::FeatureColumns> Columns() const { return std::nullopt; }
  /// Whether Fit reads those blocks once, so that no pass before that one has to make them.
  virtual bool ReadsOnce() const { return false; }
  virtual base::StatusOr<FitResult> Fit(Work& work) const = 0;
  /// The same where the input's schema says more than its types: which features are categories.
  virtual base::StatusOr<FitResult> FitInput(Work& work, const arrow::Schema& /*input*/) const {
    return Fit(work);
  }
};

/// The columns whose values a sum over rows adds up, so that it is about the rows where they aren't
/// 0 or differ; a sum that only counts rows has none.
struct SummedColumns {
  std::vector<std::string> values;
  std::optional<std::string> weight;
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual const Params& params() const = 0;
  virtual base::Status CheckInput(const arrow::Schema& input) const = 0;
  /// Its partial over all rows is the exact sum (stats::ExactSums) that Asks() is asked of, or what
  /// NextKernel needs.
  virtual base::StatusOr<KernelPtr> MakeKernel() const = 0;
  /// The kernel of one more pass over the rows, by the partial of the last of `passes`; null where
  /// that is the sum.
  virtual base::StatusOr<KernelPtr> NextKernel(size_t /*passes*/,
                                               std::string_view /*partial*/) const {
    return nullptr;
  }
  /// Its partial over all rows is those rows' answers, labels and weights: what Asks() can be asked
  /// of instead, outside the enclaves.
  virtual base::StatusOr<KernelPtr> MakeAnswersKernel() const = 0;
  /// The metric as a statistic of one number.
  virtual stats::Statistic Asks() const = 0;
  /// What MakeKernel's sum adds up.
  virtual SummedColumns Sums() const = 0;
  /// The metric, of MakeKernel's partial over all rows.
  base::StatusOr<double> Finish(std::string_view partial) const;
  virtual bool larger_is_better() const = 0;
};

}  // namespace soteria::ml
