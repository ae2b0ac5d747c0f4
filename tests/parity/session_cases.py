"""What a session's script asks beside its queries: checkpoints, configuration of expressions, functions by name, arguments by name."""

from __future__ import annotations

from pyspark import StorageLevel
from pyspark.sql import functions as F

from recorder import Scene, add


def numbers(s: Scene):
    return s.once("checkpoint numbers", lambda: s.spark.range(0, 1000, 1, 4).select("id", (F.col("id") % 7).alias("g"), (F.col("id") / 3).alias("x")))


def sums(frame):
    return frame.groupBy("g").agg(F.count("*").alias("n"), F.sum("x").alias("x")).orderBy("g")


def looped(frame, steps: int):
    for _ in range(steps):
        frame = frame.withColumn("x", F.col("x") + 1).localCheckpoint()
    return frame


def components(s: Scene, steps: int, cut):
    """Each node's smallest neighbour's label, again and again: a chain of 12 nodes and one of 4."""
    edges = s.spark.range(0, 16, 1, 3).select(F.col("id").alias("a"), (F.col("id") + 1).alias("b")).filter("b % 12 != 0 AND b < 16")
    both = edges.union(edges.select(F.col("b").alias("a"), F.col("a").alias("b"))).localCheckpoint()
    labels = s.spark.range(0, 16, 1, 3).select("id", F.col("id").alias("label"))
    for step in range(steps):
        told = both.join(labels, both.a == labels.id).select(F.col("b").alias("id"), "label")
        labels = labels.union(told).groupBy("id").agg(F.min("label").alias("label"))
        labels = cut(labels, step)
    return labels.groupBy("label").agg(F.count("*").alias("n"), F.max("id").alias("last")).orderBy("label")


LOOPS = {
    "every step": lambda s: components(s, 12, lambda t, step: t.localCheckpoint()),
    "lazily": lambda s: components(s, 12, lambda t, step: t.localCheckpoint(eager=False)),
    "every fifth step": lambda s: components(s, 12, lambda t, step: t.localCheckpoint() if step % 5 == 4 else t),
    "twice itself": lambda s: (lambda t: t.agg(F.count("*"), F.sum("id")))(doubled(s.spark.range(0, 4, 1, 2), 6)),
}


def doubled(frame, steps: int):
    for _ in range(steps):
        frame = frame.union(frame).groupBy("id").count().select("id").localCheckpoint()
    return frame


CHECKPOINTS = {
    "eager": lambda t: sums(t.localCheckpoint()), "lazy": lambda t: sums(t.localCheckpoint(eager=False)),
    "lazy twice": lambda t: (lambda c: [c.count(), c.count()])(t.localCheckpoint(False)),
    "storage level": lambda t: sums(t.localCheckpoint(True, StorageLevel.DISK_ONLY)),
    "schema": lambda t: t.localCheckpoint().schema.simpleString(), "columns": lambda t: t.localCheckpoint().columns,
    "of groups": lambda t: sums(t).localCheckpoint().filter("n > 142").orderBy("g"),
    "filtered": lambda t: t.localCheckpoint().filter("id < 3").orderBy("id"), "looped": lambda t: looped(t, 8).agg(F.sum("x"), F.count("*")),
    "joined with what it is of": lambda t: (lambda c: c.join(t, c.id == t.id).count())(t.localCheckpoint()),
    "joined by name": lambda t: t.localCheckpoint().join(t.filter("id < 9"), "id").count(),
    "joined with itself": lambda t: (lambda c: c.alias("a").join(c.alias("b"), F.col("a.id") == F.col("b.id") + 1).count())(t.localCheckpoint()),
    "union": lambda t: (lambda c: c.union(c).count())(t.localCheckpoint()),
    "not cached": lambda t: (lambda c: [c.is_cached, c.storageLevel == StorageLevel.NONE, c.cache().count(), c.unpersist().count()])(t.localCheckpoint()),
    "survives unpersist": lambda t: (lambda c: [t.cache().count(), c.count(), t.unpersist().count(), c.count()])(t.localCheckpoint()),
    "as a view": lambda t: (t.localCheckpoint().createOrReplaceTempView("checked"),
                            t.sparkSession.sql("SELECT g, count(*) FROM checked GROUP BY g ORDER BY g"))[1],
    "of nothing": lambda t: t.filter("id < 0").localCheckpoint().count(),
    "random stays": lambda t: (lambda c: c.agg(F.sum("r")).first() == c.agg(F.sum("r")).first())(t.withColumn("r", F.rand()).localCheckpoint()),
    "fails": lambda t: t.select(F.raise_error(F.lit("no"))).localCheckpoint(),
    "fails late": lambda t: t.select(F.expr("raise_error('no')").alias("e")).localCheckpoint(False).columns,
    "is local": lambda t: t.localCheckpoint().isLocal(),
    "after clearCache": lambda t: (lambda c: (t.sparkSession.catalog.clearCache(), c.count())[1])(t.localCheckpoint()),
    "partitions": lambda t: t.localCheckpoint().select(F.spark_partition_id().alias("p")).groupBy("p").count().orderBy("p"),
}
for name, run in CHECKPOINTS.items():
    add(f"checkpoint {name}", lambda s, run=run: run(numbers(s)), rel=1e-12)
for name, run in LOOPS.items():
    add(f"checkpoint in a loop, {name}", run)


def under(s: Scene, settings: dict, run):
    for key, value in settings.items():
        s.spark.conf.set(key, value)
    try:
        return run(s.spark).collect()
    finally:
        for key in settings:
            s.spark.conf.unset(key)


NULLS, CORRUPT = "spark.sql.jsonGenerator.ignoreNullFields", "spark.sql.columnNameOfCorruptRecord"
SETTINGS = {
    "to_json nulls": ({NULLS: "false"}, "to_json(struct(null AS a, 1 AS b))"), "to_json nulls kept": ({NULLS: "true"}, "to_json(struct(null AS a, 1 AS b))"),
    "to_json own option": ({NULLS: "false"}, "to_json(struct(null AS a, 1 AS b), map('ignoreNullFields', 'true'))"),
    "to_json another option": ({NULLS: "false"}, "to_json(struct(null AS a, date '2024-01-02' AS b), map('dateFormat', 'yyyy'))"),
    "to_json of a map": ({NULLS: "false"}, "to_json(map('a', null, 'b', struct(null AS c)))"), "to_json upper": ({NULLS: "FALSE"},
    "TO_JSON(struct(null AS a))"),
    "to_json of an array": ({NULLS: "false"}, "to_json(array(named_struct('a', cast(null AS int))))"),
    "from_json corrupt": ({CORRUPT: "bad"}, "from_json('{', 'a int, bad string')"), "from_json default name": ({CORRUPT: "bad"},
    "from_json('{', 'a int, _corrupt_record string')"),
    "from_json own option": ({CORRUPT: "bad"}, "from_json('{', 'a int, worse string', map('columnNameOfCorruptRecord', 'worse'))"),
    "from_json another option": ({CORRUPT: "bad"}, "from_json('{', 'a int, bad string', map('mode', 'PERMISSIVE'))"),
    "from_csv corrupt": ({CORRUPT: "bad"}, "from_csv('x,1,2', 'a int, b int, bad string')"), "from_csv default name": ({CORRUPT: "bad"},
    "from_csv('x', 'a int, _corrupt_record string')"),
    "from_json of a lambda": ({CORRUPT: "bad"}, "transform(array('{', '{\"a\":1}'), x -> from_json(x, 'a int, bad string'))"),
}
for name, (settings, text) in SETTINGS.items():
    add(f"setting {name}", lambda s, settings=settings, text=text: under(s, settings, lambda spark: spark.sql(f"SELECT {text}")))
add("setting column api", lambda s: under(s, {NULLS: "false"}, lambda spark: spark.range(2).select(F.to_json(F.struct("id", F.lit(None).alias("n"))))))
add("setting in a group", lambda s: under(s, {NULLS: "false"}, lambda spark: spark.sql("SELECT to_json(struct(max(id) AS m, null AS n)) FROM range(3)")))
add("setting in a having", lambda s: under(s, {NULLS: "false"},
    lambda spark: spark.sql("SELECT id FROM range(3) GROUP BY id HAVING to_json(struct(null AS a)) = '{\"a\":null}' ORDER BY id")))

LAMBDAS = [
    "transform(array(map('a', 1)), x -> x['a'])", "transform(array(named_struct('a', 1)), x -> x['a'])", "transform(array(named_struct('a', 1)), x -> x.a)",
    "transform(array(map('a', 1)), x -> x.a)", "filter(array(map('a', 1), map('a', 2)), x -> x['a'] > 1)", "transform(array(map(1, 'p')), x -> x[1])",
    "transform(array(map('a', map('b', 2))), x -> x['a']['b'])", "transform(array(map('a', named_struct('b', 2))), x -> x['a'].b)",
    "transform(array(named_struct('m', map('k', 5))), x -> x.m['k'])", "aggregate(array(map('a', 1), map('a', 2)), 0, (s, x) -> s + x['a'])",
    "transform_values(map('p', map('q', 3)), (k, v) -> v['q'])", "exists(array(map('a', 1)), x -> x['a'] = 1)", "transform(array(array(7, 8)), x -> x[1])",
    "transform(array(map('a', 1)), x -> transform(array(map('c', 4)), y -> y['c'] + x['a']))", "transform(array(map('a', 1)), x -> x['zz'])",
    "transform(array(named_struct('a', 1)), x -> x['b'])", "transform(array(1), x -> x['a'])",
    "zip_with(array(map('a', 1)), array(named_struct('b', 2)), (x, y) -> x['a'] + y['b'])",
]
for text in LAMBDAS:
    add(f"lambda {text}", lambda s, text=text: s.spark.sql(f"SELECT {text}"))
add("lambda in the column api", lambda s: s.spark.range(1).select(F.transform(F.array(F.create_map(F.lit("a"), F.col("id"))), lambda x: x["a"])))

NAMED = [
    "mask('AbCD123-@$#', lowerChar => 'q')", "mask(str => 'AbCD123-@$#', upperChar => 'Q', digitChar => 'd')", "mask(lowerChar => 'q', str => 'AbC')",
    "mask('AbC', otherChar => 'o', digitChar => NULL)", "mask('AbC', lowerChar => 'q', lowerChar => 'w')", "mask('AbC', str => 'D')", "mask(lowerChar => 'q')",
    "mask('AbC', nobody => 'q')", "mask(lowerChar => 'q', 'AbC')", "mask('a', LOWERCHAR => 'q')", "upper(str => 'a')", "length(expr => 'abc')",
    "abs(x => 1)",
    "explode(collection => array(1, 2))", "explode_outer(collection => array(1, 2))", "posexplode(collection => array(1, 2))",
    "inline(input => array(struct(1)))",
    "length(randstr(length => 5, seed => 0))", "uniform(min => 10, max => 11, seed => 0) >= 10", "rand(seed => 1) >= 0", "nobody(a => 1)",
    "sum(expr => id)", "concat(a => 'x')", "`mask`('AbC', lowerChar => 'q')",
]
for text in NAMED:
    add(f"named {text}", lambda s, text=text: s.spark.sql(f"SELECT {text} FROM range(2)"))
add("named of a table function", lambda s: s.spark.sql("SELECT * FROM explode(collection => array(1, 2)) ORDER BY 1"))
add("named in call_function", lambda s: s.spark.sql("SELECT mask('AbC', lowerChar => ?)", args=["q"]))
add("named in expr", lambda s: s.spark.range(1).select(F.expr("mask('AbC', lowerChar => 'q')")))

PARAMETERS = [
    ("SELECT :a + 1", {"a": 2}), ("SELECT * FROM range(:n)", {"n": 3}), ("SELECT id FROM range(10) LIMIT :n", {"n": 2}),
    ("SELECT id FROM range(10) ORDER BY id LIMIT 2 OFFSET :n", {"n": 2}),
    ("SELECT id FROM range(5) WHERE id IN (:a, :b) ORDER BY id", {"a": 1, "b": 3}),
    ("SELECT CASE WHEN id > :a THEN :b ELSE :c END FROM range(2) ORDER BY id", {"a": 0, "b": "x", "c": "y"}),
    ("SELECT * FROM VALUES (:a, :b) AS t(p, q)", {"a": 1, "b": "z"}), ("SELECT id BETWEEN :a AND :b FROM range(3) ORDER BY id", {"a": 1, "b": 2}),
    ("SELECT 'abc' LIKE :p", {"p": "a%"}),
    ("SELECT count(*) FILTER (WHERE id > :a) FROM range(5)", {"a": 2}), ("SELECT sum(id) FROM range(5) GROUP BY id % :m ORDER BY 1", {"m": 2}),
    ("SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN :a PRECEDING AND CURRENT ROW) FROM range(4)", {"a": 1}),
    ("SELECT max(id) AS m FROM range(5) GROUP BY id % 2 HAVING m > :a", {"a": 3}), ("SELECT array(:a, :b)[:i]", {"a": 1, "b": 2, "i": 1}),
    ("SELECT cast(:a AS int)", {"a": "7"}), ("SELECT interval(:a)", {"a": "1 day"}),
    ("SELECT :a", {}), ("SELECT :a, :b", {"a": 1}), ("SELECT 1", {"a": 1}), ("SELECT ? + ?", [1, 2]), ("SELECT ?", []),
    ("SELECT id FROM range(?) WHERE id > ? ORDER BY id", [5, 2]), ("SELECT ?, :a", [1]),
    ("SELECT explode(array(:a, :b))", {"a": 1, "b": 2}), ("WITH t AS (SELECT :a AS v) SELECT v FROM t", {"a": 5}), ("SELECT (SELECT :a)", {"a": 5}),
    ("SELECT transform(array(1, 2), x -> x + :a)", {"a": 5}), ("SELECT date_add(DATE'2024-01-01', :d)", {"d": 3}),
    ("SELECT :a AS c UNION ALL SELECT :a", {"a": 1}), ("SELECT id FROM range(3) ORDER BY id + :a DESC", {"a": 1}),
    ("SELECT extract(YEAR FROM :d)", {"d": __import__("datetime").date(2024, 1, 2)}), ("SELECT trim(:c FROM 'xax')", {"c": "x"}),
    ("SELECT typeof(:a)", {"a": [1, 2]}), ("SELECT :a IS NULL", {"a": None}),
    ("SELECT IDENTIFIER(:c) FROM range(2) ORDER BY 1", {"c": "id"}), ("SELECT * FROM IDENTIFIER(:t) ORDER BY 1", {"t": "ids"}),
    ("SELECT IDENTIFIER(:f)(id) FROM range(2) ORDER BY 1", {"f": "system.builtin.abs"}),
    ("SELECT IDENTIFIER(:f)(id) FROM range(2) ORDER BY 1", {"f": "nosuch.abs"}),
    ("SELECT IDENTIFIER(:f)(id) FROM range(2) ORDER BY 1", {"f": "abs"}), ("SELECT id AS IDENTIFIER(:c) FROM range(1)", {"c": "x y"}),
]
for i, (text, args) in enumerate(PARAMETERS):
    add(f"parameter {i} {text}", lambda s, text=text, args=args: (s.spark.range(2).createOrReplaceTempView("ids"), s.spark.sql(text, args=args))[1])

# Refused: how often a query is repeated would say what is in its rows.
RECURSIVE = [
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r ORDER BY n",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n), count(*) FROM r",
]
for text in RECURSIVE:
    add(f"recursive {text}", lambda s, text=text: s.spark.sql(text))

CATALOG = {
    "functionExists": lambda c: [c.functionExists(n) for n in ("upper", "UPPER", "nobody", "system.builtin.abs", "count", "explode", "row_number",
    "window", "range")],
    "functionExists db": lambda c: [c.functionExists("upper", "default"), c.functionExists("default.upper"), c.functionExists("spark_catalog.default.upper")],
    "getFunction": lambda c: [getattr(c.getFunction("abs"), k) for k in ("name", "catalog", "namespace", "isTemporary")],
    "getFunction case": lambda c: c.getFunction("ABS").name, "getFunction nobody": lambda c: c.getFunction("nobody"),
    "listFunctions some": lambda c: sorted(f.name for f in c.listFunctions(pattern="array_a*")),
    "listFunctions one": lambda c: [(f.name, f.catalog, f.namespace, f.isTemporary) for f in c.listFunctions(pattern="upper")],
    "listFunctions none": lambda c: c.listFunctions(pattern="no such*"),
    "listFunctions or": lambda c: sorted(f.name for f in c.listFunctions(pattern="upper|lower")),
    "listFunctions db": lambda c: [f.name for f in c.listFunctions("default", "upper")], "listFunctions nobody": lambda c: c.listFunctions("nobody"),
}
for name, run in CATALOG.items():
    add(f"functions {name}", lambda s, run=run: run(s.spark.catalog))
for text in ["SHOW FUNCTIONS LIKE 'array_a*'", "SHOW SYSTEM FUNCTIONS LIKE 'upper'", "SHOW USER FUNCTIONS", "SHOW ALL FUNCTIONS LIKE 'up*'",
"SHOW FUNCTIONS 'upper'", "SHOW FUNCTIONS upper", "SHOW FUNCTIONS IN default LIKE 'lower'", "SHOW FUNCTIONS FROM nobody",
             "DESCRIBE FUNCTION upper"]:
    add(f"functions sql {text}", lambda s, text=text: s.spark.sql(text))
