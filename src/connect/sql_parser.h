// The parser of Spark SQL: recursive descent over the tokens of one text, by the grammar and the
// precedences of Spark's SqlBaseParser.g4. Its methods are in sql_parser.cc (tokens, names, types),
// sql_expression.cc, sql_predicate.cc, sql_literals.cc, sql_call.cc, sql_window.cc, sql_query.cc,
// sql_groups.cc, sql_from.cc, sql_pivot.cc, sql_pipe.cc, sql_statement.cc and sql_tables.cc.
// Private to these.
// Recursion is bounded by kSqlDepthMax, trees by their height, messages by kSqlNodesMax. One parser
// reads one text, in one thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/sql_statement.h"
#include "src/connect/sql_tokens.h"

namespace spark::connect {
class Aggregate;
class Expression_SortOrder;
class Expression_Window;
class Expression_Window_WindowFrame_FrameBoundary;
}  // namespace spark::connect

namespace soteria::connect {

/// Most nodes of all expressions of a text, copies included.
inline constexpr size_t kSqlNodesMax = 200'000;

class SqlParser {
 public:
  using ExprOr = base::StatusOr<SqlExpr>;
  using RelationOr = base::StatusOr<SqlRelation>;

  SqlParser(std::string_view sql, std::vector<SqlToken> tokens, const SqlContext& context);
  ~SqlParser();
  SqlParser(const SqlParser&) = delete;
  SqlParser& operator=(const SqlParser&) = delete;

  ExprOr WholeItem();
  ExprOr WholeExpression();
  base::StatusOr<std::vector<std::string>> WholeName();
  base::StatusOr<SqlStatement> WholeStatement();

 private:
  using Name = std::vector<std::string>;

  /// Counts nesting for as long as it lives.
  class Nested {
   public:
    explicit Nested(int* depth) : depth_(depth) { ++*depth_; }
    ~Nested() { --*depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    int* depth_;
  };

  // Tokens: sql_parser.cc.
  const SqlToken& Now(size_t ahead = 0) const;
  bool IsWord(std::string_view upper, size_t ahead = 0) const;
  bool IsWords(std::string_view first, std::string_view second, size_t ahead = 0) const;
  bool IsOp(std::string_view op, size_t ahead = 0) const;
  bool IsName(size_t ahead = 0) const;
  bool IsQueryStart(size_t ahead = 0) const;
  bool QueryHere() const;
  bool TakeWord(std::string_view upper);
  bool TakeWords(std::string_view first, std::string_view second);
  bool TakeOp(std::string_view op);
  base::Status Error() const;
  base::Status ErrorAt(size_t token) const;
  base::Status Need(std::string_view op);
  base::Status NeedWord(std::string_view word);
  /// Whatever comes instead is "extra input" where Spark's parser can do without it.
  base::Status AtEnd(bool extra) const;
  base::Status Deeper() const;
  base::Status Count(size_t nodes);
  base::StatusOr<SqlExpr> Copy(const SqlExpr& expr);
  base::StatusOr<std::string> Identifier();
  base::StatusOr<Name> Identifiers();
  /// IDENTIFIER(a constant text): the name that it says.
  bool NameOfTextHere() const { return IsWord("IDENTIFIER") && IsOp("(", 1); }
  base::StatusOr<Name> NameOfText();
  base::StatusOr<Name> IdentifierList();
  /// One identifier, or a list of them in parentheses.
  base::StatusOr<Name> IdentifierOrList();
  base::StatusOr<std::string> Type();
  bool IsText() const;
  void AddOfType(std::string* text);
  size_t PartsAhead() const;

  // Expressions: sql_expression.cc, sql_predicate.cc.
  ExprOr Or();
  ExprOr And();
  ExprOr Not();
  ExprOr Predicate();
  ExprOr Is(SqlExpr left);
  ExprOr In(SqlExpr left);
  ExprOr Between(SqlExpr left);
  ExprOr Likes(SqlExpr left, bool any_case, bool negate, size_t begin);
  bool IsPredicate(size_t ahead) const;
  base::Status BangIsNot() const;
  ExprOr Comparison();
  struct Operator {
    int level;
    std::string function;
    size_t tokens;
  };
  size_t ShiftTokens() const;
  Operator OperatorHere() const;
  ExprOr Binary(int level);
  ExprOr Unary();
  ExprOr Postfix(SqlExpr expr, bool name);
  ExprOr Primary(bool* name);
  ExprOr Parenthesised();
  ExprOr ColumnName();
  ExprOr Case();
  bool AliasHere() const;
  bool EndsItem() const;
  ExprOr Item();
  std::optional<SqlExpr> TryStar();
  ExprOr Star(SqlExpr star);

  // Literals: sql_literals.cc.
  ExprOr Number(const SqlToken& token, bool negative);
  ExprOr Word(bool* name);
  ExprOr Interval();
  ExprOr IntervalOf(const std::string& text, bool negative, int start, int end, bool day_time);
  ExprOr IntervalNode(__int128 value, bool day_time, int start, int end);
  ExprOr Parameter();
  ExprOr Substitute(const std::string& name, const spark::connect::Expression& argument);

  // Calls: sql_call.cc.
  ExprOr CastCall();
  ExprOr Function();
  /// After "name(".
  ExprOr FunctionNamed(const std::string& name);
  ExprOr FilterOfCall();
  ExprOr Call(std::string name);
  ExprOr Extract();
  base::Status SubstringArguments(std::string* name, SqlExprs* args);
  base::Status PositionArguments(std::string* name, SqlExprs* args);
  base::Status TrimArguments(std::string* name, SqlExprs* args);
  base::Status OverlayArguments(SqlExprs* args);
  base::Status UnitArguments(std::string* name, SqlExprs* args);
  base::Status FirstArguments(SqlExprs* args);
  base::Status OwnArguments(std::string* name, SqlExprs* args);
  base::Status Arguments(SqlExprs* args);
  base::Status Argument(SqlExprs* args);
  ExprOr Struct();
  ExprOr Lambda();
  bool LambdaHere() const;

  // Windows and sort orders: sql_window.cc.
  const SqlExpr* FindWindow(const std::string& name) const;
  ExprOr Over(SqlExpr call);
  base::Status WindowSpec(spark::connect::Expression_Window* out, SqlExpr* whole);
  base::Status WindowFrame(spark::connect::Expression_Window* out, SqlExpr* whole);
  base::Status Boundary(spark::connect::Expression_Window_WindowFrame_FrameBoundary* out,
                        bool lower, SqlExpr* whole);
  base::Status NullTreatment(const std::string& name, SqlExpr* call);
  base::Status WithinGroup(const std::string& name, SqlExpr* call);
  base::Status ReadNamedWindows();
  base::Status SortItem(spark::connect::Expression_SortOrder* out, SqlExpr* whole);

  // Queries: sql_query.cc.
  RelationOr Query();
  base::Status Ctes(std::vector<SqlRelation>* ctes);
  int SetTypeHere() const;
  RelationOr SetTerm(int level);
  RelationOr SetStep(SqlRelation left, int type, int level);
  RelationOr QueryPrimary();
  RelationOr Organised(SqlRelation query);
  RelationOr Sorted(SqlRelation query);
  RelationOr Ordered(SqlRelation query);
  RelationOr Distributed(SqlRelation query);
  RelationOr Limited(SqlRelation query);
  RelationOr Counted(SqlRelation query, SqlExpr count, bool limit);
  RelationOr FromClause();
  struct SqlHint {
    std::string name;
    SqlExprs parameters;
  };
  base::Status Hints(std::vector<SqlHint>* hints);
  static SqlRelation Hinted(SqlRelation select, std::vector<SqlHint> hints);
  base::Status SelectWords(bool* distinct, std::vector<SqlHint>* hints);
  RelationOr Select(std::optional<SqlRelation> from);
  static SqlRelation Distinct(SqlRelation select);
  base::StatusOr<SqlExprs> Items();
  RelationOr Filtered(SqlRelation input);
  RelationOr Qualified(SqlRelation select, bool windows);
  RelationOr Rows();
  base::StatusOr<int64_t> Reference();
  ExprOr ScalarSubquery();
  ExprOr Exists();
  ExprOr InSubquery(SqlExprs values);
  RelationOr WithReferences(SqlRelation root, std::vector<SqlRelation> references);

  // GROUP BY: sql_groups.cc.
  struct GroupElements;
  RelationOr Grouped(SqlRelation input, SqlExprs items);
  base::Status GroupBy(SqlExprs* keys, spark::connect::Aggregate* out);
  base::Status GroupElement(GroupElements* all);
  bool ParenthesesAreAll() const;
  base::StatusOr<std::vector<size_t>> GroupMember(GroupElements* all);
  base::StatusOr<size_t> GroupKey(GroupElements* all);
  base::StatusOr<size_t> KeyPlace(SqlExpr key, GroupElements* all);
  base::Status SetsOf(GroupElements all, SqlExprs* keys, spark::connect::Aggregate* out);

  // FROM: sql_from.cc.
  RelationOr From();
  RelationOr Joined();
  RelationOr JoinStep(SqlRelation left, bool* joined);
  bool LateralHere() const;
  RelationOr Lateral(SqlRelation left, int type);
  RelationOr Source();
  RelationOr NamedSource();
  RelationOr TableFunction(std::string name);
  RelationOr LateralView(SqlRelation input);
  ExprOr TableCall();
  bool LateralCallHere() const;
  RelationOr LateralCall(SqlRelation input, int type);
  RelationOr Viewed(SqlRelation input, SqlExpr call, bool outer, const std::string& table,
                    const Name& columns);
  RelationOr Sampled(SqlRelation input);
  RelationOr Aliased(SqlRelation input);
  bool TableAliasHere() const;

  // The pipe: sql_pipe.cc.
  RelationOr Piped(SqlRelation query);
  RelationOr PipeStep(SqlRelation input);
  RelationOr PipeSelect(SqlRelation input);
  RelationOr PipeExtend(SqlRelation input);
  RelationOr PipeDrop(SqlRelation input);
  RelationOr PipeAggregate(SqlRelation input);

  // PIVOT and UNPIVOT: sql_pivot.cc.
  bool PivotHere() const;
  RelationOr Pivoted(SqlRelation input);
  RelationOr Pivot(SqlRelation input);
  base::Status PivotAlias(SqlExpr* expr);
  RelationOr Unpivot(SqlRelation input);
  ExprOr UnpivotSet(bool several);
  RelationOr WithSomeValue(SqlRelation rows, const Name& names);

  // Statements: sql_statement.cc.
  base::StatusOr<SqlStatement> Statement();
  base::Status TakeQuery(SqlStatement* out);
  base::StatusOr<SqlStatement> CreateView();
  base::StatusOr<SqlStatement> DropView();
  base::StatusOr<SqlStatement> Describe();
  base::StatusOr<SqlStatement> ShowNames();
  base::StatusOr<SqlStatement> ShowFunctions();
  base::StatusOr<SqlStatement> Explain();
  base::StatusOr<SqlStatement> Set();
  base::StatusOr<SqlStatement> Cache();
  base::Status RefuseStatement() const;

  // Of tables: sql_tables.cc.
  base::StatusOr<std::string> Text();
  base::Status ColumnsOfTable(SqlTable* out);
  base::Status OptionsOfTable(SqlTable* out);
  base::Status ClausesOfTable(SqlTable* out);
  base::StatusOr<SqlStatement> CreateTable();
  base::Status Partition(SqlStatement* out);
  bool QueryAfter() const;
  base::StatusOr<SqlStatement> Insert();
  base::StatusOr<SqlStatement> OfOneTable();

  const std::string_view sql_;
  const std::vector<SqlToken> tokens_;
  const std::vector<size_t> positional_;  // the places of the tokens "?"
  const SqlContext& context_;
  size_t at_ = 0;
  int depth_ = 0;
  size_t nodes_ = 0;
  size_t argument_bytes_ = 0;
  int64_t next_reference_;
  /// Of the query that is read: the relations of its subqueries.
  std::vector<SqlRelation>* references_ = nullptr;
  /// Of the SELECT that is read: its WINDOW clause, by names in lower case.
  std::map<std::string, SqlExpr>* windows_ = nullptr;
  size_t windows_end_ = 0;  // the token behind that clause
  std::vector<std::string> lambda_names_;
};

}  // namespace soteria::connect
