#include "src/ml/kmeans/persistence.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/ml/columns.h"
#include "src/ml/kmeans/model.h"
#include "src/table/types.h"

namespace soteria::ml {
namespace {

base::Status Malformed(const char* why) {
  return base::Fail(base::kProtocol, base::Cat("KMeansModel data: ", why));
}

}  // namespace

base::StatusOr<ModelFiles> SaveKMeans(const Transformer& model) {
  const Centers& centers = dynamic_cast<const KMeansModel&>(model).centers();
  std::vector<int32_t> index(centers.count());
  std::iota(index.begin(), index.end(), 0);
  table::VectorBuilder builder;
  for (size_t i = 0; i < centers.count(); ++i) {
    SOTERIA_RETURN_IF_ERROR(builder.AppendDense({centers.row(i), centers.size()}));
  }
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> rows, builder.Finish());
  const auto count = static_cast<int64_t>(centers.count());
  return DataTable(arrow::Table::Make(
      arrow::schema({arrow::field("clusterIdx", arrow::int32(), false),
                     table::VectorField("clusterCenter", true, std::nullopt)}),
      {std::make_shared<arrow::Int32Array>(count, arrow::Buffer::FromVector(std::move(index))),
       std::move(rows)}));
}

base::StatusOr<std::shared_ptr<const Model>> LoadKMeans(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const auto data, saved.Data());
  if (data->GetColumnByName("clusterIdx") == nullptr ||
      data->GetColumnByName("clusterCenter") == nullptr) {
    return Malformed("a column is missing");
  }
  SOTERIA_ASSIGN_OR_RETURN(const Numbers index, ReadNumbers(*data, "clusterIdx"));
  SOTERIA_ASSIGN_OR_RETURN(const auto read,
                           table::ReadVectors(*data->GetColumnByName("clusterCenter")));
  std::vector<std::pair<double, std::vector<double>>> centers;
  for (size_t i = 0; i < read.size(); ++i) {
    if (!read[i].has_value()) return Malformed("a center is null");
    centers.emplace_back(index.values[i], table::ToDense(table::View(*read[i])).values);
    if (centers.back().second.size() != centers.front().second.size()) {
      return Malformed("the centers' sizes differ");
    }
  }
  if (centers.empty() || index.null_count > 0) return Malformed("no centers");
  std::stable_sort(centers.begin(), centers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const size_t size = centers.front().second.size();
  std::vector<double> rows;
  for (const auto& [at, center] : centers) rows.insert(rows.end(), center.begin(), center.end());
  const DistanceMeasure measure = MeasureOf(params);
  SOTERIA_ASSIGN_OR_RETURN(
      std::shared_ptr<const Model> model,
      KMeansModel::Make(std::move(params), Centers(measure, std::move(rows), read.size(), size)));
  return model;
}

}  // namespace soteria::ml
