// How ratings come together: routes send them to the block of their user, and from there to the
// block of their item; a step groups each block by user (or item), which is what the passes read.
//
// In a block, "own" ids are those that the block is about, "other" ids those at the other end of
// its ratings.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/ml/kernel.h"

namespace soteria::ml {

/// A table's rows as ratings, to the block of their user: MLlib's hash of the id.
class RatingsRoute : public Route {
 public:
  RatingsRoute(std::string user, std::string item, std::string rating)
      : user_(std::move(user)), item_(std::move(item)), rating_(std::move(rating)) {}
  static constexpr std::string_view kKind = "ml.als.ratings";
  static base::StatusOr<RoutePtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override;
  /// Errors: MLlib's for ids that are no integers, and for a rating that is null or NaN.
  base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> Split(const Part& part,
                                                                   uint64_t targets) const override;

 private:
  const std::string user_, item_, rating_;
};

/// Ratings that lie by their one end, to the block of the other.
class SwapRoute : public Route {
 public:
  static constexpr std::string_view kKind = "ml.als.swap";
  static base::StatusOr<RoutePtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::vector<std::shared_ptr<arrow::Table>>> Split(const Part& part,
                                                                   uint64_t targets) const override;
};

/// Makes a RatingBlock of ratings.
class GroupStep : public Step {
 public:
  static constexpr std::string_view kKind = "ml.als.group";
  static base::StatusOr<StepPtr> Decode(std::string_view bytes);
  std::string_view kind() const override { return kKind; }
  std::string Encode() const override { return {}; }
  base::StatusOr<std::shared_ptr<arrow::Table>> Next(const Part& part) const override;
};

/// Ratings by own id, and those of an own id by other id. Views of a table of one row of lists.
struct RatingBlock {
  std::span<const int32_t> own;     // ascending
  std::span<const int32_t> ends;    // where an own id's ratings end
  std::span<const int32_t> others;  // ascending
  std::span<const int32_t> other;   // of each rating, a place in others
  std::span<const float> rating;

  /// Errors: kProtocol for another table, and for places that aren't there.
  static base::StatusOr<RatingBlock> Of(const arrow::Table& table);
};

}  // namespace soteria::ml
