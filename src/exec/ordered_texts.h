// listagg(...) WITHIN GROUP (ORDER BY ...): texts joined in the order of a key. Internal to exec.
#pragma once

#include <string>

#include "src/exec/accumulator.h"

namespace soteria::exec {

struct TextOrder {
  bool descends = false;
  bool nulls_first = true;
};

/// Over (text, key), the texts that aren't null.
AccumulatorPtr MakeOrderedTexts(std::string function, std::string between, TypePtr key,
                                TextOrder order);

}  // namespace soteria::exec
