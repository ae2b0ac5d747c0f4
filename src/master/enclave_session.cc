#include "src/master/enclave_session.h"

#include <algorithm>
#include <utility>

#include "arrow/table.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/show.h"
#include "src/master/checkpoint.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"

namespace soteria::master {
namespace {

constexpr size_t kUuidBytes = 16;

/// RFC 9562, version 4.
std::string UuidText(std::string bytes) {
  bytes[6] = static_cast<char>((static_cast<uint8_t>(bytes[6]) & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((static_cast<uint8_t>(bytes[8]) & 0x3f) | 0x80);
  const std::string hex = base::Hex(bytes);
  return base::Cat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                   hex.substr(16, 4), "-", hex.substr(20));
}

}  // namespace

EnclaveSession::EnclaveSession(SessionWorld world)
    : world_(world),
      catalog_(world.gate, world.roots, world.output,
               [this](const InsideKey& key, const dataflow::StageSpec& stage) {
                 return NewScope(key, nullptr).Run(stage, nullptr);
               }),
      builder_(catalog_),
      persisted_(world.live) {}

EnclaveSession::~EnclaveSession() { persisted_.Clear(); }

base::StatusOr<std::string> EnclaveSession::NewId() {
  std::string bytes(kUuidBytes, '\0');
  SOTERIA_RETURN_IF_ERROR(
      world_.random.Fill({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}));
  return UuidText(std::move(bytes));
}

base::StatusOr<plan::PlanPtr> EnclaveSession::Checkpoint(const plan::PlanPtr& plan, bool eager,
                                                         const Progress& progress) {
  const auto rows =
      std::make_shared<master::Checkpoint>(plan, NowMicros(), world_.coordinator, world_.live);
  if (eager || rows->waiting() > kWaitingMax) {
    SOTERIA_RETURN_IF_ERROR(
        world_.output.Ended(world_.output.Run([&](const InsideKey& key) -> base::Status {
          StageScope scope = NewScope(key, progress);
          return rows->Blocks(scope).status();
        })));
  }
  return plan::Builder::Checkpoint(*plan, std::to_string(++checkpoints_), rows);
}

base::Status EnclaveSession::Collect(
    const plan::PlanPtr& plan,
    const std::function<base::Status(Permitted<std::shared_ptr<arrow::Table>>)>& sink,
    const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kRows));
  return world_.output.Ended(world_.output.Run([&](const InsideKey& key) -> base::Status {
    StageScope scope = NewScope(key, progress);
    scope.UseStatistics(world_.statistics);
    bool sent = false;
    const auto send = [&](std::shared_ptr<arrow::Table> rows) -> base::Status {
      SOTERIA_ASSIGN_OR_RETURN(std::string content, table::ToIpcStream(*rows));
      const auto count = static_cast<uint64_t>(rows->num_rows());
      Leaving<std::shared_ptr<arrow::Table>> leaving{std::move(rows), std::move(content), "collect",
                                                     count, scope.aggregates_from()};
      SOTERIA_ASSIGN_OR_RETURN(
          auto permitted, world_.output.PermitPart(key, policy::Output::kRows, std::move(leaving)));
      sent = true;
      return sink(std::move(permitted));
    };
    std::shared_ptr<arrow::Table> empty;
    const auto on_rows = [&](std::shared_ptr<arrow::Table> rows) -> base::Status {
      if (rows->num_rows() > 0) return send(std::move(rows));
      empty = std::move(rows);
      return base::OkStatus();
    };
    SOTERIA_RETURN_IF_ERROR(plan::CollectRows(*plan, scope, on_rows));
    return sent ? base::OkStatus() : send(std::move(empty));
  }));
}

base::StatusOr<Permitted<std::string>> EnclaveSession::ShowString(const plan::PlanPtr& plan,
                                                                  int64_t num_rows,
                                                                  int64_t truncate, bool vertical,
                                                                  const table::TimeZone& zone,
                                                                  const Progress& progress) {
  SOTERIA_RETURN_IF_ERROR(world_.output.MayLeave(policy::Output::kRows));
  const int64_t rows_max = std::clamp<int64_t>(num_rows, 0, exec::kShowRowsMax);
  SOTERIA_ASSIGN_OR_RETURN(auto limited, builder_.Limit(plan, rows_max + 1));
  auto shown = world_.output.Run([&](const InsideKey& key) -> base::StatusOr<Leaving<std::string>> {
    StageScope scope = NewScope(key, progress);
    scope.UseStatistics(world_.statistics);
    std::vector<std::shared_ptr<arrow::Table>> parts;
    int64_t count = 0;
    SOTERIA_RETURN_IF_ERROR(
        plan::CollectRows(*limited, scope, [&](std::shared_ptr<arrow::Table> rows) {
          count += rows->num_rows();
          parts.push_back(std::move(rows));
          return base::OkStatus();
        }));
    SOTERIA_ARROW_ASSIGN(auto table, arrow::ConcatenateTables(parts));
    if (table->num_columns() == 0) {  // Arrow counts none
      table = arrow::Table::Make(table->schema(), arrow::ChunkedArrayVector(), count);
    }
    Leaving<std::string> leaving;
    SOTERIA_ASSIGN_OR_RETURN(
        leaving.value,
        exec::ShowString(*table, static_cast<int>(rows_max),
                         static_cast<int>(std::clamp<int64_t>(truncate, 0, INT32_MAX)), vertical,
                         table->num_rows() > rows_max, zone));
    leaving.content = leaving.value;
    leaving.what = "show";
    leaving.rows = static_cast<uint64_t>(std::min(table->num_rows(), rows_max));
    leaving.from = scope.aggregates_from();
    return leaving;
  });
  return world_.output.Permit(policy::Output::kRows, std::move(shown));
}

}  // namespace soteria::master
