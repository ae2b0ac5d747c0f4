// Fields of structs and elements of arrays. Internal to exec.
#pragma once

#include <string>

#include "src/exec/bound.h"

namespace soteria::exec {

/// Field `name` (case doesn't matter) of a struct; `text` is the expression for error texts.
base::StatusOr<BoundPtr> BindField(BoundPtr parent, const std::string& name,
                                   const std::string& text);

}  // namespace soteria::exec
