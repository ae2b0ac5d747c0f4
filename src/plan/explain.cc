// The plan as text, for df.explain.
#include "arrow/table.h"
#include "arrow/type.h"
#include "src/base/text.h"
#include "src/plan/logical.h"

namespace soteria::plan {
namespace {

const char* KindName(exec::JoinKind kind) {
  switch (kind) {
    case exec::JoinKind::kInner:
      return "Inner";
    case exec::JoinKind::kLeftOuter:
      return "LeftOuter";
    case exec::JoinKind::kRightOuter:
      return "RightOuter";
    case exec::JoinKind::kFullOuter:
      return "FullOuter";
    case exec::JoinKind::kLeftSemi:
      return "LeftSemi";
    case exec::JoinKind::kLeftAnti:
      return "LeftAnti";
    case exec::JoinKind::kIntersectAll:
      return "IntersectAll";
    case exec::JoinKind::kExistence:
      return "ExistenceJoin";
    case exec::JoinKind::kLeftSingle:
      return "LeftSingle";
    case exec::JoinKind::kExceptAll:
      break;
  }
  return "ExceptAll";
}

struct Describe {
  std::string operator()(const ReadNode& n) const {
    // How many files of a folder hold rows is data.
    if (std::holds_alternative<dataflow::TreeSource>(n.source.where)) return "Read files";
    return base::Cat("Read [", n.source.partitions, " partitions]");
  }
  std::string operator()(const MadeNode&) const { return "Rows of a summary"; }
  std::string operator()(const CheckpointNode&) const { return "Rows of a checkpoint"; }
  std::string operator()(const LocalNode& n) const {
    return base::Cat("LocalRelation [", n.table->num_rows(), " rows]");
  }
  std::string operator()(const ProjectNode& /*n*/) const { return "Project"; }
  std::string operator()(const FilterNode& n) const {
    return base::Cat("Filter ", exec::PrettyName(*n.condition));
  }
  std::string operator()(const RangeNode& n) const {
    return base::Cat("Range (", n.start, ", ", n.end, ", step=", n.step, ")");
  }
  std::string operator()(const SortNode& n) const {
    return n.global ? "Sort" : "Sort within partitions";
  }
  std::string operator()(const SampleNode& n) const {
    if (n.again) return base::Cat("Sample ", n.upper - n.lower, " with replacement");
    return base::Cat("Sample ", n.lower, " to ", n.upper);
  }
  std::string operator()(const GenerateNode& n) const {
    switch (n.generator.kind) {
      case exec::Generator::Kind::kExplode:
        return base::Cat("Generate explode", n.generator.outer ? " outer" : "");
      case exec::Generator::Kind::kPosExplode:
        return base::Cat("Generate posexplode", n.generator.outer ? " outer" : "");
      case exec::Generator::Kind::kInline:
        return base::Cat("Generate inline", n.generator.outer ? " outer" : "");
      case exec::Generator::Kind::kStack:
        break;
    }
    return "Generate stack";
  }
  std::string operator()(const ExpandNode& n) const { return base::Cat("Expand ", n.rows.size()); }
  std::string operator()(const AliasNode& n) const { return base::Cat("Alias ", n.name); }
  std::string operator()(const TransformNode& n) const {
    return base::Cat("Transform ", n.transformer->class_name());
  }
  std::string operator()(const LimitNode& n) const { return base::Cat("Limit ", n.rows); }
  std::string operator()(const OffsetNode& n) const { return base::Cat("Offset ", n.rows); }
  std::string operator()(const TailNode& n) const { return base::Cat("Tail ", n.rows); }
  std::string operator()(const RepartitionNode& n) const {
    std::string text = "Repartition";
    if (n.partitions > 0) text += base::Cat(" ", n.partitions);
    for (const exec::ExprPtr& key : n.by) text += base::Cat(" ", exec::PrettyName(*key));
    if (!n.order.empty()) text += " by range";
    return text;
  }
  std::string operator()(const DistinctNode&) const { return "Distinct"; }
  std::string operator()(const WindowNode& n) const {
    std::string text = "Window";
    for (const exec::WindowCall& call : n.calls) text += base::Cat(" ", call.call.function);
    for (const exec::ExprPtr& key : n.spec.partition) {
      text += base::Cat(&key == &n.spec.partition[0] ? " by " : ", ", exec::PrettyName(*key));
    }
    return text;
  }
  std::string operator()(const UnionNode&) const { return "Union"; }
  std::string operator()(const JoinNode& n) const {
    std::string text = base::Cat("Join ", KindName(n.join->kind()));
    for (const exec::JoinKey& key : n.join->keys()) {
      text += base::Cat(" (", exec::PrettyName(*key.left), key.null_safe ? " <=> " : " = ",
                        exec::PrettyName(*key.right), ")");
    }
    if (n.join->residual() != nullptr) {
      text += base::Cat(" where ", exec::PrettyName(*n.join->residual()));
    }
    return text;
  }
  std::string operator()(const CoalesceNode& n) const {
    return base::Cat("Coalesce ", n.partitions);
  }
  std::string operator()(const AggregateNode& n) const {
    if (n.summary != nullptr) return "Summary";
    const size_t keys = n.aggregate->keys().size();
    return keys == 0 ? "Aggregate" : base::Cat("Aggregate by ", keys);
  }
};

/// `indent` is what the lines below a node begin with.
void Draw(const Plan& plan, const std::string& before, const std::string& indent,
          std::string& text) {
  std::string columns;
  for (const auto& field : plan.schema->fields()) {
    columns += columns.empty() ? field->name() : ", " + field->name();
  }
  text += base::Cat(before, std::visit(Describe{}, plan.node), " -> [", columns, "]\n");
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const bool last = i + 1 == plan.inputs.size();
    Draw(*plan.inputs[i], base::Cat(indent, last ? "+- " : ":- "),
         base::Cat(indent, last ? "   " : ":  "), text);
  }
}

}  // namespace

std::string Explain(const Plan& plan) {
  std::string text = "== Plan ==\n";
  Draw(plan, "", "", text);
  return text;
}

}  // namespace soteria::plan
