#include "src/connect/execution.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/base.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/commands.h"
#include "src/connect/errors.h"
#include "src/connect/observations.h"
#include "src/connect/relations.h"
#include "src/connect/types.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"
#include "src/table/time_zone.h"

namespace soteria::connect {
namespace {

using spark::connect::ExecutePlanResponse;

/// Our own marks are nobody's business outside: the schema message says what a column is.
std::shared_ptr<arrow::Schema> WithoutMetadata(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->RemoveMetadata());
  return arrow::schema(std::move(fields));
}

/// Sends tables as batches that are streams of their own.
class BatchSender {
 public:
  explicit BatchSender(Operation& operation) : operation_(operation) {}

  base::Status SendSchema(const arrow::Schema& schema) {
    ExecutePlanResponse response;
    SOTERIA_RETURN_IF_ERROR(FillSchema(schema, response.mutable_schema()));
    return operation_.Send(std::move(response));
  }

  base::Status Send(const arrow::Table& table) {
    int64_t rows_max = kBatchRowsMax;
    if (table.num_rows() > 0) {
      const int64_t bytes = arrow::util::TotalBufferSize(table);
      const int64_t row_bytes = std::max<int64_t>(bytes / table.num_rows(), 1);
      rows_max = std::clamp<int64_t>(kBatchBytesMax / row_bytes, 1, kBatchRowsMax);
    }
    const auto schema = WithoutMetadata(*table.schema());
    arrow::TableBatchReader reader(table);
    reader.set_chunksize(rows_max);
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      SOTERIA_ARROW_RETURN(reader.ReadNext(&batch));
      if (batch == nullptr) return base::OkStatus();
      if (batch->num_rows() == 0) continue;
      SOTERIA_ARROW_ASSIGN(batch, batch->ReplaceSchema(schema));
      SOTERIA_RETURN_IF_ERROR(SendBatch(*batch));
    }
  }

  /// The client wants at least one batch.
  base::Status Finish(const arrow::Schema& schema) {
    if (batches_ > 0) return base::OkStatus();
    SOTERIA_ARROW_ASSIGN(auto empty, arrow::RecordBatch::MakeEmpty(WithoutMetadata(schema)));
    return SendBatch(*empty);
  }

 private:
  base::Status SendBatch(const arrow::RecordBatch& batch) {
    ExecutePlanResponse response;
    auto* out = response.mutable_arrow_batch();
    out->set_row_count(batch.num_rows());
    out->set_start_offset(rows_);
    SOTERIA_ASSIGN_OR_RETURN(*out->mutable_data(), table::ToIpcStream(batch));
    rows_ += batch.num_rows();
    ++batches_;
    return operation_.Send(std::move(response));
  }

  Operation& operation_;
  int64_t rows_ = 0;
  int64_t batches_ = 0;
};

base::Status RunShow(const spark::connect::ShowString& show, SessionState& state,
                     Operation& operation) {
  SOTERIA_ASSIGN_OR_RETURN(auto plan, RelationConverter(state).Convert(show.input()));
  SOTERIA_ASSIGN_OR_RETURN(auto observed, Observations::Of(plan, state, operation));
  SOTERIA_ASSIGN_OR_RETURN(
      auto text, state.session().ShowString(
                     plan, show.num_rows(), show.truncate(), show.vertical(),
                     table::TimeZone::Find(state.config().Zone()).value_or(table::TimeZone()),
                     [&](const master::StageProgress& at) { operation.Progress(at); }));
  const auto schema = arrow::schema({arrow::field("show_string", arrow::utf8(), false)});
  SOTERIA_ARROW_ASSIGN(auto column,
                       arrow::MakeArrayFromScalar(arrow::StringScalar(text.value()), 1));
  const auto table = arrow::Table::Make(schema, {std::move(column)});
  BatchSender sender(operation);
  SOTERIA_RETURN_IF_ERROR(sender.SendSchema(*schema));
  SOTERIA_RETURN_IF_ERROR(sender.Send(*table));
  return std::move(observed).Send(operation);
}

base::Status RunRelation(const spark::connect::Relation& relation, SessionState& state,
                         Operation& operation) {
  if (relation.has_show_string()) return RunShow(relation.show_string(), state, operation);
  SOTERIA_ASSIGN_OR_RETURN(auto plan, RelationConverter(state).Convert(relation));
  SOTERIA_ASSIGN_OR_RETURN(auto observed, Observations::Of(plan, state, operation));
  BatchSender sender(operation);
  SOTERIA_RETURN_IF_ERROR(sender.SendSchema(*plan->schema));
  std::shared_ptr<arrow::Schema> sent = plan->schema;
  SOTERIA_RETURN_IF_ERROR(state.session().Collect(
      plan,
      [&](master::Permitted<std::shared_ptr<arrow::Table>> rows) -> base::Status {
        sent = rows.value()->schema();
        return sender.Send(*rows.value());
      },
      [&](const master::StageProgress& at) { operation.Progress(at); }));
  SOTERIA_RETURN_IF_ERROR(sender.Finish(*sent));
  return std::move(observed).Send(operation);
}

}  // namespace

base::Status ExecutePlan(const spark::connect::Plan& plan, SessionState& state,
                         Operation& operation) {
  if (plan.has_root()) {
    SOTERIA_RETURN_IF_ERROR(RunRelation(plan.root(), state, operation));
  } else if (plan.has_command()) {
    SOTERIA_RETURN_IF_ERROR(RunCommand(plan.command(), state, operation));
  } else if (plan.has_compressed_operation()) {
    return base::Fail(base::kUnsupported,
                      "Compressed plans are not supported: leave "
                      "spark.connect.session.planCompression.threshold at -1");
  } else {
    return base::Fail(base::kAnalysis, "A plan without a root or a command");
  }
  ExecutePlanResponse complete;
  complete.mutable_result_complete();
  return operation.Send(std::move(complete));
}

}  // namespace soteria::connect
