// Tokenizer, RegexTokenizer and NGram: text as its words, words as their runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/ml/estimator.h"
#include "src/ml/registration.h"
#include "src/ml/text_column.h"

namespace soteria::ml {

/// What makes an array of words of each row of one column.
class WordsTransformer : public Transformer {
 public:
  const Params& params() const override { return params_; }
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;

 protected:
  explicit WordsTransformer(Params params) : params_(std::move(params)) {}
  /// Errors: MLlib's, for an input column of another type.
  virtual base::Status CheckType(const arrow::Field& field) const = 0;
  base::StatusOr<std::shared_ptr<arrow::Table>> Added(std::shared_ptr<arrow::Table> input,
                                                      WordsBuilder& words) const;

 private:
  Params params_;
};

class Tokenizer : public WordsTransformer {
 public:
  explicit Tokenizer(Params params) : WordsTransformer(std::move(params)) {}
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;

 protected:
  base::Status CheckType(const arrow::Field& field) const override;
};

class RegexTokenizer : public WordsTransformer {
 public:
  explicit RegexTokenizer(Params params) : WordsTransformer(std::move(params)) {}
  /// Refuses a pattern that can't be used, too.
  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;

 protected:
  base::Status CheckType(const arrow::Field& field) const override;
};

class NGram : public WordsTransformer {
 public:
  explicit NGram(Params params) : WordsTransformer(std::move(params)) {}
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;

 protected:
  base::Status CheckType(const arrow::Field& field) const override;
};

Algorithm TokenizersAlgorithm();

}  // namespace soteria::ml
