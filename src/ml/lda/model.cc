#include "src/ml/lda/model.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/lda/likelihood.h"
#include "src/ml/lda/params.h"
#include "src/stats/doubles.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::ml {
namespace {

constexpr std::string_view kDescribe = "describeTopics";
constexpr int64_t kDescribedTerms = 10;

base::Status Malformed() { return base::Fail(base::kProtocol, "LDA model: bad data"); }

std::shared_ptr<const Topics> InferenceOf(const LdaData& data) {
  std::vector<double> by_term = ExpectedLogBeta(data.topics, data.k());
  for (double& value : by_term) value = std::exp(value);
  return std::make_shared<const Topics>(std::move(by_term), data.alpha);
}

const std::shared_ptr<arrow::Schema>& DescribedSchema() {
  static const auto* const schema = new std::shared_ptr<arrow::Schema>(
      arrow::schema({arrow::field("topic", arrow::int32(), false),
                     arrow::field("termIndices", table::ListOf(arrow::int32(), false)),
                     arrow::field("termWeights", table::ListOf(arrow::float64(), false))}));
  return *schema;
}

base::StatusOr<int64_t> DescribedTerms(const Arguments& args) {
  if (args.empty()) return kDescribedTerms;
  if (args.size() == 1) {
    if (const auto* count = std::get_if<int64_t>(&args[0])) return *count;
  }
  return base::Fail(base::kMlAttribute, base::Cat(kDescribe, " takes one number"));
}

template <class T, class ArrayType>
std::shared_ptr<arrow::Array> Lists(std::vector<T> values, std::vector<int32_t> offsets) {
  const auto rows = static_cast<int64_t>(offsets.size()) - 1;
  const auto length = static_cast<int64_t>(values.size());
  auto elements = std::make_shared<ArrayType>(length, arrow::Buffer::FromVector(std::move(values)));
  auto type = table::ListOf(elements->type(), false);
  return std::make_shared<arrow::ListArray>(
      std::move(type), rows, arrow::Buffer::FromVector(std::move(offsets)), std::move(elements));
}

/// The heaviest terms of each topic, the heaviest first; of a trained topic by counts only terms
/// that some document has.
std::shared_ptr<arrow::Table> Described(const LdaData& data, size_t most) {
  std::vector<int32_t> topics, terms, offsets = {0};
  std::vector<double> weights;
  for (size_t j = 0; j < data.k(); ++j) {
    const double* topic = data.topics.data() + j * data.terms;
    double sum = 0;
    for (size_t w = 0; w < data.terms; ++w) sum += std::abs(topic[w]);
    std::vector<int32_t> order(data.terms);
    std::iota(order.begin(), order.end(), 0);
    if (data.training) {
      std::erase_if(order, [&](int32_t w) {
        for (size_t i = 0; i < data.k(); ++i) {
          if (data.topics[i * data.terms + static_cast<size_t>(w)] != 0) return false;
        }
        return true;
      });
    }
    std::stable_sort(order.begin(), order.end(),
                     [topic](int32_t a, int32_t b) { return topic[a] > topic[b]; });
    order.resize(std::min(order.size(), most));
    for (const int32_t term : order) {
      terms.push_back(term);
      weights.push_back(sum == 0 ? topic[term] : topic[term] / sum);
    }
    topics.push_back(static_cast<int32_t>(j));
    offsets.push_back(static_cast<int32_t>(terms.size()));
  }
  const auto rows = static_cast<int64_t>(topics.size());
  return arrow::Table::Make(
      DescribedSchema(),
      {std::make_shared<arrow::Int32Array>(rows, arrow::Buffer::FromVector(std::move(topics))),
       Lists<int32_t, arrow::Int32Array>(std::move(terms), offsets),
       Lists<double, arrow::DoubleArray>(std::move(weights), offsets)},
      rows);
}

}  // namespace

base::StatusOr<std::shared_ptr<const Model>> LdaModel::Make(Params params, LdaData data) {
  const bool distributed = &params.info() == &DistributedLdaModelInfo();
  if (data.k() == 0 || data.terms == 0 || data.terms > INT32_MAX ||
      data.topics.size() > kTopicEntriesMax || data.topics.size() % data.k() != 0 ||
      data.topics.size() / data.k() != data.terms || data.training.has_value() != distributed) {
    return Malformed();
  }
  auto inference = InferenceOf(data);
  return std::shared_ptr<const Model>(new LdaModel(
      std::move(params), std::make_shared<const LdaData>(std::move(data)), std::move(inference)));
}

base::StatusOr<std::shared_ptr<const Model>> LdaModel::Decode(Params params,
                                                              std::string_view bytes) {
  base::FieldReader r(bytes);
  LdaData data;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view alpha, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(data.eta, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view topics, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(const bool training, r.NextBool());
  if (training) {
    data.training = LdaData::Training{};
    SOTERIA_ASSIGN_OR_RETURN(data.training->log_likelihood, r.NextDouble());
    SOTERIA_ASSIGN_OR_RETURN(data.training->log_prior, r.NextDouble());
  }
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  SOTERIA_ASSIGN_OR_RETURN(data.alpha, stats::UnpackDoubles(alpha));
  SOTERIA_ASSIGN_OR_RETURN(data.topics, stats::UnpackDoubles(topics));
  if (data.alpha.empty()) return Malformed();
  data.terms = data.topics.size() / data.alpha.size();
  return Make(std::move(params), std::move(data));
}

std::string LdaModel::EncodeData() const {
  base::FieldWriter w;
  w.Add(stats::PackDoubles(data_->alpha)).AddDouble(data_->eta);
  w.Add(stats::PackDoubles(data_->topics)).AddBool(data_->training.has_value());
  if (data_->training) {
    w.AddDouble(data_->training->log_likelihood).AddDouble(data_->training->log_prior);
  }
  return w.Take();
}

std::shared_ptr<arrow::Field> LdaModel::OutputField(const std::string& name) const {
  const auto k = static_cast<int32_t>(data_->k());
  return table::WithSparkMetadata(table::VectorField(name, true, k), VectorAttributes(k));
}

base::StatusOr<std::shared_ptr<arrow::Schema>> LdaModel::OutputSchema(
    const arrow::Schema& input) const {
  SOTERIA_RETURN_IF_ERROR(CheckLdaInput(params_, input));
  const std::string& output = params_.String("topicDistributionCol");
  if (output.empty()) return FindField(input, output).status();
  return arrow::schema(WithColumn(input.fields(), OutputField(output)), input.metadata());
}

base::StatusOr<std::shared_ptr<arrow::Table>> LdaModel::Apply(
    std::shared_ptr<arrow::Table> input) const {
  SOTERIA_RETURN_IF_ERROR(OutputSchema(*input->schema()).status());
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<table::VectorReader> chunks,
                           ReadVectorColumn(*input, params_.String("featuresCol")));
  const auto field = OutputField(params_.String("topicDistributionCol"));
  const size_t k = data_->k();
  const InferenceStart start(k, LdaModelSeed());
  arrow::ArrayVector arrays;
  Topics::Document document;
  for (const table::VectorReader& rows : chunks) {
    if (rows.null_count() > 0) {
      return base::Fail(base::kIllegalArgument,
                        base::Cat(class_name(), ": a feature vector is null"));
    }
    std::vector<double> values(static_cast<size_t>(rows.rows()) * k, 0.0);
    for (int64_t i = 0; i < rows.rows(); ++i) {
      document.Take(rows.Get(i));
      if (document.ids.empty()) continue;
      SOTERIA_RETURN_IF_ERROR(inference_->Infer(start, document));
      double sum = 0;
      for (const double gamma : document.gamma) sum += std::abs(gamma);
      double* to = values.data() + static_cast<size_t>(i) * k;
      for (size_t j = 0; j < k; ++j) to[j] = sum == 0 ? document.gamma[j] : document.gamma[j] / sum;
    }
    SOTERIA_ASSIGN_OR_RETURN(arrays.emplace_back(),
                             DenseArray(std::move(values), rows.rows(), static_cast<int32_t>(k)));
  }
  return WithColumn(input, field,
                    std::make_shared<arrow::ChunkedArray>(std::move(arrays), field->type()));
}

base::StatusOr<Attribute> LdaModel::Get(std::string_view method, const Arguments& args) const {
  if (args.empty()) {
    if (method == "vocabSize") return Attribute(static_cast<int64_t>(data_->terms));
    if (method == "isDistributed") return Attribute(data_->training.has_value());
    if (method == "topicsMatrix") {
      MatrixValue matrix;
      matrix.num_rows = static_cast<int32_t>(data_->terms);
      matrix.num_cols = static_cast<int32_t>(data_->k());
      matrix.values = data_->topics;
      return Attribute(std::move(matrix));
    }
    if (method == "estimatedDocConcentration") return Attribute(table::DenseVector(data_->alpha));
    if (method == "toString") {
      return Attribute(base::Cat(params_.info().short_name(), ": uid=", uid(),
                                 ", k=", params_.Int("k"), ", numFeatures=", data_->terms));
    }
    if (data_->training) {
      if (method == "trainingLogLikelihood") return Attribute(data_->training->log_likelihood);
      if (method == "logPrior") return Attribute(data_->training->log_prior);
      // Enclaves write no checkpoints.
      if (method == "getCheckpointFiles") return Attribute(std::vector<std::string>());
    }
  }
  return base::Fail(base::kMlAttribute,
                    base::Cat(method, " in ", class_name(), " is not allowed to be accessed."));
}

std::vector<std::shared_ptr<const Model>> LdaModel::Models(std::string_view method) const {
  if (method != "toLocal" || !data_->training) return {};
  const auto params = params_.CopyTo(LocalLdaModelInfo());
  if (!params.ok()) return {};
  auto data = std::make_shared<LdaData>(*data_);
  data->training.reset();
  return {std::shared_ptr<const Model>(new LdaModel(*params, std::move(data), inference_))};
}

std::optional<Model::MadeOfModels> LdaModel::MadeOf(std::string_view method) const {
  if (method != "toLocal" || !data_->training) return std::nullopt;  // the distributed class has it
  return MadeOfModels{1};
}

base::StatusOr<std::shared_ptr<arrow::Schema>> LdaModel::RowsSchema(std::string_view method,
                                                                    const Arguments& args) const {
  if (method != kDescribe) return nullptr;
  SOTERIA_RETURN_IF_ERROR(DescribedTerms(args).status());
  return DescribedSchema();
}

base::StatusOr<std::shared_ptr<arrow::Table>> LdaModel::Rows(std::string_view method,
                                                             const Arguments& args) const {
  if (method != kDescribe) return Model::Rows(method, args);
  SOTERIA_ASSIGN_OR_RETURN(const int64_t most, DescribedTerms(args));
  return Described(*data_, static_cast<size_t>(std::max<int64_t>(most, 0)));
}

base::StatusOr<std::shared_ptr<const Summary>> LdaModel::Over(std::string_view method,
                                                              const Arguments& args,
                                                              const arrow::Schema& input) const {
  if (method != LikelihoodSummary::kLikelihood && method != LikelihoodSummary::kPerplexity) {
    return nullptr;
  }
  if (!args.empty()) {
    return base::Fail(base::kMlAttribute, base::Cat(method, " takes a table and nothing else"));
  }
  SOTERIA_RETURN_IF_ERROR(CheckLdaFeatures(params_, input));
  return std::make_shared<const LikelihoodSummary>(params_, data_, method);
}

base::StatusOr<std::shared_ptr<const Model>> LdaModel::WithParams(const ParamMap& set) const {
  SOTERIA_ASSIGN_OR_RETURN(Params params, params_.With(set));
  return std::shared_ptr<const Model>(new LdaModel(std::move(params), data_, inference_));
}

base::Status LdaModel::CheckColumns(const Params& params, const arrow::Schema& input) const {
  return CheckLdaInput(params, input);
}

uint64_t LdaModel::bytes() const {
  return sizeof(*this) + (2 * data_->topics.size() + data_->alpha.size()) * sizeof(double);
}

}  // namespace soteria::ml
