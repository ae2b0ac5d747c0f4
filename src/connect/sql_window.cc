// Of the parser: windows and sort orders.
#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_parser.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;
using spark::connect::Expression;
using Frame = Expression::Window::WindowFrame;

constexpr base::Condition kMissingWindow = {"MISSING_WINDOW_SPECIFICATION",
                                            base::exception_class::kAnalysis, "42P20",
                                            absl::StatusCode::kInvalidArgument};

/// Makes `part` one of the parts that `whole` is made of.
std::unique_ptr<Expression> Take(SqlExpr part, SqlExpr* whole) {
  whole->height = std::max(whole->height, part.height + 1);
  whole->size += part.size;
  return std::move(part.proto);
}

}  // namespace

/// a [ASC | DESC] [NULLS FIRST | LAST]
base::Status SqlParser::SortItem(Expression::SortOrder* out, SqlExpr* whole) {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr child, Or());
  out->set_allocated_child(Take(std::move(child), whole).release());
  const bool descending = TakeWord("DESC");
  if (!descending) TakeWord("ASC");
  out->set_direction(descending ? Expression::SortOrder::SORT_DIRECTION_DESCENDING
                                : Expression::SortOrder::SORT_DIRECTION_ASCENDING);
  bool first = !descending;
  if (TakeWords("NULLS", "FIRST")) {
    first = true;
  } else if (TakeWords("NULLS", "LAST")) {
    first = false;
  }
  out->set_null_ordering(first ? Expression::SortOrder::SORT_NULLS_FIRST
                               : Expression::SortOrder::SORT_NULLS_LAST);
  return CheckHeight(whole->height);
}

/// A specification of the WINDOW clause; null for none.
const SqlExpr* SqlParser::FindWindow(const std::string& name) const {
  if (windows_ == nullptr) return nullptr;
  const auto found = windows_->find(base::Lower(name));
  return found == windows_->end() ? nullptr : &found->second;
}

/// After OVER: a name, or a specification.
SqlParser::ExprOr SqlParser::Over(SqlExpr call) {
  SqlExpr whole = NullNode();
  auto* window = whole.proto->mutable_window();
  const bool enclosed = IsOp("(") && IsName(1) && IsOp(")", 2) && TakeOp("(");
  if (enclosed || IsName()) {
    const SqlExpr* named = FindWindow(Now().text);
    if (named == nullptr) {
      return base::Fail(
          kMissingWindow,
          base::Cat("Window specification is not defined in the WINDOW clause for ", Now().text,
                    ". For more information about WINDOW clauses, please refer "
                    "to 'https://spark.apache.org/docs/latest/"
                    "sql-ref-syntax-qry-select-window.html'."));
    }
    at_ += enclosed ? 2 : 1;
    SOTERIA_ASSIGN_OR_RETURN(whole, Copy(*named));
    window = whole.proto->mutable_window();
  } else {
    SOTERIA_RETURN_IF_ERROR(WindowSpec(window, &whole));
  }
  window->set_allocated_window_function(Take(std::move(call), &whole).release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(whole.height));
  return whole;
}

/// ( [PARTITION | DISTRIBUTE | CLUSTER BY ...] [ORDER | SORT BY ...] [frame] )
base::Status SqlParser::WindowSpec(Expression::Window* out, SqlExpr* whole) {
  SOTERIA_RETURN_IF_ERROR(Need("("));
  const bool cluster = TakeWords("CLUSTER", "BY");
  if (cluster || TakeWords("PARTITION", "BY") || TakeWords("DISTRIBUTE", "BY")) {
    do {
      SOTERIA_ASSIGN_OR_RETURN(SqlExpr key, Or());
      out->mutable_partition_spec()->AddAllocated(Take(std::move(key), whole).release());
    } while (TakeOp(","));
  }
  if (!cluster && (TakeWords("ORDER", "BY") || TakeWords("SORT", "BY"))) {
    do {
      SOTERIA_RETURN_IF_ERROR(SortItem(out->add_order_spec(), whole));
    } while (TakeOp(","));
  }
  if (IsWord("ROWS") || IsWord("RANGE")) SOTERIA_RETURN_IF_ERROR(WindowFrame(out, whole));
  return Need(")");
}

base::Status SqlParser::WindowFrame(Expression::Window* out, SqlExpr* whole) {
  Frame* frame = out->mutable_frame_spec();
  frame->set_frame_type(IsWord("ROWS") ? Frame::FRAME_TYPE_ROW : Frame::FRAME_TYPE_RANGE);
  ++at_;
  if (!TakeWord("BETWEEN")) {
    SOTERIA_RETURN_IF_ERROR(Boundary(frame->mutable_lower(), true, whole));
    frame->mutable_upper()->set_current_row(true);
    return base::OkStatus();
  }
  SOTERIA_RETURN_IF_ERROR(Boundary(frame->mutable_lower(), true, whole));
  SOTERIA_RETURN_IF_ERROR(NeedWord("AND"));
  return Boundary(frame->mutable_upper(), false, whole);
}

/// UNBOUNDED PRECEDING | CURRENT ROW | 3 PRECEDING | 3 FOLLOWING
base::Status SqlParser::Boundary(Frame::FrameBoundary* out, bool lower, SqlExpr* whole) {
  if (TakeWords("CURRENT", "ROW")) {
    out->set_current_row(true);
    return base::OkStatus();
  }
  if (TakeWord("UNBOUNDED")) {
    const bool preceding = TakeWord("PRECEDING");
    if (!preceding && !TakeWord("FOLLOWING")) return Error();
    if (preceding == lower) {
      out->set_unbounded(true);
      return base::OkStatus();
    }
    // No frame begins or ends there; whoever resolves it says so.
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr other, CallNode(kSqlUnbounded, SqlExprs(), true));
    out->set_allocated_value(Take(std::move(other), whole).release());
    return CheckHeight(whole->height);
  }
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr value, Or());
  if (TakeWord("PRECEDING")) {
    SOTERIA_ASSIGN_OR_RETURN(value, CallNode("-", std::move(value)));
  } else if (!TakeWord("FOLLOWING")) {
    return Error();
  }
  out->set_allocated_value(Take(std::move(value), whole).release());
  return CheckHeight(whole->height);
}

/// The WINDOW clause of the SELECT at hand, which its items may name before it comes.
base::Status SqlParser::ReadNamedWindows() {
  const size_t begin = at_;
  int open = 0;
  for (; Now().kind != Kind::kEnd; ++at_) {
    if (IsOp("(")) ++open;
    if (IsOp(")") && --open < 0) break;
    if (open > 0) continue;
    if (IsWord("UNION") || IsWord("INTERSECT") || IsWord("MINUS")) break;
    if (IsWord("EXCEPT") && !(at_ > begin && tokens_[at_ - 1].text == "*")) break;
    if (!IsWord("WINDOW") || !IsName(1) || !IsWord("AS", 2)) continue;
    ++at_;
    do {
      SOTERIA_ASSIGN_OR_RETURN(const std::string name, Identifier());
      SOTERIA_RETURN_IF_ERROR(NeedWord("AS"));
      SqlExpr spec = NullNode();
      if (IsName()) {
        const SqlExpr* other = FindWindow(Now().text);
        if (other == nullptr) return Error();
        ++at_;
        SOTERIA_ASSIGN_OR_RETURN(spec, Copy(*other));
      } else {
        SOTERIA_RETURN_IF_ERROR(WindowSpec(spec.proto->mutable_window(), &spec));
      }
      windows_->insert_or_assign(base::Lower(name), std::move(spec));
    } while (TakeOp(","));
    windows_end_ = at_;
    break;
  }
  at_ = begin;
  return base::OkStatus();
}

}  // namespace soteria::connect
