"""Seeded plans of DataFrames and SQL over small tables with nulls, NaN, -0.0 and duplicates, and what a Spark makes of them.

A plan is a line of Python that is made before it runs, so that both worlds have the same one, and that says what to try when they differ.
Plans are deterministic but for the order of rows: what depends on order (limits, windows, lists) is made over an order of all columns, and
doubles are multiples of a quarter, whose sums are exact in any order.
"""

from __future__ import annotations

import datetime
import decimal
import json
import random

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window as W

from recorder import failure, plain

D = decimal.Decimal
NAN = float("nan")
TABLES = {
    "t": ("a int, b bigint, c double, d string, e date, f boolean, g decimal(10,2)", [
        (1, 10, 0.5, "x", datetime.date(2024, 2, 29), True, D("1.50")), (1, 10, 0.5, "x", datetime.date(2024, 2, 29), True, D("1.50")),
        (2, None, NAN, "y", None, False, None), (None, 30, -0.0, None, datetime.date(2020, 1, 1), None, D("-0.25")),
        (3, 40, None, "xy", datetime.date(2024, 3, 1), True, D("100.00")), (2, 20, 0.0, "", datetime.date(1969, 12, 31), False, D("0.00")),
        (None, None, None, None, None, None, None), (5, 50, -2.25, "X", datetime.date(2024, 2, 29), None, D("2.00")),
        (1, 60, 3.75, "z z", None, True, D("-7.75")), (4, 10, float("inf"), "y", datetime.date(2020, 1, 1), False, D("1.50")),
        (3, -5, NAN, "yx", datetime.date(2021, 6, 15), True, None), (2, 20, 1.0, "y", datetime.date(2020, 1, 1), True, D("3.25")),
    ]),
    "u": ("a int, b bigint, c double, d string", [
        (1, 100, 1.25, "x"), (2, 200, NAN, "q"), (2, 200, 0.0, "y"), (None, 300, None, None), (7, None, -0.0, ""), (3, 10, 2.5, "xy"), (3, 10, 2.5, "xy"),
    ]),
    "v": ("a int, h array<int>, d string", [(1, [1, 2, None], "x"), (2, [], "y"), (3, None, None), (None, [5], "z"), (4, [3, 3], "x")]),
    "w": ("a int, c double", []),
}


class Frame:
    """A piece of Python that makes a DataFrame, and its columns: {name: kind}, all names new but in base tables."""

    def __init__(self, text: str, columns: dict[str, str]):
        self.text, self.columns = text, columns


class Maker:
    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.names = 0

    def pick(self, *of):
        return self.random.choice(of)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    # Expressions by kind; none fails on any row.

    def column(self, columns: dict[str, str], kind: str) -> str | None:
        of = [name for name, its in columns.items() if its == kind]
        return self.random.choice(of) if of else None

    def literal(self, kind: str) -> str:
        if self.chance(0.08):
            return f"CAST(NULL AS {'decimal(10,2)' if kind == 'decimal' else kind})"
        return self.pick(*{
            "int": ("0", "1", "2", "3", "-1"), "bigint": ("0L", "10L", "-5L", "20L"), "double": ("0.5D", "-0.0D", "0.0D", "double('NaN')", "-2.25D"),
            "string": ("'x'", "''", "'y'", "'xy'"),
            "date": ("DATE'2024-02-29'", "DATE'2020-01-01'"), "boolean": ("true", "false"),
            "decimal": ("1.50BD", "0.00BD", "-7.75BD")}[kind])

    def expression(self, columns: dict[str, str], kind: str, depth: int = 2) -> str:
        if depth == 0 or self.chance(0.35):
            name = self.column(columns, kind)
            return name if name is not None and self.chance(0.8) else self.literal(kind)
        e = lambda k: self.expression(columns, k, depth - 1)  # noqa: E731
        general = [lambda: f"CASE WHEN {e('boolean')} THEN {e(kind)} ELSE {e(kind)} END", lambda: f"coalesce({e(kind)}, {e(kind)})",
                   lambda: f"if({e('boolean')}, {e(kind)}, {e(kind)})", lambda: f"nullif({e(kind)}, {e(kind)})",
                   lambda: f"greatest({e(kind)}, {e(kind)})" if kind != "boolean" else f"(NOT {e(kind)})"]
        special = {
            "int": [lambda: f"length({e('string')})", lambda: f"({e('int')} % 7)", lambda: f"year({e('date')})", lambda: f"datediff({e('date')}, {e('date')})",
                    lambda: f"CAST({e('boolean')} AS int)", lambda: f"pmod({e('int')}, 3)"],
            "bigint": [lambda: f"CAST({e('int')} AS bigint)", lambda: f"({e('bigint')} % 11L)", lambda: f"abs({e('bigint')} % 100L)"],
            "double": [lambda: f"({e('double')} * 0.5D)", lambda: f"CAST({e('int')} AS double)", lambda: f"nanvl({e('double')}, {e('double')})",
                       lambda: f"abs({e('double')})", lambda: f"(- {e('double')})", lambda: f"CAST({e('decimal')} AS double)"],
            "string": [lambda: f"upper({e('string')})", lambda: f"concat({e('string')}, {e('string')})", lambda: f"substring({e('string')}, 1, 1)",
                       lambda: f"CAST({e('int')} AS string)", lambda: f"trim({e('string')})", lambda: f"CAST({e('date')} AS string)"],
            "date": [lambda: f"date_add({e('date')}, {self.pick(0, 1, 31)})", lambda: f"last_day({e('date')})", lambda: f"trunc({e('date')}, 'MM')"],
            "boolean": [lambda: self.predicate(columns, depth - 1)],
            "decimal": [lambda: f"CAST(({e('decimal')} * 0.5BD) AS decimal(10,2))", lambda: f"CAST({e('int')} % 100 AS decimal(10,2))",
                        lambda: f"abs({e('decimal')})"],
        }[kind]
        return self.random.choice(special if self.chance(0.7) else general)()

    def predicate(self, columns: dict[str, str], depth: int = 2) -> str:
        kind = self.pick("int", "bigint", "double", "string", "date", "decimal")
        e = lambda k: self.expression(columns, k, max(0, depth - 1))  # noqa: E731
        forms = [lambda: f"({e(kind)} {self.pick('=', '<', '<=', '>', '>=', '<>', '<=>')} {e(kind)})", lambda: f"({e(kind)} IS {self.pick('', 'NOT ')}NULL)",
                 lambda: f"({e(kind)} {self.pick('', 'NOT ')}IN ({e(kind)}, {e(kind)}))", lambda: f"({e(kind)} BETWEEN {e(kind)} AND {e(kind)})",
                 lambda: f"({e('string')} LIKE {self.pick(repr('x%'), repr('%y'), repr('_'))})"]
        if depth > 0:
            forms += [lambda: f"({self.predicate(columns, depth - 1)} {self.pick('AND', 'OR')} {self.predicate(columns, depth - 1)})",
                      lambda: f"(NOT {self.predicate(columns, depth - 1)})", lambda: e("boolean")]
        return self.random.choice(forms)()

    # Frames.

    def table(self) -> Frame:
        name = self.pick("t", "t", "t", "u", "u", "v", "w")
        columns = {}
        for part in TABLES[name][0].replace("decimal(10,2)", "decimal").split(", "):
            column, kind = part.split(" ")
            if kind != "array<int>":
                columns[column] = kind
        if name != "v" or self.chance(0.3):
            return Frame(f"{name}.drop('h')" if name == "v" else name, columns)
        made = self.name()
        explode = self.pick("explode", "explode_outer")
        return Frame(f"v.select('a', 'd', F.{explode}('h').alias({made!r}))", {"a": "int", "d": "string", made: "int"})

    def frame(self, depth: int) -> Frame:
        frame = self.table()
        for _ in range(self.random.randint(1, depth)):
            frame = self.random.choice(self.steps(depth))(frame)
            if len(frame.columns) > 12:
                frame = self.narrow(frame)
        return frame

    def steps(self, depth: int) -> list:
        one = [self.filtered, self.projected, self.added, self.grouped, self.grouped, self.grouped_by_sets, self.windowed, self.windowed, self.distinct,
               self.limited, self.filled, self.pivoted, self.unpivoted, self.renamed, self.queried, self.repartitioned]
        return one + ([self.joined, self.joined, self.joined, self.combined, self.with_subquery, self.with_subquery] if depth > 1 else [])

    def narrow(self, f: Frame) -> Frame:
        kept = dict(self.random.sample(sorted(f.columns.items()), 6))
        return Frame(f"{f.text}.select({', '.join(map(repr, kept))})", kept)

    def filtered(self, f: Frame) -> Frame:
        return Frame(f"{f.text}.{self.pick('filter', 'where')}({self.predicate(f.columns)!r})", f.columns)

    def kind(self) -> str:
        return self.pick("int", "bigint", "double", "string", "date", "boolean", "decimal")

    def projected(self, f: Frame) -> Frame:
        made = {self.name(): self.kind() for _ in range(self.random.randint(1, 4))}
        items = [f"{self.expression(f.columns, kind)} AS {name}" for name, kind in made.items()]
        kept = self.random.sample(sorted(f.columns), min(2, len(f.columns)))
        return Frame(f"{f.text}.selectExpr({', '.join(map(repr, [*kept, *items]))})", {name: f.columns[name] for name in kept} | made)

    def added(self, f: Frame) -> Frame:
        kind = self.kind()
        name = self.name()
        return Frame(f"{f.text}.withColumn({name!r}, F.expr({self.expression(f.columns, kind)!r}))", f.columns | {name: kind})

    def renamed(self, f: Frame) -> Frame:
        old, new = self.random.choice(sorted(f.columns)), self.name()
        return Frame(f"{f.text}.withColumnRenamed({old!r}, {new!r})", {new if name == old else name: kind for name, kind in f.columns.items()})

    def repartitioned(self, f: Frame) -> Frame:
        by = self.random.choice(sorted(f.columns))
        how = self.pick("coalesce(1)", "repartition(3)", f"repartition(2, {by!r})", f"repartitionByRange(3, {by!r})", f"sortWithinPartitions({by!r})")
        return Frame(f"{f.text}.{how}", f.columns)

    def distinct(self, f: Frame) -> Frame:
        if self.chance(0.5):
            return Frame(f"{f.text}.distinct()", f.columns)
        subset = self.random.sample(sorted(f.columns), self.random.randint(1, min(3, len(f.columns))))
        return Frame(f"{f.text}.select({', '.join(map(repr, subset))}).dropDuplicates()", {name: f.columns[name] for name in subset})

    def order(self, columns) -> str:
        """Of all columns: rows that tie are alike."""
        names = self.random.sample(sorted(columns), len(columns))
        return ", ".join(f"F.{self.pick('asc', 'desc', 'asc_nulls_last', 'desc_nulls_first')}({name!r})" for name in names)

    def limited(self, f: Frame) -> Frame:
        text = f"{f.text}.orderBy({self.order(f.columns)})"
        if self.chance(0.3):
            text += f".offset({self.pick(0, 1, 3)})"
        return Frame(f"{text}.limit({self.pick(0, 1, 3, 5, 100)})", f.columns)

    def filled(self, f: Frame) -> Frame:
        how = self.pick("na.drop()", "na.fill('none')", "na.drop(how='all')", "na.fill(True)", "na.drop(thresh=2)", "na.replace({'x': 'xx', 'y': None})")
        return Frame(f"{f.text}.{how}", f.columns)

    def aggregate(self, columns: dict[str, str]) -> tuple[str, str]:
        kind = self.pick("int", "bigint", "double", "decimal", "string", "date", "boolean")
        e = self.expression(columns, kind, 1)
        where = f" FILTER (WHERE {self.predicate(columns, 1)})" if self.chance(0.15) else ""
        forms = [(f"count({e})", "bigint"), ("count(*)", "bigint"), (f"count(DISTINCT {e})", "bigint"), (f"min({e})", kind), (f"max({e})", kind)]
        if kind in ("int", "bigint"):
            forms += [(f"sum({e})", "bigint"), (f"sum(DISTINCT {e})", "bigint"), (f"bit_xor(CAST({e} AS bigint))", "bigint")]
        if kind == "double":
            forms += [(f"sum({e})", "double"), (f"avg({e})", "double")]
        if kind == "boolean":
            forms += [(f"bool_or({e})", "boolean"), (f"bool_and({e})", "boolean"), (f"count_if({e})", "bigint")]
        if kind == "string":
            forms += [(f"array_join(sort_array(collect_list({e})), ',')", "string"), (f"array_join(sort_array(collect_set({e})), ',')", "string")]
            where = ""
        text, gives = self.random.choice(forms)
        return text + where, gives

    def aggregates(self, columns: dict[str, str]) -> dict[str, tuple[str, str]]:
        return {self.name(): self.aggregate(columns) for _ in range(self.random.randint(1, 3))}

    def grouped(self, f: Frame) -> Frame:
        keys = {}
        for _ in range(self.random.randint(0, 2)):
            kind = self.kind()
            keys[self.name()] = (self.expression(f.columns, kind, 1), kind)
        made = self.aggregates(f.columns)
        by = ", ".join(f"F.expr({text!r}).alias({name!r})" for name, (text, _) in keys.items())
        agg = ", ".join(f"F.expr({text!r}).alias({name!r})" for name, (text, _) in made.items())
        return Frame(f"{f.text}.groupBy({by}).agg({agg})", {name: kind for name, (_, kind) in (keys | made).items()})

    def grouped_by_sets(self, f: Frame) -> Frame:
        keys = self.random.sample(sorted(f.columns), min(2, len(f.columns)))
        made = self.aggregates(f.columns)
        agg = ", ".join(f"F.expr({text!r}).alias({name!r})" for name, (text, _) in made.items())
        return Frame(f"{f.text}.{self.pick('rollup', 'cube')}({', '.join(map(repr, keys))}).agg({agg})",
                     {name: f.columns[name] for name in keys} | {name: kind for name, (_, kind) in made.items()})

    def pivoted(self, f: Frame) -> Frame:
        by, on = self.random.choice(sorted(f.columns)), self.column(f.columns, "string")
        number = self.column(f.columns, "int")
        if on is None or number is None or on == by:
            return self.filtered(f)
        a, b, key = self.name(), self.name(), self.name()
        how = self.pick("max", "count", "min")
        text = (f"{f.text}.groupBy({by!r}).pivot({on!r}, ['x', 'y']).agg(F.{how}({number!r}).cast('bigint'))"
                f".toDF({key!r}, {a!r}, {b!r})")
        return Frame(text, {key: f.columns[by], a: "bigint", b: "bigint"})

    def unpivoted(self, f: Frame) -> Frame:
        values = [name for name, kind in f.columns.items() if kind == "int"][:2]
        rest = [name for name in f.columns if name not in values][:2]
        if not values or not rest:
            return self.filtered(f)
        key, value = self.name(), self.name()
        return Frame(f"{f.text}.unpivot({rest!r}, {values!r}, {key!r}, {value!r})", {name: f.columns[name] for name in rest} | {key: "string", value: "int"})

    def windowed(self, f: Frame) -> Frame:
        by = self.random.sample(sorted(f.columns), self.random.randint(0, min(2, len(f.columns))))
        window = f"W.partitionBy({', '.join(map(repr, by))}).orderBy({self.order(f.columns)})"
        number = self.column(f.columns, "int") or self.column(f.columns, "bigint")
        some = self.random.choice(sorted(f.columns))
        framed = self.pick("", ".rowsBetween(-1, 1)", ".rowsBetween(W.unboundedPreceding, 0)", ".rowsBetween(0, W.unboundedFollowing)", ".rowsBetween(-2, -1)")
        forms = [("F.row_number()", "int", ""), ("F.rank()", "int", ""), ("F.dense_rank()", "int", ""), ("F.ntile(3)", "int", ""),
                 (f"F.lag({some!r}, {self.pick(1, 2)})", f.columns[some], ""), (f"F.lead({some!r})", f.columns[some], ""),
                 (f"F.first({some!r}, {self.chance(0.5)})", f.columns[some], framed), (f"F.last({some!r})", f.columns[some], framed),
                 (f"F.count({some!r})", "bigint", framed), (f"F.max({some!r})", f.columns[some], framed)]
        if number is not None:
            forms += [(f"F.sum({number!r})", "bigint", framed)] * 2
        text, kind, frame = self.random.choice(forms)
        name = self.name()
        return Frame(f"{f.text}.withColumn({name!r}, {text}.over({window}{frame}))", f.columns | {name: kind})

    def fresh(self, f: Frame) -> Frame:
        """The same under names of its own."""
        named = {self.name(): kind for kind in f.columns.values()}
        return Frame(f"{f.text}.toDF({', '.join(map(repr, named))})", named)

    def joined(self, f: Frame) -> Frame:
        other = self.fresh(self.frame(self.pick(1, 2)))
        how = self.pick("inner", "left", "right", "full", "left_semi", "left_anti", "cross")
        left = self.fresh(f)
        right = other
        both = left.columns | right.columns
        pairs = [(a, b) for a, k in left.columns.items() for b, its in right.columns.items() if k == its]
        hint = self.pick("", "", ".hint('broadcast')", ".hint('merge')")
        if how == "cross" or not pairs:
            how, text = "cross", f"{left.text}.limit(4).crossJoin({right.text}.limit(0){hint})"
            if self.chance(0.8):
                text = f"{self.limited(left).text}.crossJoin({self.limited(right).text})"
        else:
            a, b = self.random.choice(pairs)
            condition = f"{a} {self.pick('=', '=', '=', '<=>')} {b}"
            if self.chance(0.3):
                condition += f" AND {self.predicate(both, 1)}"
            elif self.chance(0.1):
                condition = self.predicate(both, 1)
            text = f"{left.text}.join({right.text}{hint}, F.expr({condition!r}), {how!r})"
        return Frame(text, left.columns if how in ("left_semi", "left_anti") else both)

    def combined(self, f: Frame) -> Frame:
        """A set operation of frames of the same kinds."""
        other = self.frame(1)
        left = self.fresh(Frame(f.text, f.columns))
        items = [self.expression(other.columns, kind, 1) for kind in left.columns.values()]
        named = [f"{item} AS {name}" for item, name in zip(items, left.columns)]
        how = self.pick("union", "unionByName", "intersect", "intersectAll", "subtract", "exceptAll")
        return Frame(f"{left.text}.{how}({other.text}.selectExpr({', '.join(map(repr, named))}))", left.columns)

    def queried(self, f: Frame) -> Frame:
        """A query over it as a view."""
        made = {self.name(): self.kind() for _ in range(2)}
        kept = self.random.choice(sorted(f.columns))
        items = ", ".join(f"{self.expression(f.columns, kind, 1)} AS {name}" for name, kind in made.items())
        sql = f"SELECT {kept}, {items} FROM {{f}} WHERE {self.predicate(f.columns, 1)}"
        if self.chance(0.4):
            number = self.name()
            sql = f"SELECT {kept}, count(*) AS {number} FROM {{f}} GROUP BY {kept} HAVING count(*) >= {self.pick(0, 1, 2)}"
            made = {number: "bigint"}
        return Frame(f"spark.sql({sql!r}, f={f.text})", {kept: f.columns[kept]} | made)

    def with_subquery(self, f: Frame) -> Frame:
        other = self.fresh(self.frame(1))
        pairs = [(a, b) for a, k in f.columns.items() for b, its in other.columns.items() if k == its]
        if not pairs:
            return self.filtered(f)
        a, b = self.random.choice(pairs)
        kind = f.columns[a]
        inner = self.predicate(other.columns, 1)
        forms = [f"SELECT * FROM {{f}} WHERE {a} {self.pick('IN', 'NOT IN')} (SELECT {b} FROM {{o}} WHERE {inner})",
                 f"SELECT * FROM {{f}} WHERE {self.pick('', 'NOT ')}EXISTS (SELECT 1 FROM {{o}} AS o WHERE o.{b} = {a} AND {inner})",
                 f"SELECT * FROM {{f}} WHERE {a} {self.pick('>=', '=', '<')} (SELECT {self.pick('max', 'min')}({b}) FROM {{o}} WHERE {inner})"]
        # Spark drops the sort below a limit once a correlated count is joined to it, and then takes other rows.
        if kind not in ("boolean",) and ".limit(" not in f.text and self.chance(0.3):
            name = self.name()
            return Frame(f"spark.sql({f'SELECT *, (SELECT count({b}) FROM {{o}} AS o WHERE o.{b} = {a}) AS {name} FROM {{f}}'!r}, f={f.text}, o={other.text})",
                         f.columns | {name: "bigint"})
        return Frame(f"spark.sql({self.random.choice(forms)!r}, f={f.text}, o={other.text})", f.columns)


def plan(seed: int) -> str:
    maker = Maker(seed)
    return maker.frame(maker.pick(2, 3, 4, 5)).text


def tables(spark: SparkSession) -> dict[str, DataFrame]:
    made = {name: spark.createDataFrame(rows, schema) for name, (schema, rows) in TABLES.items()}
    return {name: frame.repartition(1 + number % 3) for number, (name, frame) in enumerate(made.items())}


def record(spark: SparkSession, seed: int, count: int, part: int, parts: int) -> list[dict]:
    """Of each plan of this part its columns, and its rows in an order of their own; or the error."""
    names = tables(spark) | {"spark": spark, "F": F, "W": W}
    records = []
    for number in range(part, count, parts):
        text = plan(seed * 1_000_000 + number)
        found = {"plan": text}
        try:
            frame = eval(text, dict(names))  # noqa: S307: made here
            found["schema"] = [[field.name, field.dataType.simpleString(), field.nullable] for field in frame.schema]
            rows = [[plain(value) for value in row] for row in frame.collect()]
            found["rows"] = sorted(rows, key=json.dumps)
        except Exception as error:  # noqa: BLE001: compared
            failed = failure(error)
            found["error"] = failed["condition"] or failed["error"]
            found["text"] = failed["text"][:300]
        records.append(found)
    return records
