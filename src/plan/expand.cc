// Nodes that make several rows of one.
#include <utility>

#include "arrow/type.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/generate.h"
#include "src/plan/logical.h"
#include "src/plan/node.h"

namespace soteria::plan {
namespace {

constexpr base::Condition kAliasNumber = {"UDTF_ALIAS_NUMBER_MISMATCH",
                                          base::exception_class::kAnalysis, "42802",
                                          absl::StatusCode::kInvalidArgument};

}  // namespace

base::StatusOr<PlanPtr> Builder::Generate(PlanPtr input, exec::Generator generator,
                                          std::vector<int> kept, std::vector<std::string> names,
                                          std::string qualifier) {
  SOTERIA_ASSIGN_OR_RETURN(const auto fields, exec::GeneratorFields(generator, *input->schema));
  if (names.empty()) {
    for (const auto& field : fields) names.push_back(field->name());
  }
  if (names.size() != fields.size()) {
    return base::Fail(
        kAliasNumber,
        base::Cat("The number of aliases supplied in the AS clause does not match the number of "
                  "columns output by the UDTF. Expected ",
                  fields.size(), " aliases, but got ", base::Joined(names, ","),
                  ". Please ensure that the number of aliases provided matches the number of "
                  "columns output by the UDTF."));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto schema,
                           exec::Generate(generator, kept, names)->OutputSchema(*input->schema));
  std::vector<Column> columns;
  for (const int column : kept) columns.push_back(input->columns.at(static_cast<size_t>(column)));
  for (size_t i = 0; i < names.size(); ++i) columns.push_back({next_id_++, qualifier});
  return MakeNode(GenerateNode{std::move(generator), std::move(kept), std::move(names)},
                  std::move(schema), std::move(columns), {std::move(input)});
}

base::StatusOr<PlanPtr> Builder::Expand(PlanPtr input, std::vector<std::vector<exec::ExprPtr>> rows,
                                        std::vector<std::string> names,
                                        const std::vector<int>& passes) {
  if (rows.empty() || names.empty()) return base::Fail(base::kInternal, "Expand: of nothing");
  if (rows.size() > exec::kExpandRowsMax || rows.size() * names.size() > exec::kExprNodesMax) {
    return base::NotSupported(base::Cat("More than ", exec::kExpandRowsMax,
                                        " copies of each row (grouping sets, or columns of "
                                        "unpivot), or ",
                                        exec::kExprNodesMax, " values of all copies"));
  }
  SOTERIA_ASSIGN_OR_RETURN(auto schema, exec::Expand(rows, names)->OutputSchema(*input->schema));
  std::vector<Column> columns;
  for (const int from : passes) {
    columns.push_back(from < 0 ? Column{next_id_++} : input->columns.at(static_cast<size_t>(from)));
  }
  return MakeNode(ExpandNode{std::move(rows), std::move(names)}, std::move(schema),
                  std::move(columns), {std::move(input)});
}

}  // namespace soteria::plan
