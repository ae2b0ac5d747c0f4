// Pairs of columns that differ in so many rows, held against a count by hand: what tells fewer than
// enough rows from the others is found, whatever it is that tells them apart.
#include "src/exec/row_cells.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using Cells = std::vector<std::optional<double>>;
using TablePtr = std::shared_ptr<arrow::Table>;
using Chance = std::mt19937_64;

constexpr size_t kRows = 120;
constexpr uint64_t kEnough = 10;

std::shared_ptr<arrow::Array> Doubles(const Cells& cells) {
  arrow::DoubleBuilder builder;
  for (const auto& cell : cells) {
    EXPECT_TRUE((cell ? builder.Append(*cell) : builder.AppendNull()).ok());
  }
  return *builder.Finish();
}

TablePtr Two(const Cells& a, const Cells& b) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::float64()), arrow::field("b", arrow::float64())});
  return arrow::Table::Make(schema, {Doubles(a), Doubles(b)});
}

/// Vectors (a, b), dense or sparse.
TablePtr Vectors(const Cells& a, const Cells& b) {
  table::VectorBuilder builder;
  for (size_t i = 0; i < a.size(); ++i) {
    const table::VectorValue dense = table::DenseVector({*a[i], *b[i]});
    EXPECT_TRUE(builder.Append(i % 2 == 0 ? dense : table::ToSparse(table::View(dense))).ok());
  }
  return arrow::Table::Make(arrow::schema({table::VectorField("v", true, {})}),
                            {*builder.Finish()});
}

bool Enough(const RowCells& cells, const TablePtr& table, size_t parts = 3) {
  const auto decoded = RowCells::Decode(cells.Encode());
  EXPECT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->Encode(), cells.Encode());
  std::vector<std::string> partials;
  const auto each = static_cast<int64_t>(table->num_rows() / static_cast<int64_t>(parts) + 1);
  for (size_t p = 0; p <= parts; ++p) {
    const int64_t first = std::min(static_cast<int64_t>(p) * each, table->num_rows());
    partials.push_back(*decoded->Map(*table->Slice(first, each), p));
  }
  const std::string first = *decoded->Merge({partials.data(), 2});
  const std::string rest = *decoded->Merge({partials.data() + 2, partials.size() - 2});
  const std::vector<std::string> both = {first, rest};
  return *decoded->Finish(*decoded->Merge(both));
}

RowCells Of(CellRole a, CellRole b) {
  return RowCells({{Column("a"), a}, {Column("b"), b}}, kEnough);
}
RowCells Stored() { return Of(CellRole::kStored, CellRole::kStored); }

Cells Values(Chance& chance, size_t rows = kRows) {
  std::normal_distribution<double> normal;
  Cells cells;
  for (size_t i = 0; i < rows; ++i) cells.push_back(normal(chance));
  return cells;
}

/// So many rows of `cells` changed.
Cells Changed(Cells cells, size_t rows, Chance& chance,
              const std::function<std::optional<double>(double)>& change) {
  std::vector<size_t> order(cells.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), chance);
  for (size_t i = 0; i < rows; ++i) cells[order[i]] = change(*cells[order[i]]);
  return cells;
}

TEST(RowCells, ColumnsThatDifferInFewRowsAreFoundWhateverTheDifference) {
  size_t found = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(base::Cat("seed ", seed));
    Chance chance(seed);
    const Cells a = Values(chance);
    const size_t rows = chance() % (2 * kEnough);
    const bool small = rows > 0 && rows < kEnough;
    found += small ? 1 : 0;
    const Cells nulls = Changed(a, rows, chance, [](double) { return std::nullopt; });
    const Cells zeros = Changed(a, rows, chance, [](double) { return 0.0; });
    const Cells moved = Changed(a, rows, chance, [](double x) { return x + 1e-9; });
    for (const Cells& b : {nulls, zeros, moved}) {
      EXPECT_EQ(Enough(Stored(), Two(a, b)), !small) << rows;
      EXPECT_EQ(Enough(Stored(), Two(b, a)), !small) << rows;
    }
    for (const Cells& b : {zeros, moved}) {
      EXPECT_EQ(Enough(RowCells({{Column("v"), CellRole::kStored}}, kEnough), Vectors(a, b)),
                !small)
          << rows;
    }
    // One column alone: its own nulls.
    EXPECT_EQ(Enough(RowCells({{Column("b"), CellRole::kStored}}, kEnough), Two(a, nulls)), !small);
  }
  EXPECT_GT(found, 100U);
}

TEST(RowCells, NullsOfTwoColumnsMustNotTellFewRowsApart) {
  Chance chance(1);
  for (size_t apart = 0; apart < 2 * kEnough; ++apart) {
    Cells a = Values(chance);
    Cells b = Values(chance);  // differs from a in every row
    for (size_t i = 0; i < 40; ++i) a[i] = std::nullopt;
    for (size_t i = apart; i < 40; ++i) b[i] = std::nullopt;
    EXPECT_EQ(Enough(Stored(), Two(a, b)), apart == 0 || apart >= kEnough) << apart;
  }
}

TEST(RowCells, MadeColumnsAreCellsByTheirValues) {
  const RowCells cells = Of(CellRole::kMade, CellRole::kStored);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Chance chance(seed);
    const Cells x = Values(chance);
    const size_t rows = chance() % (2 * kEnough);
    const bool small = rows > 0 && rows < kEnough;
    // A share of the rows, as `when(condition, 1).otherwise(0)` or without otherwise.
    Cells flags(kRows, 0.0);
    const Cells gated = Changed(flags, rows, chance, [](double) { return 1.0; });
    const Cells gone = Changed(flags, rows, chance, [](double) { return std::nullopt; });
    EXPECT_EQ(Enough(cells, Two(gated, x)), !small) << rows;
    EXPECT_EQ(Enough(cells, Two(gone, x)), !small) << rows;
    // A value of each row's own is a cell of one row.
    EXPECT_FALSE(Enough(cells, Two(x, x)));
    EXPECT_FALSE(Enough(cells, Two(Values(chance), x)));
  }
  // Together: each of two flags is on enough rows, both on too few.
  Cells a(kRows, 0.0), b(kRows, 0.0);
  for (size_t i = 0; i < 40; ++i) a[i] = 1;
  for (size_t i = 35; i < 80; ++i) b[i] = 1;
  EXPECT_FALSE(Enough(Of(CellRole::kMade, CellRole::kMade), Two(a, b)));
  for (size_t i = 30; i < 35; ++i) b[i] = 1;
  EXPECT_TRUE(Enough(Of(CellRole::kMade, CellRole::kMade), Two(a, b)));
}

TEST(RowCells, RowsWithoutWeightAreACell) {
  const RowCells cells = Of(CellRole::kStored, CellRole::kWeight);
  Chance chance(2);
  for (size_t zeros = 0; zeros < 2 * kEnough; ++zeros) {
    const Cells weights = Changed(Cells(kRows, 2.0), zeros, chance, [](double) { return 0.0; });
    EXPECT_EQ(Enough(cells, Two(Values(chance), weights)), zeros == 0 || zeros >= kEnough);
    // Of another column it is a value like any other.
    EXPECT_TRUE(Enough(Stored(), Two(Values(chance), weights)));
  }
}

TEST(RowCells, MinusZeroIsZeroAndNaNIsNaN) {
  Cells a(kRows, 0.0), b(kRows, -0.0);
  EXPECT_TRUE(Enough(Stored(), Two(a, b)));
  for (size_t i = 0; i < 50; ++i) a[i] = b[i] = std::nan("");
  EXPECT_TRUE(Enough(Stored(), Two(a, b)));
  b[0] = 1;
  EXPECT_FALSE(Enough(Stored(), Two(a, b)));
}

TEST(RowCells, WhatCantBeSaidIsNotEnough) {
  Chance chance(3);
  const Cells few = Values(chance, kEnough - 1);
  EXPECT_FALSE(Enough(Stored(), Two(few, few))) << "the table itself is a small group";
  EXPECT_FALSE(Enough(Stored(), Two({}, {}))) << "no rows";
  const Cells x = Values(chance);
  EXPECT_FALSE(
      Enough(RowCells({{Cast(Column("a"), arrow::utf8()), CellRole::kStored}}, kEnough), Two(x, x)))
      << "text";
  const TablePtr vectors = Vectors(x, Values(chance));
  EXPECT_TRUE(Enough(RowCells({{Column("v"), CellRole::kStored}}, kEnough), vectors));
  EXPECT_FALSE(Enough(RowCells({{Column("v"), CellRole::kMade}}, kEnough), vectors));
  table::VectorBuilder sizes;
  for (size_t i = 0; i < kRows; ++i) {
    EXPECT_TRUE(sizes.Append(table::DenseVector(std::vector<double>(i < 60 ? 2 : 3, 1.0))).ok());
  }
  const auto of_sizes =
      arrow::Table::Make(arrow::schema({table::VectorField("v", true, {})}), {*sizes.Finish()});
  for (const size_t parts : {1U, 2U}) {
    EXPECT_FALSE(Enough(RowCells({{Column("v"), CellRole::kStored}}, kEnough), of_sizes, parts));
  }
  table::VectorBuilder wide;
  for (size_t i = 0; i < kRows; ++i) {
    EXPECT_TRUE(wide.Append(table::DenseVector(
                                std::vector<double>(kCellColumnsMax + 1, static_cast<double>(i))))
                    .ok());
  }
  EXPECT_FALSE(Enough(RowCells({{Column("v"), CellRole::kStored}}, kEnough),
                      arrow::Table::Make(of_sizes->schema(), {*wide.Finish()})));
  Cells all_apart;
  for (size_t i = 0; i < 20 * kMadeCellsMax; ++i) {
    all_apart.emplace_back(static_cast<double>(i % (2 * kMadeCellsMax)));
  }
  EXPECT_FALSE(Enough(Of(CellRole::kMade, CellRole::kMade), Two(all_apart, all_apart)));
}

TEST(RowCells, BytesOfAnyOtherFormAreRefused) {
  Chance chance(4);
  const std::string cells = Stored().Encode();
  const std::string partial = *Stored().Map(*Two(Values(chance), Values(chance)), 0);
  for (size_t n = 0; n < cells.size(); ++n) {
    EXPECT_FALSE(RowCells::Decode(cells.substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(RowCells::Decode(cells + "x").ok());
  EXPECT_FALSE(RowCells::Decode(RowCells({}, 0).Encode()).ok());
  for (size_t n = 0; n < partial.size(); ++n) {
    EXPECT_TRUE(base::Is(Stored().Finish(partial.substr(0, n)).status(), base::kProtocol)) << n;
  }
  EXPECT_FALSE(Stored().Finish(partial + "x").ok());
}

}  // namespace
}  // namespace soteria::exec
