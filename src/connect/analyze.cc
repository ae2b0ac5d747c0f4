#include "src/connect/analyze.h"

#include <arrow/type.h>

#include <string>
#include <variant>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/relations.h"
#include "src/connect/types.h"
#include "src/connect/unsupported.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::AnalyzePlanRequest;
using spark::connect::AnalyzePlanResponse;

/// FNV-1a: the same number for the same plan, in every session.
int32_t TextHash(std::string_view text) {
  uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return static_cast<int32_t>(hash);
}

class Analyst {
 public:
  Analyst(SessionState& state, AnalyzePlanResponse* response)
      : state_(state), response_(*response) {}

  base::Status Run(const AnalyzePlanRequest& request) {
    switch (request.analyze_case()) {
      case AnalyzePlanRequest::kSchema:
        return Schema(request.schema().plan());
      case AnalyzePlanRequest::kExplain: {
        SOTERIA_ASSIGN_OR_RETURN(auto plan, Root(request.explain().plan()));
        response_.mutable_explain()->set_explain_string(
            base::Cat("== Physical Plan ==\n", plan::Explain(*plan)));
        return base::OkStatus();
      }
      case AnalyzePlanRequest::kTreeString: {
        SOTERIA_ASSIGN_OR_RETURN(auto plan, Root(request.tree_string().plan()));
        const int level = request.tree_string().has_level() ? request.tree_string().level() : 0;
        response_.mutable_tree_string()->set_tree_string(TreeString(*plan->schema, level));
        return base::OkStatus();
      }
      case AnalyzePlanRequest::kIsLocal: {
        SOTERIA_ASSIGN_OR_RETURN(auto plan, Root(request.is_local().plan()));
        response_.mutable_is_local()->set_is_local(
            std::holds_alternative<plan::LocalNode>(plan->node));
        return base::OkStatus();
      }
      case AnalyzePlanRequest::kIsStreaming:
        response_.mutable_is_streaming()->set_is_streaming(false);
        return base::OkStatus();
      case AnalyzePlanRequest::kSparkVersion:
        response_.mutable_spark_version()->set_version(kSparkVersion);
        return base::OkStatus();
      case AnalyzePlanRequest::kDdlParse:
        return ParseDdl(request.ddl_parse().ddl_string());
      case AnalyzePlanRequest::kSameSemantics: {
        SOTERIA_ASSIGN_OR_RETURN(auto a, Root(request.same_semantics().target_plan()));
        SOTERIA_ASSIGN_OR_RETURN(auto b, Root(request.same_semantics().other_plan()));
        response_.mutable_same_semantics()->set_result(plan::SameSemantics(*a, *b));
        return base::OkStatus();
      }
      case AnalyzePlanRequest::kSemanticHash: {
        SOTERIA_ASSIGN_OR_RETURN(auto plan, Root(request.semantic_hash().plan()));
        response_.mutable_semantic_hash()->set_result(TextHash(plan::Explain(*plan)));
        return base::OkStatus();
      }
      default:
        return Storage(request);
    }
  }

 private:
  base::StatusOr<plan::PlanPtr> Planned(const spark::connect::Relation& relation) {
    return RelationConverter(state_, RelationConverter::For::kAnalysis).Convert(relation);
  }

  base::StatusOr<plan::PlanPtr> Root(const spark::connect::Plan& plan) {
    if (!plan.has_root()) return base::Fail(base::kAnalysis, "A plan without a root");
    const auto& root = plan.root();
    return Planned(root.has_show_string() ? root.show_string().input() : root);
  }

  base::Status Schema(const spark::connect::Plan& plan) {
    auto* out = response_.mutable_schema()->mutable_schema();
    if (plan.root().has_show_string()) {
      return FillSchema(*arrow::schema({arrow::field("show_string", arrow::utf8(), false)}), out);
    }
    SOTERIA_ASSIGN_OR_RETURN(auto resolved, Root(plan));
    SOTERIA_ASSIGN_OR_RETURN(const auto schema, state_.session().SchemaOf(resolved));
    return FillSchema(*schema.value(), out);
  }

  base::Status ParseDdl(const std::string& ddl) {
    auto* out = response_.mutable_ddl_parse()->mutable_parsed();
    if (auto type = table::TypeFromDdl(ddl); type.ok()) {
      return FillDataType(*arrow::field("", *type), out);
    }
    SOTERIA_ASSIGN_OR_RETURN(auto schema, table::SchemaFromDdl(ddl));
    return FillSchema(*schema, out);
  }

  base::Status Storage(const AnalyzePlanRequest& request) {
    switch (request.analyze_case()) {
      case AnalyzePlanRequest::kPersist: {
        SOTERIA_ASSIGN_OR_RETURN(auto plan, Planned(request.persist().relation()));
        state_.session().Persist(plan);
        response_.mutable_persist();
        return base::OkStatus();
      }
      case AnalyzePlanRequest::kUnpersist: {
        SOTERIA_ASSIGN_OR_RETURN(auto plan, Planned(request.unpersist().relation()));
        state_.session().Unpersist(plan);
        response_.mutable_unpersist();
        return base::OkStatus();
      }
      case AnalyzePlanRequest::kGetStorageLevel: {
        SOTERIA_ASSIGN_OR_RETURN(auto plan, Planned(request.get_storage_level().relation()));
        auto* level = response_.mutable_get_storage_level()->mutable_storage_level();
        level->set_replication(1);
        if (state_.session().IsPersisted(plan)) {
          level->set_use_disk(true);  // sealed, where memory has no room
          level->set_use_memory(true);
          level->set_deserialized(true);
        }
        return base::OkStatus();
      }
      default:
        return RefuseAnalysis(request);
    }
  }

  SessionState& state_;
  AnalyzePlanResponse& response_;
};

}  // namespace

base::Status Analyze(const AnalyzePlanRequest& request, SessionState& state,
                     AnalyzePlanResponse* response) {
  return Analyst(state, response).Run(request);
}

}  // namespace soteria::connect
