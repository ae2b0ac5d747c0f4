#include "src/ml/als/persistence.h"

#include <arrow/table.h>

#include <utility>

#include "src/base/errors.h"
#include "src/ml/als/model.h"

namespace soteria::ml {
namespace {

base::StatusOr<Factors> FactorsIn(SavedModel& saved, const char* directory, int64_t rank) {
  SOTERIA_ASSIGN_OR_RETURN(const auto table, saved.Rows(directory));
  SOTERIA_ASSIGN_OR_RETURN(Factors factors, Factors::FromTable(*table, static_cast<int32_t>(rank)));
  factors.from_file = true;
  return factors;
}

}  // namespace

base::StatusOr<ModelFiles> SaveAls(const Transformer& model) {
  const AlsData& data = dynamic_cast<const AlsModel&>(model).data();
  SOTERIA_ASSIGN_OR_RETURN(auto users, data.users.ToTable());
  SOTERIA_ASSIGN_OR_RETURN(auto items, data.items.ToTable());
  ModelFiles files;
  files.tables = {{"userFactors", std::move(users)}, {"itemFactors", std::move(items)}};
  files.numbers = {{"rank", data.users.rank}};
  return files;
}

base::StatusOr<std::shared_ptr<const Model>> LoadAls(Params params, SavedModel& saved) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t rank, saved.Number("rank"));
  if (rank < 1 || rank > kAlsRankMax) return base::Fail(base::kProtocol, "model data: rank");
  SOTERIA_ASSIGN_OR_RETURN(Factors users, FactorsIn(saved, "userFactors", rank));
  SOTERIA_ASSIGN_OR_RETURN(Factors items, FactorsIn(saved, "itemFactors", rank));
  SOTERIA_ASSIGN_OR_RETURN(std::shared_ptr<const Model> model,
                           AlsModel::Make(std::move(params), std::move(users), std::move(items)));
  return model;
}

}  // namespace soteria::ml
