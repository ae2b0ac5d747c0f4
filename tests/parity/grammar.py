"""Seeded expressions over the whole grammar that Soteria takes, and what a Spark makes of them.

Typed well enough that most are valid; some are spoiled on purpose. The generator knows nothing of either world: the same seed
gives the same texts everywhere.
"""

from __future__ import annotations

import datetime
import decimal
import random

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

NAN, INF = float("nan"), float("inf")
SCHEMA = ("k int not null, b boolean, y tinyint, h smallint, i int, l bigint, f float, d double, x double not null, s string, "
          "n string, c string, day date, at timestamp, t string, a array<int>, w array<string>, st struct<p:int,q:string,r:double>")
UTC = datetime.timezone.utc
ROWS = [
    (True, 1, 2, 3, 4, 0.5, 1.5, 0.25, "abc", "12", "true", datetime.date(2020, 2, 29), datetime.datetime(2020, 3, 8, 10, 30, tzinfo=UTC),
     "2021-03-28 02:30:00", [1, 2, 3], ["a", "b"], (1, "x", 0.5)),
    (False, -128, -32768, -2147483648, -9223372036854775808, -0.0, NAN, -0.0, "", "-7", "false", datetime.date(1969, 12, 31),
     datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "1970-01-01", [], [], (None, None, None)),
    (None, 127, 32767, 2147483647, 9223372036854775807, INF, INF, 1e308, "Straße ΑΣ", "1e3", "yes", None, None, "bad", None, None, None),
    (True, None, 0, None, None, None, None, 1e-320, None, None, None, datetime.date(1, 1, 1),
     datetime.datetime(1883, 11, 18, 17, 0, tzinfo=UTC), None, [None, 5], [None, "é"], (7, None, NAN)),
    (None, 0, None, 0, 0, 1e-45, -INF, 123456789.125, "a%b_c\\d", " 42 ", "0", datetime.date(9999, 12, 31),
     datetime.datetime(2037, 7, 1, tzinfo=UTC), "2020-06-01T12:00:00.123456789+02:00", [2147483647, -2147483648], ["%", "_", ""], (0, "", -0.0)),
    (False, -1, 100, 7, 1000000, 3.4e38, -2.5, -3.5, "zzz ", "9999999999", "N", datetime.date(2000, 1, 1),
     datetime.datetime(2019, 11, 3, 9, 30, tzinfo=UTC), "2020-01-01 00:00:00 Europe/Berlin", [0], ["abc"], (-5, "a%b", 1e300)),
    (True, 5, 8, 10, -10, 16777217.0, 4.9e-324, 0.1, "\u0130i\u0131 \ufb01\U0001F600", "0x10", "T", datetime.date(1582, 10, 10),
     datetime.datetime(1500, 1, 1, tzinfo=UTC), "2020", [3, 1, 2], ["b", "a"], (3, "é", 2.0)),
]
NUMBERS = ["tinyint", "smallint", "int", "bigint", "float", "double"]
INTEGRALS = NUMBERS[:4]
COLUMNS = {"boolean": ["b"], "tinyint": ["y"], "smallint": ["h"], "int": ["i", "k", "st.p", "a[0]"], "bigint": ["l"], "float": ["f"],
           "double": ["d", "x", "st.r"], "string": ["s", "n", "c", "t", "st.q", "`s`"], "date": ["day"], "timestamp": ["at"],
           "ints": ["a"], "strings": ["w"], "struct": ["st"]}
LITERALS = {
    "boolean": ["true", "false", "TRUE"],
    "tinyint": ["1Y", "-128Y", "127Y", "0y"],
    "smallint": ["2S", "-32768S", "300s"],
    "int": ["0", "1", "-1", "2", "3", "7", "10", "100", "2147483647", "-2147483648", "- 5"],
    "bigint": ["1L", "-1l", "9223372036854775807", "-9223372036854775808", "2147483648", "0L"],
    "float": ["0.5F", "1e10f", "-1.25F", "3.4e38F"],
    "double": ["0.0D", "-0.0D", "1e0", "1.5D", "1e308", "2.5E-3", "-1e-320D", "3D", ".5D", "1e16", "123456789.125D"],
    "string": ["'a'", "''", "\"b\"", "'it''s'", "'\\''", "'\\u0041\\t'", "'\\U0001F600'", "'\\101\\060'", "r'\\n%'", "'a' 'b'", "'%b'", "'a_c'",
               "'12'", "'-3'", "' 5 '", "'1.5'", "'1e5'", "'NaN'", "'Infinity'", "'true'", "'no'", "'\u00e9\u00df'", "'2020-02-30'",
               "'2020-02-29'", "'2020-1-2 3:4:5'", "'2020-10-25 02:30:00'", "'2020-03-29T02:30:00.5'", "'2020-01-01 12:00:00+05:30'",
               "'2020-01-01 12:00:00 America/New_York'", "'epoch'", "'+12020-01-01'", "'-0044-03-15'", "'2020-01-01 1'", "'\\%'", "'x\\_y'",
               "'9223372036854775808'", "'0x1p3'", "'1d'", "'\\ud83d\\ude00'", "'\u03a3\u03a3'", "'\u01c5'"],
    "date": ["DATE '2020-02-29'", "date'1969-12-31'", "DATE '0001-01-01'", "DATE '2020-3'", "DATE 'epoch'"],
    "timestamp": ["TIMESTAMP '2020-03-08 02:30:00'", "timestamp'1970-01-01'", "TIMESTAMP '2020-11-01 01:30:00'", "TIMESTAMP '2020-01-01 00:00:00Z'",
                  "TIMESTAMP '1900-01-01 00:00:00.000001'"],
    "ints": ["array(1, 2)", "array()", "array(1, null)"],
    "strings": ["array('a', 'b')", "array('x')"],
    "struct": ["struct(1, 'x', 2.5D)", "st"],
}
TYPES = list(LITERALS)
PLAIN = [t for t in TYPES if t not in ("ints", "strings", "struct")]
MATHS = ["exp", "sqrt", "cbrt", "expm1", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "rint", "signum", "sign", "radians",
         "degrees", "ln", "log", "log10", "log2", "log1p"]
# Java's fdlibm and C's libm differ in the last bits; so may what is made of them.
ROUNDED = {*MATHS, "power", "pow", "atan2", "hypot", "round", "bround"} - {"sqrt", "rint", "signum", "sign", "round", "bround"}
COMMENTS = [" ", " ", " ", "  ", "\n", "\t", " /* c */ ", " -- c\n", " /* a /* b */ */ "]


class Generator:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def pick(self, *options):
        return self.random.choice(options)

    def of(self, kind: str, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.12:
            return self.leaf(kind)
        return getattr(self, kind if kind in ("boolean", "string", "date", "timestamp", "ints", "strings", "struct") else "number")(kind, depth - 1)

    def leaf(self, kind: str) -> str:
        if self.random.random() < 0.06:
            return "null"
        return self.random.choice((COLUMNS if self.random.random() < 0.6 else LITERALS)[kind])

    def any(self, depth: int, kinds=PLAIN) -> str:
        return self.of(self.random.choice(kinds), depth)

    def choice(self, kind: str, depth: int) -> str:
        """What gives one of its arguments."""
        one, two, three = (self.of(kind, depth) for _ in range(3))
        test = self.of("boolean", depth)
        return self.pick(
            f"CASE WHEN {test} THEN {one} WHEN {self.of('boolean', depth)} THEN {two} ELSE {three} END", f"case when {test} then {one} end",
            f"CASE {self.of('int', depth)} WHEN {self.of('int', 0)} THEN {one} ELSE {two} END", f"if({test}, {one}, {two})",
            f"coalesce({one}, {two})", f"coalesce({one}, {two}, {three})", f"nvl({one}, {two})", f"ifnull({one}, {two})", f"nullif({one}, {two})",
            f"greatest({one}, {two})", f"least({one}, {two}, {three})", f"({one})")

    def cast(self, kind: str, depth: int) -> str:
        likely = ["string", "date", "timestamp"] if kind == "date" else [t for t in PLAIN if kind not in NUMBERS or t != "date"]
        source = self.any(depth, likely if self.random.random() < 0.95 else PLAIN)
        return self.pick(f"CAST({source} AS {kind})", f"try_cast({source} as {kind})", f"({source})::{kind}",
                         f"{kind}({source})" if kind not in ("date", "timestamp") else f"cast({source} as {kind})")

    def number(self, kind: str, depth: int) -> str:
        roll = self.random.random()
        if roll < 0.18:
            return self.choice(kind, depth)
        if roll < 0.38:
            return self.cast(kind, depth)
        one, two = self.of(kind, depth), self.of(self.random.choice(NUMBERS) if self.random.random() < 0.3 else kind, depth)
        sign = self.pick("+", "-", "*", "%", "/")
        forms = [f"{one} {sign} {two}", f"({one} {sign} {two})", negated(one), f"+{one}", f"- ({one})", f"abs({one})", f"negative({one})", f"positive({one})",
                 f"mod({one}, {two})", f"pmod({one}, {two})", f"nanvl({self.of('double', depth)}, {self.of('double', depth)})"]
        if kind in INTEGRALS:
            forms += [f"{one} & {two}", f"{one} | {two}", f"{one} ^ {two}", f"~{one}", f"{one} div {two}", f"{one} DIV {two}", f"round({one}, -1)",
                      f"bround({one}, {self.pick('-2', '-1', '0', '1')})", f"length({self.of('string', depth)})", f"size({self.of('ints', depth)})",
                      f"char_length({self.of('string', depth)})", f"floor({self.of('double', depth)})", f"ceil({self.of('double', depth)})",
                      f"ceiling({self.of('float', depth)})", f"{self.of('ints', depth)}[{self.pick('0', '1', '2', '-1', 'k')}]",
                      f"get({self.of('ints', depth)}, {self.pick('0', '5', 'k')})", f"element_at({self.of('ints', depth)}, {self.pick('1', '-1', '3')})",
                      f"{self.of('struct', depth)}.p", f"array_size({self.of('ints', depth)})"]
        else:
            wide = self.of("double", depth)
            forms += [f"{self.pick(*MATHS)}({wide})", f"power({wide}, {self.of('double', depth)})", f"pow({wide}, 2)", f"atan2({wide}, {one})",
                      f"hypot({wide}, {one})", f"round({wide})", f"round({wide}, {self.pick('2', '-1', '15', '1')})", f"bround({wide}, 1)",
                      f"log({self.pick('2D', '10D', '0.5D')}, {wide})"]
        return self.random.choice(forms)

    def boolean(self, kind: str, depth: int) -> str:
        roll = self.random.random()
        if roll < 0.08:
            return self.choice(kind, depth)
        if roll < 0.14:
            return self.cast(kind, depth)
        one, two = self.of(kind, depth), self.of(kind, depth)
        if roll < 0.35:
            return self.pick(f"{one} AND {two}", f"{one} or {two}", f"NOT {one}", f"! {one}", f"({one} and not {two})", f"{one} IS TRUE", f"{one} is not false",
                             f"{one} IS UNKNOWN")
        side = self.random.choice(PLAIN)
        other = side if self.random.random() < 0.75 else self.random.choice(PLAIN)
        a, b, c = self.of(side, depth), self.of(other, depth), self.of(side, depth)
        text, pattern = self.of("string", depth), self.pick("'a%'", "'%b%'", "'_'", "'%'", "''", "'a\\\\_c'", "s", "'%\\u0041'", "'__%'")
        return self.pick(
            f"{a} = {b}", f"{a} == {b}", f"{a} <> {b}", f"{a} != {b}", f"{a} < {b}", f"{a} <= {b}", f"{a} > {b}", f"{a} >= {b}", f"{a} <=> {b}",
            f"{a} !> {b}", f"{a} !< {b}", f"{a} IS NULL", f"{a} is not null", f"isnull({a})", f"isnotnull({a})", f"{a} IN ({b}, {c})",
            f"{a} not in ({c}, null)", f"{a} BETWEEN {b} AND {c}", f"{a} not between {b} and {c}", f"{a} IS DISTINCT FROM {b}",
            f"{a} is not distinct from {b}", f"{text} LIKE {pattern}", f"{text} not like {pattern}", f"isnan({self.of('double', depth)})",
            f"contains({text}, {self.of('string', depth)})", f"startswith({text}, 'a')", f"endswith({text}, {self.of('string', 0)})",
            f"array_contains({self.of('ints', depth)}, {self.of('int', depth)})", f"array_contains({self.of('strings', depth)}, {text})",
            f"not({a} = {b})")

    def string(self, kind: str, depth: int) -> str:
        roll = self.random.random()
        if roll < 0.15:
            return self.choice(kind, depth)
        if roll < 0.45:
            return self.cast(kind, depth)
        one, two = self.of(kind, depth), self.of(kind, depth)
        place, count = self.of("int", 0), self.of("int", 0)
        return self.pick(
            f"upper({one})", f"lower({one})", f"ucase({one})", f"lcase({one})", f"concat({one}, {two})", f"concat({one}, {self.any(depth)})", f"{one} || {two}",
            f"substr({one}, {place})", f"substring({one}, {place}, {count})", f"substr({one}, 2, 1)", f"substring({one}, -2)", f"trim({one})", f"ltrim({one})",
            f"rtrim({one})", f"{self.of('strings', depth)}[0]", f"{self.of('struct', depth)}.q", f"element_at({self.of('strings', depth)}, 1)",
            f"concat({one})")

    def date(self, kind: str, depth: int) -> str:
        return self.choice(kind, depth) if self.random.random() < 0.4 else self.cast(kind, depth)

    timestamp = date

    def ints(self, kind: str, depth: int) -> str:
        return self.pick("a", f"array({self.of('int', depth)}, {self.of('int', depth)})", f"array({self.any(depth, INTEGRALS)})",
                         f"coalesce(a, {self.of('ints', depth)})", f"if({self.of('boolean', depth)}, a, {self.of('ints', depth)})",
                         f"cast({self.pick('a', 'w')} as array<int>)", f"cast(a as array<{self.pick('bigint', 'double', 'string')}>)")

    def strings(self, kind: str, depth: int) -> str:
        return self.pick("w", f"array({self.of('string', depth)}, {self.of('string', depth)})", f"coalesce(w, {self.of('strings', depth)})",
                         "cast(a as array<string>)")

    def struct(self, kind: str, depth: int) -> str:
        return self.pick("st", f"if({self.of('boolean', depth)}, st, st)", "coalesce(st, st)", "cast(st as struct<p:bigint,q:string,r:float>)")

    def spoil(self, text: str) -> str:
        """A text that may no longer be an expression."""
        at = self.random.randrange(len(text) + 1)
        return self.pick(text[:at] + text[at + 1:], text[:at] + self.pick("'", "(", ")", "`", ",", " x", "\\", "--", "/*", "@", ";") + text[at:],
                         text.replace("(", "", 1), f"{text} {text}", f"nothing({text})", f"{text} AS `n m`", f"{text} as z", f"({text}) y",
                         f"upper({text}, 1)", text[:at])

    def expression(self) -> str:
        text = self.any(self.random.choice([1, 1, 2, 2, 3, 4]), TYPES)
        roll = self.random.random()
        if roll < 0.05:
            return self.spoil(text)
        if roll < 0.2:
            return "".join(self.random.choice(COMMENTS) if c == " " else c for c in text) if "'" not in text and '"' not in text else text
        return text


def expressions(seed: int, count: int) -> list[str]:
    generator = Generator(seed)
    texts = dict.fromkeys(generator.expression() for _ in range(count * 2))
    return list(texts)[:count]


def negated(text: str) -> str:
    """Two minuses would begin a comment."""
    return f"- {text}" if text.startswith("-") else f"-{text}"


def frame(spark: SparkSession) -> DataFrame:
    """Local rows in both worlds: Spark evaluates over them while it plans, without a job."""
    schema = spark.createDataFrame([], SCHEMA).schema
    names = schema.names
    arrow = to_arrow_schema(schema, timezone="UTC")
    columns = [pa.array([(k, *row)[j] for k, row in enumerate(ROWS)], arrow.field(j).type) if "st" != name else
               pa.array([None if row[-1] is None else dict(zip("pqr", row[-1])) for row in ROWS], arrow.field(j).type)
               for j, name in enumerate(names)]
    return spark.createDataFrame(pa.Table.from_arrays(columns, schema=arrow), schema)


def plain(value):
    if isinstance(value, float):
        return {"double": repr(value)}
    if isinstance(value, Row):
        return {"row": [plain(v) for v in value]}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": value.hex()}
    if isinstance(value, (datetime.date, datetime.datetime, decimal.Decimal)):
        return {type(value).__name__: str(value)}
    return value


def failure(error: Exception) -> str:
    if isinstance(error, PySparkException) and error.getCondition() is not None:
        return error.getCondition()
    return type(error).__name__ + ": " + str(error)[:200]


class Recorder:
    """Expressions over one frame: analysed one by one, evaluated many at a time, row by row where one fails."""

    def __init__(self, table: DataFrame):
        self.table = table
        self.types: dict[str, str] = {}

    def analyse(self, text: str) -> dict:
        try:
            field, = self.table.selectExpr(text).schema
        except Exception as error:  # noqa: BLE001: whatever it is, both worlds must agree on it
            return {"error": failure(error)}
        self.types[text] = field.dataType.simpleString()
        return {"name": field.name, "type": self.types[text], "nullable": field.nullable}

    def column(self, text: str):
        """Dates and times as text: Python's end at the year 9999."""
        column = F.expr(text)
        return column.cast("string") if "date" in self.types[text] or "timestamp" in self.types[text] else column

    def rows(self, texts: list[str], table: DataFrame):
        return [[plain(v) for v in row] for row in table.select(*[self.column(t).alias(f"c{j}") for j, t in enumerate(texts)]).collect()]

    def evaluate(self, texts: list[str], out: dict[str, dict]) -> None:
        if not texts:
            return
        try:
            rows = self.rows(texts, self.table)
            for j, text in enumerate(texts):
                out[text]["values"] = [row[j] for row in rows]
        except Exception as error:  # noqa: BLE001
            failure(error)
            if len(texts) > 1:
                half = len(texts) // 2
                self.evaluate(texts[:half], out)
                self.evaluate(texts[half:], out)
            else:
                out[texts[0]]["values"] = [self.cell(texts[0], k) for k in range(len(ROWS))]

    def cell(self, text: str, k: int):
        try:
            (value,), = self.rows([text], self.table.filter(f"k = {k}"))
            return value
        except Exception as error:  # noqa: BLE001
            return {"error": failure(error)}


BATCH = 32
ZONES = ["UTC", "America/Los_Angeles", "+05:30", "Europe/Dublin"]


def record(spark: SparkSession, seed: int, count: int, part: int, parts: int) -> list[dict]:
    """One record an expression of this part, in an order that the seed gives; each quarter of all in a time zone of its own."""
    records = []
    for number, zone in list(enumerate(ZONES))[part::parts]:
        spark.conf.set("spark.sql.session.timeZone", zone)
        recorder = Recorder(frame(spark))
        texts = expressions(seed * len(ZONES) + number, count // len(ZONES))
        out = {text: {"text": text, "zone": zone, **recorder.analyse(text)} for text in texts}
        valid = [text for text in texts if "error" not in out[text]]
        for at in range(0, len(valid), BATCH):
            recorder.evaluate(valid[at:at + BATCH], out)
        records += out.values()
    spark.conf.unset("spark.sql.session.timeZone")
    return records
