#include <string>
#include <utility>

#include "spark/connect/ml_common.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/errors.h"
#include "src/connect/literals.h"
#include "src/connect/ml_commands.h"
#include "src/connect/relations.h"

namespace soteria::connect {

RelationConverter::ResolvedOr RelationConverter::Ml(const spark::connect::MlRelation& ml) {
  if (ml.has_fetch()) {
    // Of a training's summary the client sends its table too, in case the summary is lost, which
    // it isn't here.
    const auto& methods = ml.fetch().methods();
    std::string object = ml.fetch().obj_ref().id();
    int at = 0;
    if (methods.size() == 2 && methods[0].method() == "summary") {
      object += master::kSummarySuffix;
      at = 1;
    }
    if (at + 1 != methods.size() || methods[at].args_size() != 0) {
      return base::Fail(
          base::kMlAttribute,
          base::Cat("The attribute `", methods.empty() ? "" : methods[methods.size() - 1].method(),
                    "` is a DataFrame, which is not supported in an enclave"));
    }
    SOTERIA_ASSIGN_OR_RETURN(auto table,
                             state_.session().SummaryTable(object, methods[at].method()));
    return Resolved{std::move(table)};
  }
  if (!ml.has_transform()) return RefuseNode("relation", "ml_relation");
  const auto& transform = ml.transform();
  SOTERIA_ASSIGN_OR_RETURN(Resolved input, Resolve(transform.input()));
  SOTERIA_ASSIGN_OR_RETURN(ml::ParamMap params, ToParamMap(transform.params()));
  if (transform.has_obj_ref()) {
    SOTERIA_ASSIGN_OR_RETURN(
        input.plan, state_.session().Transform(input.plan, transform.obj_ref().id(), params));
    return input;
  }
  SOTERIA_ASSIGN_OR_RETURN(auto transformer,
                           state_.session().MakeTransformer(transform.transformer().name(),
                                                            transform.transformer().uid(), params));
  SOTERIA_ASSIGN_OR_RETURN(input.plan,
                           builder_.Transform(std::move(input.plan), std::move(transformer)));
  return input;
}

}  // namespace soteria::connect
