#include "src/connect/ml_commands.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/ml.pb.h"
#include "spark/connect/ml_common.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/errors.h"
#include "src/connect/literals.h"
#include "src/connect/relations.h"
#include "src/connect/unsupported.h"
#include "src/ml/catalog.h"
#include "src/ml/stop_words_remover/stop_words.h"

namespace soteria::connect {
namespace {

using spark::connect::MlCommand;
using spark::connect::MlCommandResult;

/// What ends clean_cache. PySpark asks for that when it exits, and then can't take an answer to its
/// end: what it drops is an open call, and Python's garbage collection, should it find that while
/// gRPC starts a thread, waits for ever. A call that an error has ended is nobody's to end.
constexpr base::Condition kCacheCleaned = {
    "SOTERIA.ML_CACHE_CLEANED", base::exception_class::kSpark, "", absl::StatusCode::kAborted};

class Runner {
 public:
  Runner(SessionState& state, Operation& operation, MlCommandResult* result)
      : state_(state), operation_(operation), result_(*result) {}

  base::Status Run(const MlCommand& command) {
    switch (command.command_case()) {
      case MlCommand::kFit:
        return Fit(command.fit());
      case MlCommand::kFetch:
        return Fetch(command.fetch());
      case MlCommand::kDelete:
        return Delete(command.delete_());
      case MlCommand::kWrite:
        return Write(command.write());
      case MlCommand::kRead:
        return Read(command.read());
      case MlCommand::kEvaluate:
        return Evaluate(command.evaluate());
      case MlCommand::kCleanCache:
        session().CleanCache();
        return base::Fail(kCacheCleaned, "The session's models are removed");
      case MlCommand::kGetCacheInfo:
        return CacheInfo();
      case MlCommand::kGetModelSize: {
        SOTERIA_ASSIGN_OR_RETURN(const auto bytes,
                                 session().ModelSize(command.get_model_size().model_ref().id()));
        result_.mutable_param()->set_long_(bytes.value());
        return base::OkStatus();
      }
      case MlCommand::kCreateSummary:
        // Summaries stay with their model, so there is never one to make again.
        result_.mutable_param()->set_boolean(true);
        return base::OkStatus();
      default: {
        const auto* field = MlCommand::descriptor()->FindFieldByNumber(command.command_case());
        return base::NotSupported(
            base::Cat("The ML command `", field == nullptr ? "(none)" : field->name(), "`"));
      }
    }
  }

 private:
  master::Session& session() { return state_.session(); }

  master::Progress Progress() {
    return [this](const master::StageProgress& at) { operation_.Progress(at); };
  }

  base::Status Fit(const MlCommand::Fit& fit) {
    SOTERIA_ASSIGN_OR_RETURN(const ml::ParamMap params, ToParamMap(fit.params()));
    SOTERIA_ASSIGN_OR_RETURN(auto input, RelationConverter(state_).Convert(fit.dataset()));
    SOTERIA_ASSIGN_OR_RETURN(
        auto fitted,
        session().Fit(fit.estimator().name(), fit.estimator().uid(), params, input, Progress()));
    auto* info = result_.mutable_operator_info();
    info->mutable_obj_ref()->set_id(fitted.value().model_id);
    if (!fitted.value().warning.empty()) info->set_warning_message(fitted.value().warning);
    return base::OkStatus();
  }

  base::Status Evaluate(const MlCommand::Evaluate& evaluate) {
    SOTERIA_ASSIGN_OR_RETURN(const ml::ParamMap params, ToParamMap(evaluate.params()));
    SOTERIA_ASSIGN_OR_RETURN(auto input, RelationConverter(state_).Convert(evaluate.dataset()));
    SOTERIA_ASSIGN_OR_RETURN(
        auto metric, session().Evaluate(evaluate.evaluator().name(), evaluate.evaluator().uid(),
                                        params, input, Progress()));
    result_.mutable_param()->set_double_(metric.value());
    return base::OkStatus();
  }

  base::Status Fetch(const spark::connect::Fetch& fetch) {
    if (fetch.methods_size() == 0 || fetch.methods_size() > kFetchMethodsMax) {
      return base::Fail(base::kMlAttribute, "A fetch needs a method");
    }
    std::string object = fetch.obj_ref().id();
    if (const auto& first = fetch.methods(0); fetch.methods_size() == 1 && first.args_size() == 1 &&
                                              first.method() == "evaluate" &&
                                              first.args(0).has_input()) {
      SOTERIA_ASSIGN_OR_RETURN(auto table,
                               RelationConverter(state_).Convert(first.args(0).input()));
      SOTERIA_ASSIGN_OR_RETURN(*result_.mutable_summary(), session().Summarize(object, table));
      return base::OkStatus();
    }
    std::vector<master::MethodCall> calls;
    for (const auto& method : fetch.methods()) {
      master::MethodCall call{method.method(), {}};
      for (const auto& arg : method.args()) {
        if (arg.has_input()) {
          if (object == kMlHelperId) return RefuseHelper(method.method());
          if (!call.args.empty() || call.table != nullptr || fetch.methods_size() != 1) {
            return base::NotSupported(base::Cat("The method ", method.method(), "() of a model"));
          }
          SOTERIA_ASSIGN_OR_RETURN(call.table, RelationConverter(state_).Convert(arg.input()));
          continue;
        }
        SOTERIA_ASSIGN_OR_RETURN(auto value, ToParamValue(arg.param()));
        call.args.push_back(std::move(value));
      }
      calls.push_back(std::move(call));
    }
    if (object == kMlHelperId) return Helper(calls);
    if (calls.size() > 1 && calls.front().method == "summary") {
      object += master::kSummarySuffix;
      calls.erase(calls.begin());
    }
    SOTERIA_ASSIGN_OR_RETURN(auto fetched, session().Fetch(object, calls));
    const master::FetchResult& value = fetched.value();
    if (value.is_summary) {
      result_.set_summary(value.object_id);
    } else if (!value.model_ids.empty()) {
      std::string& ids = *result_.mutable_operator_info()->mutable_obj_ref()->mutable_id();
      ids = base::Joined(value.model_ids, ",");
    } else {
      FillLiteral(value.value, result_.mutable_param());
    }
    return base::OkStatus();
  }

  base::Status Helper(const std::vector<master::MethodCall>& calls) {
    const master::MethodCall& call = calls.front();
    if (calls.size() != 1) return RefuseHelper(call.method);
    if (call.method.starts_with("stopWordsRemover")) return StopWords(call);
    if (const auto class_name = ml::ModelOfHelper(call.method)) return Make(*class_name, call);
    if (call.method != "handleOverwrite") return RefuseHelper(call.method);
    const auto* path = call.args.size() == 2 ? std::get_if<std::string>(&call.args[0]) : nullptr;
    const auto* overwrite = call.args.size() == 2 ? std::get_if<bool>(&call.args[1]) : nullptr;
    if (path == nullptr || overwrite == nullptr) {
      return base::Fail(base::kIllegalArgument, "handleOverwrite(path, shouldOverwrite)");
    }
    SOTERIA_RETURN_IF_ERROR(session().HandleOverwrite(*path, *overwrite));
    result_.mutable_param()->set_boolean(true);
    return base::OkStatus();
  }

  base::Status StopWords(const master::MethodCall& call) {
    if (call.method == "stopWordsRemoverGetDefaultOrUS") {
      result_.mutable_param()->set_string(ml::kDefaultLocale);
      return base::OkStatus();
    }
    const auto* language =
        call.args.size() == 1 ? std::get_if<std::string>(&call.args[0]) : nullptr;
    if (call.method != "stopWordsRemoverLoadDefaultStopWords" || language == nullptr) {
      return RefuseHelper(call.method);
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto words, ml::DefaultStopWords(*language));
    FillLiteral(words, result_.mutable_param());
    return base::OkStatus();
  }

  /// A model of the script's own labels or words.
  base::Status Make(std::string_view class_name, const master::MethodCall& call) {
    const auto* uid = call.args.size() == 2 ? std::get_if<std::string>(&call.args[0]) : nullptr;
    if (uid == nullptr) {
      return base::Fail(base::kIllegalArgument, base::Cat(call.method, "(uid, values)"));
    }
    ml::ParamValue values = call.args[1];
    if (call.method == "stringIndexerModelFromLabels") {
      if (auto* labels = std::get_if<std::vector<std::string>>(&values)) {
        values = ml::StringArrays{std::move(*labels)};
      }
    }
    SOTERIA_ASSIGN_OR_RETURN(auto model, ml::MakeModel(class_name, *uid, values));
    SOTERIA_ASSIGN_OR_RETURN(const std::string id, session().Adopt(std::move(model)));
    result_.mutable_operator_info()->mutable_obj_ref()->set_id(id);
    return base::OkStatus();
  }

  /// One JSON object a model; without its size where that may not leave.
  base::Status CacheInfo() {
    SOTERIA_ASSIGN_OR_RETURN(const auto cached, session().CacheInfo());
    std::vector<std::string> infos;
    for (const master::Session::Cached& one : cached) {
      nlohmann::json info = {{"id", one.id}, {"class", one.class_name}};
      if (one.bytes.has_value()) info["size"] = one.bytes->value();
      infos.push_back(info.dump());
    }
    FillLiteral(infos, result_.mutable_param());
    return base::OkStatus();
  }

  base::Status Delete(const MlCommand::Delete& request) {
    if (request.obj_refs_size() > kObjectsMax) {
      return base::Fail(base::kIllegalArgument, "Too many objects in one delete");
    }
    std::vector<std::string> ids;
    for (const auto& ref : request.obj_refs()) ids.push_back(ref.id());
    // An evicted model must stay usable: it stays where it is.
    const std::vector<std::string> gone = request.evict_only() ? ids : session().Delete(ids);
    const std::string joined = base::Joined(gone, ",");
    result_.mutable_operator_info()->mutable_obj_ref()->set_id(joined);
    return base::OkStatus();
  }

  base::Status Write(const MlCommand::Write& write) {
    SOTERIA_ASSIGN_OR_RETURN(const ml::ParamMap params, ToParamMap(write.params()));
    if (write.has_obj_ref()) {
      return session().SaveModel(write.obj_ref().id(), params, write.path(),
                                 write.should_overwrite());
    }
    return session().SaveStage(write.operator_().name(), write.operator_().uid(), params,
                               write.path(), write.should_overwrite());
  }

  base::Status Read(const MlCommand::Read& read) {
    SOTERIA_ASSIGN_OR_RETURN(const auto permitted,
                             session().Load(read.operator_().name(), read.path()));
    const master::Session::Loaded& loaded = permitted.value();
    auto* info = result_.mutable_operator_info();
    if (loaded.model_id.has_value()) {
      info->mutable_obj_ref()->set_id(*loaded.model_id);
    } else {
      info->set_name(loaded.class_name);
    }
    info->set_uid(loaded.uid);
    FillParams(loaded.params, info->mutable_params());
    return base::OkStatus();
  }

  SessionState& state_;
  Operation& operation_;
  MlCommandResult& result_;
};

}  // namespace

base::Status RunMlCommand(const MlCommand& command, SessionState& state, Operation& operation,
                          MlCommandResult* result) {
  return Runner(state, operation, result).Run(command);
}

}  // namespace soteria::connect
