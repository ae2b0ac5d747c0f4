// The path of the Manifest that a mistyped one may have meant, for the text of a refusal. Says
// nothing of what storage holds: it knows the Manifest alone. Pure function; any thread.
#pragma once

#include <string>
#include <string_view>

#include "src/policy/manifest.h"

namespace soteria::policy {

/// A root's path, with what `path` (normalised) asks for below it; "" when none is near.
std::string NearestPath(std::string_view path, const Manifest& manifest);

}  // namespace soteria::policy
