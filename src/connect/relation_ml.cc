#include <string>
#include <utility>

#include "spark/connect/ml_common.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/literals.h"
#include "src/connect/ml_commands.h"
#include "src/connect/relations.h"
#include "src/connect/unsupported.h"

namespace soteria::connect {

RelationConverter::PlanOr RelationConverter::Ml(const spark::connect::MlRelation& ml) {
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
    if (at + 1 != methods.size()) {
      const std::string method = methods.empty() ? "" : methods[methods.size() - 1].method();
      if (object == kMlHelperId) return RefuseHelper(method);
      return base::NotSupported(base::Cat("The attribute ", method, " of a model"));
    }
    master::MethodCall call{methods[at].method(), {}};
    if (object == kMlHelperId) return RefuseHelper(call.method);
    for (const auto& arg : methods[at].args()) {
      if (!arg.has_input()) {
        SOTERIA_ASSIGN_OR_RETURN(call.args.emplace_back(), ToParamValue(arg.param()));
      } else if (call.args.empty() && call.table == nullptr) {
        SOTERIA_ASSIGN_OR_RETURN(call.table, Resolve(arg.input()));
      } else {
        return base::NotSupported(base::Cat("The attribute ", call.method, " of a model"));
      }
    }
    return state_.session().AttributeTable(object, call);
  }
  if (!ml.has_transform()) return base::NotSupported("The ML relation `ml_relation`");
  const auto& transform = ml.transform();
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(transform.input()));
  SOTERIA_ASSIGN_OR_RETURN(ml::ParamMap params, ToParamMap(transform.params()));
  if (transform.has_obj_ref()) {
    return state_.session().Transform(input, transform.obj_ref().id(), params);
  }
  return state_.session().TransformBy(input, transform.transformer().name(),
                                      transform.transformer().uid(), params);
}

}  // namespace soteria::connect
