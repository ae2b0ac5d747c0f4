// Stages that the fuzz targets and the maker of their corpora agree on.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "src/dataflow/stage.h"

namespace soteria::fuzz {

/// A stage of every terminal, of one to four partitions.
inline dataflow::StageSpec StageOf(uint8_t choice) {
  static constexpr std::array kTerminals = {dataflow::Terminal::kKeep, dataflow::Terminal::kCollect,
                                            dataflow::Terminal::kWrite, dataflow::Terminal::kReduce,
                                            dataflow::Terminal::kShuffle};
  dataflow::StageSpec spec;
  spec.terminal = kTerminals[choice % kTerminals.size()];
  const uint64_t partitions = 1 + choice / kTerminals.size() % 4;
  spec.recipe = dataflow::MakeRecipe(dataflow::DatasetSource{"/d", std::string(16, 'd'), 1, {}, {}},
                                     {{"exec.f", "1"}}, partitions);
  if (spec.terminal == dataflow::Terminal::kReduce) spec.kernel = {"ml.k", "k"};
  if (spec.terminal == dataflow::Terminal::kWrite) {
    spec.write = {"/w", std::string(16, 'w'), "m/data", "parquet", 3};
  }
  if (spec.terminal == dataflow::Terminal::kShuffle) {
    spec.targets = 2;
    spec.partitioner.kind = dataflow::kRoundRobin;
  }
  return spec;
}

}  // namespace soteria::fuzz
