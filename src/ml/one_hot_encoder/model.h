// OneHotEncoderModel: a category index as a sparse vector with a 1 in its place; and the params
// that it shares with its estimator.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/ml/attributes.h"
#include "src/ml/column_model.h"
#include "src/ml/column_pairs.h"
#include "src/ml/persist.h"

namespace soteria::ml {

const ClassInfo& OneHotEncoderInfo();
const ClassInfo& OneHotEncoderModelInfo();

struct EncodedColumn {
  ColumnPair pair;
  /// What the input's metadata make of the output. Beyond kNamedAttributesMax elements it tells
  /// their number alone, where Spark names them all.
  AttributeGroup group;
};
/// What both ask of a schema; `drop_last` and `keep_invalid` shape the groups.
base::StatusOr<std::vector<EncodedColumn>> CheckEncoded(const Params& params, std::string_view text,
                                                        const arrow::Schema& input, bool drop_last,
                                                        bool keep_invalid);

class OneHotEncoderModel : public ColumnModel<OneHotEncoderModel> {
 public:
  OneHotEncoderModel(Params params, std::vector<int32_t> sizes)
      : ColumnModel(std::move(params)), sizes_(std::move(sizes)) {}
  static base::StatusOr<std::shared_ptr<const Model>> Decode(Params params, std::string_view data);
  static base::StatusOr<ModelFiles> Save(const Transformer& model);
  static base::StatusOr<std::shared_ptr<const Model>> Load(Params params, SavedModel& saved);

  base::StatusOr<std::shared_ptr<arrow::Schema>> OutputSchema(
      const arrow::Schema& input) const override;
  base::StatusOr<std::shared_ptr<arrow::Table>> Apply(
      std::shared_ptr<arrow::Table> input) const override;
  std::string EncodeData() const override;
  base::StatusOr<Attribute> Get(std::string_view method, const Arguments& args) const override;
  base::Status CheckColumns(const Params& params, const arrow::Schema& input) const override;
  uint64_t bytes() const override { return sizeof(*this) + sizes_.size() * sizeof(int32_t); }

 private:
  bool drops() const { return params().Bool("dropLast"); }
  bool keeps() const { return params().String("handleInvalid") == "keep"; }
  std::string Text(const Params& params) const;
  int64_t WidthOf(size_t i) const;
  base::StatusOr<std::vector<EncodedColumn>> Check(const arrow::Schema& input) const;
  std::shared_ptr<arrow::Field> OutputField(size_t i, const EncodedColumn& column) const;
  base::StatusOr<std::shared_ptr<arrow::Array>> EncodeColumn(const arrow::Table& table, size_t i,
                                                             const std::string& column) const;

  std::vector<int32_t> sizes_;  // categories of each column
};

}  // namespace soteria::ml
