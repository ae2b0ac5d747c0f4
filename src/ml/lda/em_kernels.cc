#include "src/ml/lda/em_kernels.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "src/base/errors.h"
#include "src/ml/lda/inference.h"
#include "src/ml/linalg/lanes.h"
#include "src/stats/doubles.h"
#include "src/table/spark_random.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

constexpr const char* kLists[] = {"ends", "terms", "counts", "topics"};

base::Status NoDocuments() {
  return base::Fail(base::kProtocol, "LDA: a block of documents that is none");
}

/// One row: a list.
template <class T, class ArrayType>
std::shared_ptr<arrow::Array> OneList(std::vector<T> values) {
  const auto length = static_cast<int32_t>(values.size());
  auto elements =
      std::make_shared<ArrayType>(int64_t{length}, arrow::Buffer::FromVector(std::move(values)));
  auto type = table::ListOf(elements->type(), false);
  return std::make_shared<arrow::ListArray>(
      std::move(type), 1, arrow::Buffer::FromVector(std::vector<int32_t>{0, length}),
      std::move(elements));
}

template <class ArrayType>
base::StatusOr<std::span<const typename ArrayType::value_type>> ReadList(const arrow::Table& table,
                                                                         const char* name) {
  const auto column = table.GetColumnByName(name);
  if (column == nullptr || column->num_chunks() != 1 || column->length() != 1) {
    return NoDocuments();
  }
  if (column->type()->id() != arrow::Type::LIST || column->null_count() > 0) return NoDocuments();
  const auto& list = static_cast<const arrow::ListArray&>(*column->chunk(0));
  if (list.values()->type_id() != ArrayType::TypeClass::type_id) return NoDocuments();
  const auto& elements = static_cast<const ArrayType&>(*list.values());
  return std::span<const typename ArrayType::value_type>(
      elements.raw_values() + list.value_offset(0), static_cast<size_t>(list.value_length(0)));
}

struct Documents {
  std::span<const int32_t> ends;  // of each document, in the next two
  std::span<const int32_t> terms;
  std::span<const double> counts;
  std::span<const double> topics;  // k numbers a document

  /// Errors: kProtocol where they don't agree, or have other terms.
  static base::StatusOr<Documents> Of(const Part& part, size_t k, size_t vocabulary) {
    SOTERIA_ASSIGN_OR_RETURN(const arrow::Table* table, RowsOf(part));
    Documents read;
    SOTERIA_ASSIGN_OR_RETURN(read.ends, ReadList<arrow::Int32Array>(*table, kLists[0]));
    SOTERIA_ASSIGN_OR_RETURN(read.terms, ReadList<arrow::Int32Array>(*table, kLists[1]));
    SOTERIA_ASSIGN_OR_RETURN(read.counts, ReadList<arrow::DoubleArray>(*table, kLists[2]));
    SOTERIA_ASSIGN_OR_RETURN(read.topics, ReadList<arrow::DoubleArray>(*table, kLists[3]));
    int32_t last = 0;
    for (const int32_t end : read.ends) {
      if (end < last) return NoDocuments();
      last = end;
    }
    bool inside = static_cast<size_t>(last) == read.terms.size() &&
                  read.terms.size() == read.counts.size() &&
                  read.topics.size() == read.ends.size() * k;
    for (const int32_t term : read.terms) {
      inside &= static_cast<uint32_t>(term) < static_cast<uint64_t>(vocabulary);
    }
    if (!inside) return NoDocuments();
    return read;
  }

  /// Calls `each(document, first, end)`.
  template <typename Each>
  void ForEach(Each each) const {
    size_t first = 0;
    for (size_t d = 0; d < ends.size(); ++d) {
      const auto end = static_cast<size_t>(ends[d]);
      each(d, first, end);
      first = end;
    }
  }
};

/// A token's first distribution over topics, as MLlib draws it: `k` numbers whose sum is 1.
void DrawShares(table::JavaRandom& random, std::vector<double>& shares) {
  double sum = 0;
  for (double& share : shares) {
    share = random.NextDouble();
    sum += share;
  }
  if (sum == 0) return;
  for (double& share : shares) share /= sum;
}

table::JavaRandom RandomOf(int64_t seed, uint64_t partition) {
  return table::JavaRandom(static_cast<int64_t>(static_cast<uint64_t>(seed) + partition));
}

base::StatusOr<size_t> ReadTopics(base::FieldReader& r) {
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t k, r.NextU64());
  if (k == 0 || k > kTopicEntriesMax) return base::Fail(base::kProtocol, "LDA: no such k");
  return static_cast<size_t>(k);
}

/// Sums of `size` numbers.
base::StatusOr<std::string> MergeSums(std::vector<std::string> children, size_t size) {
  std::vector<double> all(size, 0.0);
  for (std::string& bytes : children) {
    SOTERIA_ASSIGN_OR_RETURN(const std::vector<double> one,
                             stats::UnpackDoubles(std::exchange(bytes, {})));
    if (one.size() != size) return base::Fail(base::kProtocol, "LDA: sums of another size");
    for (size_t i = 0; i < size; ++i) all[i] += one[i];
  }
  return stats::PackDoubles(all);
}

/// A document's counts of topics with its prior, in lanes.
void SmoothedTopics(const Documents& documents, size_t d, const TopicCounts& counts,
                    table::AlignedDoubles& smoothed) {
  const double* topics = documents.topics.data() + d * counts.k;
  for (size_t j = 0; j < counts.k; ++j) smoothed[j] = topics[j] + (counts.alpha - 1.0);
}

/// Adds a token's distribution over topics, `count` times, to `sums`.
void AddToken(const double* shares, const double* topics, double count, size_t stride,
              double* sums) {
  Lanes sum = {};
  for (size_t j = 0; j < stride; j += kLanes) {
    sum += Load(shares + j) * Load(topics + j);
  }
  const double scale = count / ((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (size_t j = 0; j < stride; j += kLanes) {
    Store(sums + j, Load(sums + j) + scale * (Load(shares + j) * Load(topics + j)));
  }
}

}  // namespace

void TopicCounts::Set(std::vector<double> sums) {
  by_term = std::move(sums);
  totals.assign(k, 0.0);
  for (size_t w = 0; w < terms(); ++w) {
    for (size_t j = 0; j < k; ++j) totals[j] += by_term[w * k + j];
  }
}

void TopicCounts::Write(base::FieldWriter& w) const {
  w.AddU64(k).AddDouble(alpha).AddDouble(eta).Add(stats::PackDoubles(by_term));
}

base::StatusOr<TopicCounts> TopicCounts::Read(base::FieldReader& r) {
  TopicCounts counts;
  SOTERIA_ASSIGN_OR_RETURN(counts.k, ReadTopics(r));
  SOTERIA_ASSIGN_OR_RETURN(counts.alpha, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(counts.eta, r.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, r.Next());
  SOTERIA_ASSIGN_OR_RETURN(std::vector<double> sums, stats::UnpackDoubles(bytes));
  if (sums.size() > kTopicEntriesMax || sums.size() % counts.k != 0) {
    return base::Fail(base::kProtocol, "LDA: entries of another size");
  }
  counts.Set(std::move(sums));
  return counts;
}

std::string EmStartStep::Encode() const {
  base::FieldWriter w;
  w.AddU64(k_).AddI64(seed_);
  return w.Take();
}

base::StatusOr<StepPtr> EmStartStep::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const size_t k, ReadTopics(r));
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, r.NextI64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  return std::make_unique<const EmStartStep>(k, seed);
}

base::StatusOr<std::shared_ptr<arrow::Table>> EmStartStep::Next(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  table::JavaRandom random = RandomOf(seed_, part.partition);
  std::vector<int32_t> ends, terms;
  std::vector<double> counts, topics, shares(k_);
  constexpr auto kMost = static_cast<size_t>(std::numeric_limits<int32_t>::max());
  Topics::Document document;
  for (size_t i = 0; i < static_cast<size_t>(block->rows); ++i) {
    document.Take(*block, i);
    if (document.ids.empty()) continue;
    terms.insert(terms.end(), document.ids.begin(), document.ids.end());
    counts.insert(counts.end(), document.counts.begin(), document.counts.end());
    topics.resize(topics.size() + k_, 0.0);
    if (terms.size() > kMost || topics.size() > kMost) {
      return base::Fail(base::kMemoryLimit, "LDA: too many documents in one partition");
    }
    ends.push_back(static_cast<int32_t>(terms.size()));
    double* sums = topics.data() + topics.size() - k_;
    for (const double count : document.counts) {
      DrawShares(random, shares);
      for (size_t j = 0; j < k_; ++j) sums[j] += shares[j] * count;
    }
  }
  const arrow::ArrayVector lists = {OneList<int32_t, arrow::Int32Array>(std::move(ends)),
                                    OneList<int32_t, arrow::Int32Array>(std::move(terms)),
                                    OneList<double, arrow::DoubleArray>(std::move(counts)),
                                    OneList<double, arrow::DoubleArray>(std::move(topics))};
  arrow::FieldVector fields;
  for (size_t i = 0; i < lists.size(); ++i) {
    fields.push_back(arrow::field(kLists[i], lists[i]->type(), false));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), lists, 1);
}

std::string EmStartKernel::Encode() const {
  base::FieldWriter w;
  w.AddU64(k_).AddU64(terms_).AddI64(seed_);
  return w.Take();
}

base::StatusOr<KernelPtr> EmStartKernel::Decode(std::string_view bytes) {
  base::FieldReader r(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const size_t k, ReadTopics(r));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t terms, r.NextU64());
  SOTERIA_ASSIGN_OR_RETURN(const int64_t seed, r.NextI64());
  SOTERIA_RETURN_IF_ERROR(r.Finish());
  if (terms > kTopicEntriesMax / k) return base::Fail(base::kProtocol, "LDA: too many terms");
  return std::make_unique<EmStartKernel>(k, static_cast<size_t>(terms), seed);
}

base::StatusOr<std::string> EmStartKernel::Map(const Part& part) const {
  SOTERIA_ASSIGN_OR_RETURN(const table::FeatureBlock* block, FeaturesOf(part));
  if (block->rows > 0 && static_cast<size_t>(block->cols) != terms_) {
    return base::Fail(base::kProtocol, "LDA: documents of another size");
  }
  table::JavaRandom random = RandomOf(seed_, part.partition);
  std::vector<double> sums(k_ * terms_, 0.0), shares(k_);
  Topics::Document document;
  for (size_t i = 0; i < static_cast<size_t>(block->rows); ++i) {
    document.Take(*block, i);
    for (size_t p = 0; p < document.ids.size(); ++p) {
      DrawShares(random, shares);
      double* to = sums.data() + static_cast<size_t>(document.ids[p]) * k_;
      for (size_t j = 0; j < k_; ++j) to[j] += shares[j] * document.counts[p];
    }
  }
  return stats::PackDoubles(sums);
}

base::StatusOr<std::string> EmStartKernel::Merge(std::vector<std::string> children) const {
  return MergeSums(std::move(children), k_ * terms_);
}

TopicShares::TopicShares(TopicCounts counts)
    : counts_(std::move(counts)), stride_((counts_.k + kLanes - 1) / kLanes * kLanes) {
  const double eta = counts_.eta - 1.0;
  const double all = static_cast<double>(counts_.terms()) * eta;
  shares_.assign(counts_.terms() * stride_, 0.0);
  for (size_t w = 0; w < counts_.terms(); ++w) {
    for (size_t j = 0; j < counts_.k; ++j) {
      shares_[w * stride_ + j] =
          (counts_.by_term[w * counts_.k + j] + eta) / (counts_.totals[j] + all);
    }
  }
}

base::StatusOr<std::string> EmKernel::Map(const Part& part) const {
  const TopicCounts& counts = this->counts();
  SOTERIA_ASSIGN_OR_RETURN(const Documents documents,
                           Documents::Of(part, counts.k, counts.terms()));
  table::AlignedDoubles topics(shares().stride()), sums;
  std::fill(topics.begin(), topics.end(), 0.0);
  sums.assign(counts.terms() * shares().stride(), 0.0);
  documents.ForEach([&](size_t d, size_t first, size_t end) {
    SmoothedTopics(documents, d, counts, topics);
    for (size_t p = first; p < end; ++p) {
      const auto term = static_cast<size_t>(documents.terms[p]);
      AddToken(shares().row(term), topics.data(), documents.counts[p], shares().stride(),
               sums.data() + term * shares().stride());
    }
  });
  std::vector<double> packed(counts.by_term.size());
  for (size_t w = 0; w < counts.terms(); ++w) {
    std::copy_n(sums.data() + w * shares().stride(), counts.k, packed.data() + w * counts.k);
  }
  return stats::PackDoubles(packed);
}

base::StatusOr<std::string> EmKernel::Merge(std::vector<std::string> children) const {
  return MergeSums(std::move(children), counts().by_term.size());
}

base::StatusOr<std::shared_ptr<arrow::Table>> EmStep::Next(const Part& part) const {
  const TopicCounts& counts = this->counts();
  SOTERIA_ASSIGN_OR_RETURN(const Documents documents,
                           Documents::Of(part, counts.k, counts.terms()));
  table::AlignedDoubles topics(shares().stride()), sums(shares().stride());
  std::fill(topics.begin(), topics.end(), 0.0);
  std::vector<double> next(documents.topics.size());
  documents.ForEach([&](size_t d, size_t first, size_t end) {
    SmoothedTopics(documents, d, counts, topics);
    std::fill(sums.begin(), sums.end(), 0.0);
    for (size_t p = first; p < end; ++p) {
      AddToken(shares().row(static_cast<size_t>(documents.terms[p])), topics.data(),
               documents.counts[p], shares().stride(), sums.data());
    }
    std::copy_n(sums.data(), counts.k, next.data() + d * counts.k);
  });
  const arrow::Table& table = *part.table;
  auto list = OneList<double, arrow::DoubleArray>(std::move(next));
  std::vector<std::shared_ptr<arrow::ChunkedArray>> columns;
  for (const char* name : {kLists[0], kLists[1], kLists[2]}) {
    columns.push_back(table.GetColumnByName(name));
  }
  columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(list)));
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field(kLists[i], columns[i]->type(), false));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns), 1);
}

base::StatusOr<std::string> EmLikelihoodKernel::Map(const Part& part) const {
  const TopicCounts& counts = this->counts();
  SOTERIA_ASSIGN_OR_RETURN(const Documents documents,
                           Documents::Of(part, counts.k, counts.terms()));
  table::AlignedDoubles topics(shares().stride());
  double tokens = 0, prior = 0;
  documents.ForEach([&](size_t d, size_t first, size_t end) {
    SmoothedTopics(documents, d, counts, topics);
    double sum = 0, logs = 0;
    for (size_t j = 0; j < counts.k; ++j) sum += std::abs(topics[j]);
    for (size_t j = 0; j < counts.k; ++j) {
      topics[j] /= sum;
      logs += std::log(topics[j]);
    }
    prior += (counts.alpha - 1.0) * logs;
    for (size_t p = first; p < end; ++p) {
      const double* of_term = shares().row(static_cast<size_t>(documents.terms[p]));
      double product = 0;
      for (size_t j = 0; j < counts.k; ++j) product += of_term[j] * topics[j];
      tokens += documents.counts[p] * std::log(product);
    }
  });
  const double sums[] = {tokens, prior};
  return stats::PackDoubles(sums);
}

base::StatusOr<std::string> EmLikelihoodKernel::Merge(std::vector<std::string> children) const {
  return MergeSums(std::move(children), 2);
}

}  // namespace soteria::ml
