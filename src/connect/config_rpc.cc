#include "src/connect/config_rpc.h"

#include <string>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/errors.h"

namespace soteria::connect {
namespace {

using spark::connect::ConfigResponse;
using Operation = spark::connect::ConfigRequest_Operation;

void AddPair(const std::string& key, const std::optional<std::string>& value,
             ConfigResponse* response) {
  auto* pair = response->add_pairs();
  pair->set_key(key);
  if (value.has_value()) pair->set_value(*value);
}

base::Status Set(const spark::connect::ConfigRequest::Set& set, Config& config,
                 ConfigResponse* response) {
  for (const auto& pair : set.pairs()) {
    const base::StatusOr<std::string> warning = config.Set(pair.key(), pair.value());
    if (!warning.ok()) {
      // What a session builder hands over silently is a wish in Spark too; but no session begins
      // that would compute something else than Spark with the same builder.
      if (!set.silent() || base::Is(warning.status(), base::kUnsupported)) return warning.status();
      response->add_warnings(base::Cat("Failed to set ", pair.key(), " to ", pair.value(),
                                       " due to ", SparkMessage(warning.status())));
    } else if (!warning->empty()) {
      response->add_warnings(*warning);
    }
    AddPair(pair.key(), pair.value(), response);
  }
  return base::OkStatus();
}

base::Status Get(const google::protobuf::RepeatedPtrField<std::string>& keys, bool required,
                 const Config& config, ConfigResponse* response) {
  for (const std::string& key : keys) {
    const auto value = config.Get(key);
    if (required && !value.has_value() && !Config::IsKnown(key)) {
      return base::Fail(kConfigNotFound,
                        base::Cat("The SQL config \"", key,
                                  "\" cannot be found. Please verify that the config exists."));
    }
    AddPair(key, value, response);
  }
  return base::OkStatus();
}

int KeyCount(const Operation& operation) {
  return operation.set().pairs_size() + operation.get().keys_size() +
         operation.get_with_default().pairs_size() + operation.get_option().keys_size() +
         operation.unset().keys_size() + operation.is_modifiable().keys_size();
}

}  // namespace

base::Status RunConfig(const Operation& operation, Config& config, ConfigResponse* response) {
  if (KeyCount(operation) > kConfigKeysMax) {
    return base::Fail(base::kIllegalArgument, "Too many config keys in one request");
  }
  switch (operation.op_type_case()) {
    case Operation::kSet:
      return Set(operation.set(), config, response);
    case Operation::kGet:
      return Get(operation.get().keys(), /*required=*/true, config, response);
    case Operation::kGetOption:
      return Get(operation.get_option().keys(), /*required=*/false, config, response);
    case Operation::kGetWithDefault:
      for (const auto& pair : operation.get_with_default().pairs()) {
        SOTERIA_ASSIGN_OR_RETURN(
            const auto value,
            config.GetOr(pair.key(),
                         pair.has_value() ? std::optional(pair.value()) : std::nullopt));
        AddPair(pair.key(), value, response);
      }
      return base::OkStatus();
    case Operation::kGetAll:
      for (const auto& [key, value] : config.All(operation.get_all().prefix())) {
        // Spark answers with what comes after the prefix.
        AddPair(key.substr(operation.get_all().prefix().size()), value, response);
      }
      return base::OkStatus();
    case Operation::kUnset:
      for (const std::string& key : operation.unset().keys()) {
        SOTERIA_RETURN_IF_ERROR(config.Unset(key));
        AddPair(key, std::nullopt, response);
      }
      return base::OkStatus();
    case Operation::kIsModifiable:
      for (const std::string& key : operation.is_modifiable().keys()) {
        AddPair(key, Config::IsModifiable(key) ? "true" : "false", response);
      }
      return base::OkStatus();
    default:
      return base::Fail(base::kIllegalArgument, "An unknown config operation");
  }
}

}  // namespace soteria::connect
