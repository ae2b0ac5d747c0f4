// What arithmetic fails with, in Spark's words. Internal to exec; .cc files only.
#pragma once

#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/conditions.h"

namespace soteria::exec {

inline constexpr char kAnsiHint[] =
    " If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.";

inline base::Status DivideByZero() {
  return base::Fail(base::kDivideByZero,
                    base::Cat("Division by zero. Use `try_divide` to tolerate divisor being 0 and "
                              "return NULL instead.",
                              kAnsiHint));
}

inline base::Status RemainderByZero() {
  return base::Fail(kRemainderByZero,
                    base::Cat("Remainder by zero. Use `try_mod` to tolerate divisor being 0 and "
                              "return NULL instead.",
                              kAnsiHint));
}

}  // namespace soteria::exec
