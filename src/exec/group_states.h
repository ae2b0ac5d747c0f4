// One aggregate function over many groups: states of one type side by side, updated without a
// virtual call a row. See accumulator.h. Internal to exec; one thread at a time.
#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/fields.h"
#include "src/base/status.h"
#include "src/exec/bound.h"
#include "src/table/arrow_status.h"

namespace soteria::exec {

/// One call over many groups, which have numbers from 0 on.
class GroupStates {
 public:
  virtual ~GroupStates() = default;
  /// All rows of the call's arguments, of which row i is of `groups[i]`; `where` is the call's
  /// FILTER, null: all rows.
  virtual base::Status Update(const ArrayList& args, const arrow::BooleanArray* where,
                              const std::vector<uint32_t>& groups) = 0;
  /// What Partials gave of earlier rows, then of later ones: cell i is of `groups[i]`.
  virtual base::Status Merge(const arrow::ChunkedArray& partials,
                             const std::vector<uint32_t>& groups) = 0;
  /// The groups' canonical bytes, in the order of their numbers.
  virtual base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Partials() const = 0;
  /// The values of the groups in this order.
  virtual base::StatusOr<ArrayPtr> Finish(const std::vector<uint32_t>& order,
                                          const TypePtr& type) const = 0;
};

/// The rows [begin, end) where the call's FILTER holds.
template <class State>
base::Status UpdateWhere(const ArrayList& args, const arrow::BooleanArray* where, int64_t begin,
                         int64_t end, State& state) {
  if (where == nullptr) return state.Update(args, begin, end);
  for (int64_t i = begin; i < end;) {
    int64_t to = i;
    while (to < end && where->IsValid(to) && where->Value(to)) ++to;
    if (to > i) SOTERIA_RETURN_IF_ERROR(state.Update(args, i, to));
    i = to + 1;
  }
  return base::OkStatus();
}

/// Each cell's bytes in turn.
base::Status ForEachPartial(
    const arrow::ChunkedArray& partials,
    const std::function<base::Status(size_t cell, base::FieldReader& in)>& f);

/// Cells of canonical bytes as a column.
class PartialsBuilder {
 public:
  base::Status Append(std::string_view bytes);
  base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Finish();

 private:
  base::Status Cut();

  arrow::BinaryBuilder cells_;
  arrow::ArrayVector chunks_;
};

/// States side by side, each updated without a virtual call.
template <class State>
class StatesOf final : public GroupStates {
 public:
  StatesOf(const State& empty, size_t groups) : empty_(empty), states_(groups, empty) {}

  base::Status Update(const ArrayList& args, const arrow::BooleanArray* where,
                      const std::vector<uint32_t>& groups) override {
    for (size_t i = 0; i < groups.size();) {
      size_t end = i + 1;
      while (end < groups.size() && groups[end] == groups[i]) ++end;
      SOTERIA_RETURN_IF_ERROR(UpdateWhere(args, where, static_cast<int64_t>(i),
                                          static_cast<int64_t>(end), states_[groups[i]]));
      i = end;
    }
    return base::OkStatus();
  }
  base::Status Merge(const arrow::ChunkedArray& partials,
                     const std::vector<uint32_t>& groups) override {
    std::vector<bool> seen(states_.size());
    return ForEachPartial(partials, [&](size_t cell, base::FieldReader& in) -> base::Status {
      const uint32_t group = groups[cell];
      if (!seen[group]) {
        seen[group] = true;
        return states_[group].Read(in);
      }
      State later = empty_;
      SOTERIA_RETURN_IF_ERROR(later.Read(in));
      return states_[group].MergeLater(later);
    });
  }
  base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Partials() const override {
    PartialsBuilder cells;
    for (const State& state : states_) {
      base::FieldWriter out;
      state.Write(out);
      SOTERIA_RETURN_IF_ERROR(cells.Append(out.bytes()));
    }
    return cells.Finish();
  }
  base::StatusOr<ArrayPtr> Finish(const std::vector<uint32_t>& order,
                                  const TypePtr& type) const override {
    SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(type));
    for (const uint32_t group : order) SOTERIA_RETURN_IF_ERROR(states_[group].Finish(*builder));
    SOTERIA_ARROW_ASSIGN(ArrayPtr values, builder->Finish());
    return values;
  }

 private:
  const State empty_;
  std::vector<State> states_;
};

}  // namespace soteria::exec
