// The Config RPC over a session's Config.
#pragma once

#include "src/base/status.h"
#include "src/connect/config.h"

namespace spark::connect {
class ConfigRequest_Operation;
class ConfigResponse;
}  // namespace spark::connect

namespace soteria::connect {

inline constexpr int kConfigKeysMax = 1000;

base::Status RunConfig(const spark::connect::ConfigRequest_Operation& operation, Config& config,
                       spark::connect::ConfigResponse* response);

}  // namespace soteria::connect
