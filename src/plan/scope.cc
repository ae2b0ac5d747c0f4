#include "src/plan/scope.h"

#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/table/conditions.h"
#include "src/table/number_column.h"

namespace soteria::plan {
namespace {

using Name = Scope::Name;

constexpr base::Condition kAmbiguousColumn = {"AMBIGUOUS_COLUMN_REFERENCE",
                                              base::exception_class::kAnalysis, "42702",
                                              absl::StatusCode::kInvalidArgument};
constexpr base::Condition kStarExpand = {"CANNOT_RESOLVE_STAR_EXPAND",
                                         base::exception_class::kAnalysis, "42704",
                                         absl::StatusCode::kInvalidArgument};

std::string Backquoted(std::string_view part) {
  std::string quoted = "`";
  for (const char c : part) {
    if (c == '`') quoted += c;
    quoted += c;
  }
  return quoted + "`";
}

std::string Quoted(const Name& name) {
  std::string text;
  for (const std::string& part : name) text += base::Cat(text.empty() ? "" : ".", Backquoted(part));
  return text;
}

/// As Spark prints an attribute in an expression: quoted only where a part has a dot or backtick.
std::string Plain(const Name& name) {
  std::string text;
  for (const std::string& part : name) {
    const bool special = part.find_first_of(".`") != std::string::npos;
    text += base::Cat(text.empty() ? "" : ".", special ? Backquoted(part) : part);
  }
  return text;
}

base::Status NoDataFrameColumn(std::string_view name) {
  return base::Fail(kNoDataFrameColumn,
                    base::Cat("Cannot resolve dataframe column \"", name,
                              "\". It's probably because of illegal references like "
                              "`df1.select(df2.col(\"a\"))`."));
}

struct Found {
  int ordinal = -1;
  size_t parts = 0;  // of the name that were the column's: the rest are fields
};

std::vector<int> Matching(const Plan& plan, const std::string* qualifier, const std::string& name,
                          bool hidden = false) {
  std::vector<int> matching;
  for (int i = 0; i < plan.schema->num_fields(); ++i) {
    const Column& column = plan.columns[static_cast<size_t>(i)];
    if (column.hidden != hidden) continue;
    const std::string& its = plan.schema->field(i)->name();
    if (!base::EqualIgnoringCase(its, name)) continue;
    if (qualifier != nullptr && !base::EqualIgnoringCase(column.qualifier, *qualifier)) continue;
    // The same column twice is one.
    const bool again = std::any_of(matching.begin(), matching.end(), [&](int other) {
      return plan.columns[static_cast<size_t>(other)].id == column.id &&
             plan.schema->field(other)->name() == its;
    });
    if (!again) matching.push_back(i);
  }
  return matching;
}

base::StatusOr<std::optional<Found>> FindIn(const Plan& plan, const Name& name) {
  size_t parts = 2;
  std::vector<int> matching;
  if (name.size() > 1) matching = Matching(plan, &name[0], name[1]);
  if (matching.empty()) {
    parts = 1;
    matching = Matching(plan, nullptr, name[0]);
  }
  if (matching.empty()) matching = Matching(plan, nullptr, name[0], true);
  if (matching.empty()) return std::optional<Found>();
  if (matching.size() == 1) return std::optional<Found>({matching[0], parts});
  std::vector<std::string> candidates;
  for (const int i : matching) {
    const std::string& qualifier = plan.columns[static_cast<size_t>(i)].qualifier;
    Name full = {name[parts - 1]};
    if (!qualifier.empty()) full.insert(full.begin(), qualifier);
    candidates.push_back(Quoted(full));
  }
  std::sort(candidates.begin(), candidates.end());
  return base::Fail(base::kAmbiguousReference,
                    base::Cat("Reference ", Quoted(name), " is ambiguous, could be: [",
                              base::Joined(candidates), "]."));
}

base::Status Unresolved(const Plan& plan, const Name& name) {
  std::vector<Name> candidates;
  for (int i = 0; i < plan.schema->num_fields(); ++i) {
    Name& candidate = candidates.emplace_back();
    const std::string& qualifier = plan.columns[static_cast<size_t>(i)].qualifier;
    if (!qualifier.empty()) candidate.push_back(qualifier);
    candidate.push_back(plan.schema->field(i)->name());
  }
  // A qualifier that all have, and the name hasn't, says nothing.
  const bool alike = std::all_of(candidates.begin(), candidates.end(), [&](const Name& candidate) {
    return candidate.size() == candidates[0].size() &&
           (candidate.size() == 1 || candidate[0] == candidates[0][0]);
  });
  std::vector<std::string> texts;
  for (Name& candidate : candidates) {
    if (name.size() == 1 && alike) candidate = {candidate.back()};
    texts.push_back(Quoted(candidate));
  }
  return table::UnresolvedColumn(Quoted(name), Plain(name), std::move(texts));
}

std::optional<int> OrdinalOf(const Plan& plan, ColumnId id) {
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (plan.columns[i].id == id) return static_cast<int>(i);
  }
  return std::nullopt;
}

base::Status AmbiguousColumn(const Name& name) {
  return base::Fail(
      kAmbiguousColumn,
      base::Cat("Column ", name.empty() ? "*" : Quoted({name.back()}),
                " is ambiguous. It's because you joined several DataFrame together, and some of "
                "these DataFrames are the same.\nThis column points to one of the DataFrames but "
                "Spark is unable to figure out which one.\nPlease alias the DataFrames with "
                "different names via `DataFrame.alias` before joining them,\nand specify the "
                "column using qualified name, e.g. `df.alias(\"a\").join(df.alias(\"b\"), "
                "col(\"a.id\") > col(\"b.id\"))`."));
}

struct TaggedNode {
  const Plan* node = nullptr;  // nullptr: none
  int depth = 0;               // below where it was looked for
};

/// The node that is that DataFrame. Of several whose column of that name (any, without one) is
/// still there, the nearest, as in Spark; a union's inputs are no part of it.
base::StatusOr<TaggedNode> LookFor(const Plan& plan, int64_t tag, const Name& name, int depth) {
  if (std::find(plan.tags.begin(), plan.tags.end(), tag) != plan.tags.end()) {
    return TaggedNode{&plan, depth};
  }
  if (plan.inputs.empty() || std::holds_alternative<UnionNode>(plan.node)) return TaggedNode{};
  if (plan.inputs.size() == 1) return LookFor(*plan.input(), tag, name, depth + 1);
  TaggedNode any;
  TaggedNode alive;
  bool ambiguous = false;
  for (const PlanPtr& input : plan.inputs) {
    SOTERIA_ASSIGN_OR_RETURN(const TaggedNode found, LookFor(*input, tag, name, depth + 1));
    if (found.node == nullptr) continue;
    any = found;
    bool there = name.empty();
    if (!there) {
      const auto column = FindIn(*found.node, name);
      there = column.ok() && column->has_value() &&
              OrdinalOf(plan, found.node->columns[static_cast<size_t>((*column)->ordinal)].id);
    }
    if (!there) continue;
    ambiguous = alive.node != nullptr && alive.depth == found.depth;
    if (alive.node == nullptr || found.depth < alive.depth) alive = found;
  }
  if (ambiguous) return AmbiguousColumn(name);
  return alive.node != nullptr ? alive : any;
}

base::StatusOr<const Plan*> FindTagged(const Plan& plan, int64_t tag, const Name& name) {
  SOTERIA_ASSIGN_OR_RETURN(const TaggedNode found, LookFor(plan, tag, name, 0));
  return found.node;
}

/// Whether columns of its input can be added to what the node gives.
bool PassesOn(const Plan& node) {
  return node.inputs.size() == 1 && !std::holds_alternative<AliasNode>(node.node) &&
         !std::holds_alternative<AggregateNode>(node.node) &&
         !std::holds_alternative<DistinctNode>(node.node) &&
         !std::holds_alternative<ExpandNode>(node.node) &&
         !std::holds_alternative<UnionNode>(node.node);
}

/// The aggregate that a DataFrame of groups is, be it under the projection that finishes it; null
/// for another one.
const Plan* GroupsOf(const Plan& plan) {
  const Plan* node = &plan;
  const bool finishes =
      std::holds_alternative<ProjectNode>(node->node) && node->input()->tags.empty();
  if (finishes) node = node->input().get();
  return std::holds_alternative<AggregateNode>(node->node) ? node : nullptr;
}

/// The column with its id, after its own name and fields: `name` without what only qualified it.
exec::ExprPtr Reference(int ordinal, const Name& name, size_t parts) {
  return exec::Input(ordinal,
                     Name(name.begin() + static_cast<std::ptrdiff_t>(parts) - 1, name.end()));
}

PlanPtr Over(const Plan& node, PlanPtr input) {
  auto copy = std::make_shared<Plan>(node);
  copy->schema = input->schema;
  copy->columns = input->columns;
  copy->inputs = {std::move(input)};
  return copy;
}

/// A generator keeps more of its input's columns, which go behind its own.
base::StatusOr<PlanPtr> GenerateWithAdded(Builder& builder, const Plan& plan,
                                          const GenerateNode& generate, const PlanPtr& input,
                                          const std::vector<ColumnId>& ids) {
  std::vector<int> kept = generate.kept;
  for (const ColumnId id : ids) kept.push_back(*OrdinalOf(*input, id));
  SOTERIA_ASSIGN_OR_RETURN(
      PlanPtr made, builder.Generate(input, generate.generator, std::move(kept), generate.names));
  auto copy = std::make_shared<Plan>(*made);
  const size_t own = generate.kept.size();
  for (size_t i = own; i < plan.columns.size(); ++i) {
    copy->columns.at(i + ids.size()) = plan.columns[i];
  }
  made = copy;
  std::vector<exec::NamedExpr> columns;
  const auto add = [&](size_t i) {
    columns.push_back({std::nullopt, ColumnAt(*made, static_cast<int>(i))});
  };
  for (size_t i = 0; i < plan.columns.size(); ++i) add(i < own ? i : i + ids.size());
  for (size_t i = 0; i < ids.size(); ++i) add(own + i);
  SOTERIA_ASSIGN_OR_RETURN(made, builder.Project(made, std::move(columns)));
  for (const int64_t tag : plan.tags) made = Tagged(made, tag);
  return made;
}

/// The plan with those columns at its end.
base::StatusOr<PlanPtr> WithAdded(Builder& builder, const PlanPtr& plan,
                                  const std::vector<ColumnId>& ids) {
  std::vector<ColumnId> below;
  for (const ColumnId id : ids) {
    if (!OrdinalOf(*plan->input(), id).has_value()) below.push_back(id);
  }
  PlanPtr input = plan->input();
  if (!below.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(input, WithAdded(builder, input, below));
  }
  const auto append = [&](std::vector<exec::NamedExpr>& columns) {
    for (const ColumnId id : ids)
      columns.push_back({std::nullopt, ColumnAt(*input, *OrdinalOf(*input, id))});
  };
  if (const auto* project = std::get_if<ProjectNode>(&plan->node)) {
    std::vector<exec::NamedExpr> columns = project->columns;
    append(columns);
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr made, builder.Project(input, std::move(columns)));
    // What the projection computes keeps its ids.
    auto copy = std::make_shared<Plan>(*made);
    std::copy(plan->columns.begin(), plan->columns.end(), copy->columns.begin());
    copy->tags = plan->tags;
    return PlanPtr(std::move(copy));
  }
  const auto* transform = std::get_if<TransformNode>(&plan->node);
  const auto* window = std::get_if<WindowNode>(&plan->node);
  if (transform != nullptr || window != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(
        PlanPtr made, transform != nullptr ? builder.Transform(input, transform->transformer)
                                           : builder.Window(input, window->spec, window->calls));
    // What it adds goes back to its place, before the columns that were asked for.
    auto copy = std::make_shared<Plan>(*made);
    const size_t kept = plan->input()->columns.size();
    const size_t more = input->columns.size() - kept;
    for (size_t i = 0; i < plan->columns.size(); ++i) {
      copy->columns.at(i < kept ? i : i + more) = plan->columns[i];
    }
    made = copy;
    std::vector<exec::NamedExpr> columns;
    for (const Column& column : plan->columns) {
      columns.push_back({std::nullopt, ColumnAt(*made, *OrdinalOf(*made, column.id))});
    }
    for (const ColumnId id : ids)
      columns.push_back({std::nullopt, ColumnAt(*made, *OrdinalOf(*made, id))});
    SOTERIA_ASSIGN_OR_RETURN(made, builder.Project(made, std::move(columns)));
    for (const int64_t tag : plan->tags) made = Tagged(made, tag);
    return made;
  }
  if (const auto* generate = std::get_if<GenerateNode>(&plan->node)) {
    return GenerateWithAdded(builder, *plan, *generate, input, ids);
  }
  return Over(*plan, std::move(input));
}

}  // namespace

exec::ExprPtr ColumnAt(const Plan& plan, int ordinal) {
  return exec::Input(ordinal, {plan.schema->field(ordinal)->name()});
}

base::StatusOr<std::optional<int>> Scope::Find(const Name& name, std::optional<int64_t> tag) const {
  const Plan* in = input_.get();
  if (tag.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(in, FindTagged(*input_, *tag, name));
  }
  if (in == nullptr) return NoDataFrameColumn(Plain(name));
  SOTERIA_ASSIGN_OR_RETURN(const auto found, FindIn(*in, name));
  if (!found.has_value() || found->parts != name.size()) return std::optional<int>();
  return OrdinalOf(*input_, in->columns[static_cast<size_t>(found->ordinal)].id);
}

std::optional<int> Scope::Add(ColumnId id) {
  const auto at = std::find(added_.begin(), added_.end(), id);
  const auto place = static_cast<int>(at - added_.begin());
  if (at == added_.end()) added_.push_back(id);
  return input_->schema->num_fields() + place;
}

base::StatusOr<exec::ExprPtr> Scope::Resolve(const Name& name, std::optional<int64_t> tag) {
  const Plan* in = input_.get();
  if (tag.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(in, FindTagged(*input_, *tag, name));
  }
  if (in == nullptr) return NoDataFrameColumn(Plain(name));
  SOTERIA_ASSIGN_OR_RETURN(auto found, FindIn(*in, name));
  // A column that isn't named by its DataFrame may be one that a node below has and dropped.
  const Plan* node = input_.get();
  while (!tag.has_value() && !found.has_value() && missing_ == Missing::kAdd && PassesOn(*node)) {
    in = node = node->input().get();
    if (auto below = FindIn(*in, name); below.ok()) found = *below;
  }
  const bool given = std::any_of(defined_.begin(), defined_.end(), [&](const std::string& other) {
    return base::EqualIgnoringCase(other, name[0]);
  });
  if (!found.has_value() && !tag.has_value() && given) {
    return base::NotSupported(
        base::Cat("The name ", Quoted({name[0]}), " that the same list of columns gives"),
        "withColumn before it");
  }
  if (!found.has_value()) return tag.has_value() ? Gone(name) : Unresolved(*input_, name);
  const ColumnId id = in->columns[static_cast<size_t>(found->ordinal)].id;
  // The column of that name itself, where the same is there under two.
  if (in == input_.get()) return Reference(found->ordinal, name, found->parts);
  std::optional<int> ordinal = OrdinalOf(*input_, id);
  if (!ordinal.has_value() && missing_ == Missing::kAdd) {
    const Plan* at = input_.get();
    while (PassesOn(*at) && !OrdinalOf(*at, id).has_value()) at = at->input().get();
    if (OrdinalOf(*at, id).has_value()) ordinal = Add(id);
  }
  if (!ordinal.has_value()) return Gone(name);
  return Reference(*ordinal, name, found->parts);
}

/// Over groups Spark tries a column that isn't theirs among the rows that were grouped, and where
/// one has that name forgets which DataFrame's it was.
base::StatusOr<exec::ExprPtr> Scope::Gone(const Name& name) {
  const Plan* groups = missing_ == Missing::kAdd ? GroupsOf(*input_) : nullptr;
  if (groups == nullptr) return NoDataFrameColumn(Plain(name));
  const auto grouped = FindIn(*groups->input(), name);
  if (!grouped.ok() || !grouped->has_value()) return NoDataFrameColumn(Plain(name));
  SOTERIA_ASSIGN_OR_RETURN(const auto found, FindIn(*input_, name));
  if (!found.has_value()) return Unresolved(*input_, name);
  return Reference(found->ordinal, name, found->parts);
}

base::StatusOr<std::vector<exec::ExprPtr>> Scope::Star(const Name& qualifier,
                                                       std::optional<int64_t> tag) const {
  std::vector<exec::ExprPtr> all;
  if (tag.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(const Plan* in, FindTagged(*input_, *tag, {}));
    for (size_t i = 0; in != nullptr && i < in->columns.size(); ++i) {
      const std::optional<int> ordinal = OrdinalOf(*input_, in->columns[i].id);
      if (!ordinal.has_value()) return NoDataFrameColumn("unresolveddataframestar()");
      all.push_back(exec::Input(*ordinal, {in->schema->field(static_cast<int>(i))->name()}));
    }
    if (in == nullptr) return NoDataFrameColumn("unresolveddataframestar()");
    return all;
  }
  for (int i = 0; i < input_->schema->num_fields(); ++i) {
    const std::string& its = input_->columns[static_cast<size_t>(i)].qualifier;
    if (input_->columns[static_cast<size_t>(i)].hidden) continue;
    if (qualifier.empty() ||
        (qualifier.size() == 1 && base::EqualIgnoringCase(its, qualifier[0]))) {
      all.push_back(ColumnAt(*input_, i));
    }
  }
  if (!all.empty() || qualifier.empty()) return all;
  SOTERIA_ASSIGN_OR_RETURN(const auto found, FindIn(*input_, qualifier));
  if (found.has_value()) {
    const exec::ExprPtr whole = Reference(found->ordinal, qualifier, found->parts);
    SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*whole, *input_->schema));
    if (field->type()->id() == arrow::Type::STRUCT) {
      for (const auto& child : field->type()->fields()) {
        Name name = qualifier;
        name.push_back(child->name());
        all.push_back(Reference(found->ordinal, name, found->parts));
      }
      return all;
    }
  }
  std::string names;
  for (const auto& field : input_->schema->fields()) {
    names += base::Cat(names.empty() ? "" : ", ", Backquoted(field->name()));
  }
  return base::Fail(
      kStarExpand, base::Cat("Cannot resolve ", Quoted(qualifier), ".* given input columns ", names,
                             ". Please check that the specified table or struct exists and "
                             "is accessible in the input columns."));
}

base::Status Scope::NoMetadata(const Name& name) { return NoDataFrameColumn(Plain(name)); }

base::StatusOr<PlanPtr> Scope::Input(Builder& builder) const {
  if (added_.empty()) return input_;
  return WithAdded(builder, input_, added_);
}

}  // namespace soteria::plan
