"""Cases about tables that are kept: saveAsTable, insertInto, the statements of SQL about them, and spark.catalog."""

from __future__ import annotations

import datetime
import decimal

from pyspark.sql import functions as F
from recorder import Scene, add, plain

ROWS = [(1, "a", 0.5), (2, None, None), (3, "c", -1.5)]
TABLES = ("kept", "other", "third")


def frame(s: Scene, rows=ROWS, schema: str = "id int, name string, d double"):
    return s.spark.createDataFrame(rows, schema).coalesce(1)


def clean(s: Scene) -> None:
    for name in TABLES:
        s.spark.sql(f"DROP TABLE IF EXISTS {name}")
        s.spark.catalog.dropTempView(name)
    s.spark.catalog.dropTempView("a_view")


def kept(name: str, steps) -> None:
    """A case that begins and ends without tables."""
    def run(s: Scene):
        clean(s)
        try:
            return plain(steps(s))  # before the tables go
        finally:
            clean(s)

    add(f"catalog {name}", run)


def saved(name: str, *options, then=None, **arguments) -> None:
    def steps(s: Scene):
        writer = frame(s).write
        for option in options:
            writer = option(writer)
        writer.saveAsTable("kept", **arguments)
        return then(s) if then else s.spark.table("kept").orderBy("id")

    kept(name, steps)


def sql(name: str, *statements: str, order: str = "id") -> None:
    """The statements, and what the last of them has to say."""
    def steps(s: Scene):
        for statement in statements[:-1]:
            s.spark.sql(statement)
        return s.spark.sql(statements[-1])

    kept(f"sql {name}", steps)


def text(s: Scene, name: str = "kept"):
    table = s.spark.table(name)
    return [table.schema.json(), table.count()]


saved("saveAsTable")
saved("saveAsTable qualified", then=lambda s: [s.spark.table("default.kept").orderBy("id"), s.spark.table("spark_catalog.default.kept").orderBy("id")])
saved("saveAsTable csv", format="csv")
saved("saveAsTable json", format="json")
kept("saveAsTable text", lambda s: [frame(s).select("name").write.saveAsTable("kept", format="text"), s.spark.table("kept").orderBy("name")])
saved("saveAsTable csv header", lambda w: w.option("header", True).option("sep", ";"), format="csv")
saved("saveAsTable unknown format", format="nothing")
saved("saveAsTable partitioned", partitionBy="name")
saved("saveAsTable partitioned by two", partitionBy=["name", "id"])
saved("saveAsTable partitioned csv", partitionBy="name", format="csv")
saved("saveAsTable of all columns", partitionBy=["name", "id", "d"])
saved("saveAsTable partitioned by what is not there", partitionBy=["nobody"])
saved("saveAsTable schema", then=text)
saved("saveAsTable case", then=lambda s: s.spark.table("KePt").select("ID").orderBy("id"))
saved("saveAsTable columns", then=lambda s: s.spark.table("kept").select("kept.id", F.col("kept.name"), "default.kept.d").orderBy("id"))
saved("saveAsTable columns over", then=lambda s: s.spark.table("kept").select("spark_catalog.default.kept.d"))
for bad in ("a b", "`a-b`", "a.b", "x.y.z.w", "nowhere.kept", "spark_catalog.nowhere.kept", "", "1a", "_x"):
    kept(f"saveAsTable name {bad}", lambda s, bad=bad: [frame(s).write.saveAsTable(bad), s.spark.sql(f"DROP TABLE {bad}")])
kept("saveAsTable without rows", lambda s: [frame(s, []).write.saveAsTable("kept"), text(s)])
kept("saveAsTable names that differ in case", lambda s: s.spark.sql("SELECT 1 AS a, 2 AS A").write.saveAsTable("kept"))
kept("saveAsTable types", lambda s: [s.spark.createDataFrame(
    [(1, 2.5, True, datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5), [1, None], ("x", 1), decimal.Decimal("1.23"), b"x", {"a": 1})],
    "l long, f float, b boolean, d date, t timestamp, a array<int>, s struct<n: string, i: int>, n decimal(10,2), y binary, m map<string,int>"
).write.saveAsTable("kept"), text(s), s.spark.table("kept")])
for mode in ("error", "overwrite", "append", "ignore"):
    kept(f"saveAsTable twice {mode}", lambda s, mode=mode: [
        frame(s).write.saveAsTable("kept"), frame(s, [(4, "z", 9.0)]).write.mode(mode).saveAsTable("kept"), s.spark.table("kept").orderBy("id")])
    kept(f"saveAsTable first {mode}", lambda s, mode=mode: [
        frame(s).write.mode(mode).saveAsTable("kept"), s.spark.table("kept").orderBy("id")])
kept("saveAsTable overwrite of another shape", lambda s: [
    frame(s).write.saveAsTable("kept"), frame(s, [("q",)], "w string").write.mode("overwrite").format("json").saveAsTable("kept"),
        s.spark.table("kept"), text(s)])
kept("saveAsTable overwrite of itself", lambda s: [
    frame(s).write.saveAsTable("kept"), s.spark.table("kept").filter("id > 1").write.mode("overwrite").saveAsTable("kept")])
kept("saveAsTable append of itself", lambda s: [
    frame(s).write.saveAsTable("kept"), s.spark.table("kept").write.mode("append").saveAsTable("kept"), s.spark.table("kept").count()])
APPENDED = {
    "other order": ("name string, d double, id int", ("z", 9.0, 4)), "other case": ("ID int, Name string, D double", (4, "z", 9.0)),
    "fewer": ("id int, name string", (4, "z")), "more": ("id int, name string, d double, e int", (4, "z", 9.0, 1)),
    "other names": ("id int, name string, e double", (4, "z", 9.0)), "narrower": ("id short, name string, d float", (4, "z", 9.0)),
}
for name, (schema, row) in APPENDED.items():
    kept(f"saveAsTable append {name}", lambda s, schema=schema, row=row: [
        frame(s).write.saveAsTable("kept"), frame(s, [row], schema).write.mode("append").saveAsTable("kept"), s.spark.table("kept").orderBy("id")])
INSERTED = APPENDED | {
    "same": ("id int, name string, d double", (4, "z", 9.0)), "long": ("id long, name string, d double", (4, "z", 9.0)),
    "too long": ("id long, name string, d double", (2**40, "z", 9.0)), "text as number": ("id string, name string, d double", ("4", "z", 9.0)),
    "number as text": ("id int, name int, d double", (4, 7, 9.0)), "double as int": ("id double, name string, d double", (4.7, "z", 9.0)),
    "boolean as int": ("id boolean, name string, d double", (True, "z", 9.0)), "decimal as double": ("id int, name string, d decimal(5,2)", (4, "z",
        decimal.Decimal("9.25"))),
    "date as text": ("id int, name date, d double", (4, datetime.date(2020, 1, 2), 9.0)), "array as text": ("id int, name array<int>, d double", (4, [1], 9.0)),
}
for name, (schema, row) in INSERTED.items():
    for overwrite in (False, True):
        kept(f"insertInto {name} {overwrite}", lambda s, schema=schema, row=row, overwrite=overwrite: [
            frame(s).write.saveAsTable("kept"), frame(s, [row], schema).write.insertInto("kept", overwrite=overwrite),
                s.spark.table("kept").orderBy("id"), text(s)])
kept("insertInto nothing", lambda s: frame(s).write.insertInto("kept"))
kept("insertInto a view", lambda s: [frame(s).createOrReplaceTempView("a_view"), frame(s).write.insertInto("a_view")])
kept("insertInto with partitionBy", lambda s: [frame(s).write.saveAsTable("kept"), frame(s).write.partitionBy("id").insertInto("kept")])
kept("insertInto partitions", lambda s: [
    frame(s).write.partitionBy("name").saveAsTable("kept"), frame(s, [(7, 1.0, "x")], "i int, d double, n string").write.insertInto("kept"),
        s.spark.table("kept").orderBy("id")])
kept("insertInto csv", lambda s: [
    frame(s).write.format("csv").saveAsTable("kept"), frame(s, [(7, "q", 1.0)]).write.insertInto("kept"), s.spark.table("kept").orderBy("id")])
kept("append another format", lambda s: [frame(s).write.saveAsTable("kept"), frame(s).write.mode("append").format("json").saveAsTable("kept")])
kept("append other partitions", lambda s: [frame(s).write.saveAsTable("kept"), frame(s).write.mode("append").partitionBy("id").saveAsTable("kept")])
kept("append without partitions", lambda s: [
    frame(s).write.partitionBy("name").saveAsTable("kept"), frame(s, [(9, "y", 0.0)]).write.mode("append").saveAsTable("kept"),
        s.spark.table("kept").orderBy("id")])
def occupied(name: str, step) -> None:
    """A folder that is no table lies where the table would."""
    def steps(s: Scene):
        frame(s).write.saveAsTable("kept")
        where = f"{s.spark.conf.get('spark.sql.warehouse.dir')}/taken"
        frame(s).write.mode("overwrite").parquet(where)
        step(s)

    kept(f"location {name}", steps)


occupied("saveAsTable", lambda s: frame(s).write.saveAsTable("taken"))
occupied("saveAsTable overwrite", lambda s: frame(s).write.mode("overwrite").saveAsTable("taken"))
occupied("create", lambda s: s.spark.sql("CREATE TABLE taken (id INT) USING parquet"))
occupied("create as", lambda s: s.spark.sql("CREATE TABLE taken USING parquet AS SELECT 1 AS id"))
occupied("drop", lambda s: s.spark.sql("DROP TABLE taken"))
occupied("table", lambda s: s.spark.table("taken").columns)
kept("create of an unknown format", lambda s: s.spark.sql("CREATE TABLE kept (id INT) USING nothing"))
kept("create of columns that the format has not", lambda s: s.spark.sql("CREATE TABLE kept (id INT, l ARRAY<INT>) USING csv"))
kept("table of nothing", lambda s: s.spark.table("kept"))
kept("table of nothing qualified", lambda s: s.spark.table("default.kept"))
kept("table of no database", lambda s: s.spark.table("nowhere.kept"))
kept("view before table", lambda s: [
    frame(s).write.saveAsTable("kept"), frame(s, [(9, "v", 0.0)]).createOrReplaceTempView("kept"), s.spark.table("kept"),
        s.spark.table("default.kept").count()])
kept("join of tables", lambda s: [
    frame(s).write.saveAsTable("kept"), frame(s, [(1, "x"), (3, "y")], "id int, w string").write.saveAsTable("other"),
    s.spark.sql("SELECT k.id, k.name, o.w FROM kept k JOIN other o ON k.id = o.id ORDER BY k.id"),
    s.spark.sql("SELECT kept.id, other.w FROM kept LEFT JOIN default.other USING (id) ORDER BY 1")])

sql("create", "CREATE TABLE kept (id INT, name STRING, d DOUBLE) USING parquet", "SELECT * FROM kept")
sql("create without using", "CREATE TABLE kept (id INT)", "SELECT * FROM kept")
sql("create not null", "CREATE TABLE kept (id INT NOT NULL, name STRING COMMENT 'a name') USING parquet", "DESCRIBE kept")
sql("create twice", "CREATE TABLE kept (id INT) USING parquet", "CREATE TABLE kept (id INT) USING parquet")
sql("create if not exists", "CREATE TABLE kept (id INT) USING parquet", "CREATE TABLE IF NOT EXISTS kept (id STRING) USING parquet", "DESCRIBE TABLE kept")
sql("create as", "CREATE TABLE kept USING parquet AS SELECT 1 AS id, 'x' AS name", "SELECT * FROM kept")
sql("create as without using", "CREATE TABLE kept USING json AS SELECT 1 AS id", "SELECT * FROM kept")
sql("create as twice", "CREATE TABLE kept USING parquet AS SELECT 1 AS id", "CREATE TABLE kept USING parquet AS SELECT 1 AS id")
sql("create if not exists as", "CREATE TABLE kept USING parquet AS SELECT 1 AS id", "CREATE TABLE IF NOT EXISTS kept USING parquet AS SELECT 2 AS id",
    "SELECT * FROM kept")
sql("create partitioned", "CREATE TABLE kept (id INT, name STRING) USING parquet PARTITIONED BY (name)", "INSERT INTO kept VALUES (1, 'a'), (2, 'b')",
    "SELECT * FROM kept ORDER BY id")
sql("create partitioned describe", "CREATE TABLE kept (name STRING, id INT) USING parquet PARTITIONED BY (name)", "DESCRIBE kept")
sql("create partitioned as", "CREATE TABLE kept USING parquet PARTITIONED BY (name) AS SELECT 'x' AS name, 1 AS id", "SELECT * FROM kept")
sql("create csv with options", "CREATE TABLE kept (id INT, name STRING) USING csv OPTIONS (header 'true', sep '|')",
    "INSERT INTO kept VALUES (1, 'a|b')", "SELECT * FROM kept")
sql("create same column twice", "CREATE TABLE kept (id INT, ID STRING) USING parquet")
sql("insert", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept VALUES (1, 'a'), (2, NULL)", "SELECT * FROM kept ORDER BY id")
sql("insert table", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO TABLE kept SELECT 1, 'x'", "SELECT * FROM kept")
sql("insert overwrite", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1)", "INSERT OVERWRITE kept SELECT 5", "SELECT * FROM kept")
sql("insert overwrite table", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1)",
    "INSERT OVERWRITE TABLE kept VALUES (6), (7)", "SELECT * FROM kept ORDER BY id")
sql("insert columns", "CREATE TABLE kept (id INT, name STRING, d DOUBLE) USING parquet", "INSERT INTO kept (name, id) VALUES ('a', 1)", "SELECT * FROM kept")
sql("insert columns unknown", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept (nobody, id) VALUES ('a', 1)")
sql("insert columns twice", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept (id, id) VALUES (1, 1)")
sql("insert columns too few values", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept (id, name) VALUES (1)")
sql("insert by name", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept BY NAME SELECT 'a' AS name, 1 AS id", "SELECT * FROM kept")
sql("insert by name of some", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept BY NAME SELECT 1 AS id", "SELECT * FROM kept")
sql("insert by name unknown", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept BY NAME SELECT 1 AS id, 2 AS nobody")
sql("insert too many", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1, 2)")
sql("insert too few", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept VALUES (1)")
sql("insert text as int", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES ('1')")
sql("insert null", "CREATE TABLE kept (id INT, name STRING) USING parquet", "INSERT INTO kept SELECT NULL, NULL", "SELECT * FROM kept")
sql("insert null into not null", "CREATE TABLE kept (id INT NOT NULL) USING parquet", "INSERT INTO kept SELECT CAST(NULL AS INT)", "SELECT * FROM kept")
sql("insert overflow", "CREATE TABLE kept (id TINYINT) USING parquet", "INSERT INTO kept VALUES (1000)")
sql("insert into nothing", "INSERT INTO kept VALUES (1)")
sql("insert from itself", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1)", "INSERT INTO kept SELECT id + 1 FROM kept",
    "SELECT * FROM kept ORDER BY id")
sql("insert overwrite from itself", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1)", "INSERT OVERWRITE kept SELECT id + 1 FROM kept")
sql("insert with", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept WITH x AS (SELECT 3 AS y) SELECT y FROM x", "SELECT * FROM kept")
sql("insert static partition", "CREATE TABLE kept (id INT, name STRING) USING parquet PARTITIONED BY (name)",
    "INSERT INTO kept PARTITION (name = 'p') VALUES (1), (2)", "SELECT * FROM kept ORDER BY id")
sql("insert table source", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (4)", "CREATE TABLE other (id INT) USING parquet",
    "INSERT INTO other TABLE kept", "SELECT * FROM other")
sql("drop", "CREATE TABLE kept (id INT) USING parquet", "DROP TABLE kept", "SELECT * FROM kept")
sql("drop nothing", "DROP TABLE kept")
sql("drop nothing if exists", "DROP TABLE IF EXISTS kept", "SELECT 1")
sql("drop and create", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1)", "DROP TABLE kept",
    "CREATE TABLE kept (id STRING) USING parquet", "SELECT * FROM kept")
sql("drop view of a table", "CREATE TABLE kept (id INT) USING parquet", "DROP VIEW kept")
sql("drop table of a view", "CREATE TEMPORARY VIEW a_view AS SELECT 1 AS x", "DROP TABLE a_view")
sql("truncate", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1)", "TRUNCATE TABLE kept", "SELECT * FROM kept")
sql("show tables", "CREATE TABLE kept (id INT) USING parquet", "CREATE TABLE other (id INT) USING parquet", "SHOW TABLES LIKE 'kept|other'")
sql("show tables in default", "CREATE TABLE kept (id INT) USING parquet", "SHOW TABLES IN default LIKE 'k*'")
sql("show tables in nowhere", "SHOW TABLES IN nowhere")
sql("show columns", "CREATE TABLE kept (id INT, name STRING) USING parquet", "SHOW COLUMNS IN kept")
sql("describe", "CREATE TABLE kept (id INT, name STRING) USING parquet", "DESCRIBE TABLE kept")
sql("cache", "CREATE TABLE kept (id INT) USING parquet", "INSERT INTO kept VALUES (1)", "CACHE TABLE kept", "SELECT * FROM kept")
sql("refresh", "CREATE TABLE kept (id INT) USING parquet", "REFRESH TABLE kept")
sql("use default", "USE default", "SELECT 1")
sql("use nowhere", "USE nowhere")
sql("show databases", "SHOW DATABASES")


def of_views(s: Scene):
    s.spark.range(3).createOrReplaceTempView("a_view")
    frame(s).write.saveAsTable("kept")


def listed(s: Scene, tables):
    return [list(t) for t in tables if t.name in (*TABLES, "a_view")]


CALLS = {
    "currentDatabase": lambda c: c.currentDatabase(), "currentCatalog": lambda c: c.currentCatalog(),
    "setCurrentDatabase": lambda c: [c.setCurrentDatabase("default"), c.currentDatabase()],
    "setCurrentDatabase nowhere": lambda c: c.setCurrentDatabase("nowhere"),
    "setCurrentCatalog": lambda c: [c.setCurrentCatalog("spark_catalog"), c.currentCatalog()],
    "setCurrentCatalog nowhere": lambda c: c.setCurrentCatalog("nowhere"),
    "listCatalogs": lambda c: [list(x) for x in c.listCatalogs()], "listCatalogs pattern": lambda c: [list(x) for x in c.listCatalogs("x*")],
    "listDatabases": lambda c: [[d.name, d.catalog, d.description] for d in c.listDatabases()],
    "listDatabases pattern": lambda c: [[d.name] for d in c.listDatabases("x*")],
    "getDatabase": lambda c: [c.getDatabase("default").name, c.getDatabase("spark_catalog.default").catalog],
    "getDatabase nowhere": lambda c: c.getDatabase("nowhere").name,
    "databaseExists": lambda c: [c.databaseExists("default"), c.databaseExists("nowhere"), c.databaseExists("spark_catalog.default")],
    "tableExists": lambda c: [c.tableExists(n) for n in ("kept", "KEPT", "a_view", "nobody", "default.kept", "default.a_view", "nowhere.kept",
        "spark_catalog.default.kept")],
    "tableExists database": lambda c: [c.tableExists("kept", "default"), c.tableExists("a_view", "default")],
    "getTable": lambda c: list(c.getTable("kept")), "getTable view": lambda c: list(c.getTable("a_view")),
    "getTable qualified": lambda c: list(c.getTable("default.kept")), "getTable nobody": lambda c: c.getTable("nobody"),
    "listColumns": lambda c: [list(x) for x in c.listColumns("kept")], "listColumns view": lambda c: [list(x) for x in c.listColumns("a_view")],
    "listColumns nobody": lambda c: c.listColumns("nobody"), "listColumns qualified": lambda c: [x.name for x in c.listColumns("default.kept")],
    "dropTempView": lambda c: [c.dropTempView("a_view"), c.dropTempView("a_view"), c.dropTempView("kept")],
    "dropGlobalTempView": lambda c: c.dropGlobalTempView("nobody"),
    "isCached": lambda c: [c.isCached("a_view"), c.cacheTable("a_view"), c.isCached("a_view"), c.uncacheTable("a_view"), c.isCached("a_view")],
    "isCached table": lambda c: [c.isCached("kept"), c.cacheTable("kept"), c.isCached("kept"), c.uncacheTable("kept"), c.isCached("kept")],
    "isCached nobody": lambda c: c.isCached("nobody"), "cacheTable nobody": lambda c: c.cacheTable("nobody"),
        "uncacheTable nobody": lambda c: c.uncacheTable("nobody"),
    "uncacheTable not cached": lambda c: c.uncacheTable("a_view"),
    "clearCache": lambda c: [c.cacheTable("a_view"), c.clearCache(), c.isCached("a_view")],
    "refreshTable": lambda c: c.refreshTable("kept"), "refreshTable nobody": lambda c: c.refreshTable("nobody"),
    "functionExists": lambda c: [c.functionExists(n) for n in ("upper", "UPPER", "no_such_one", "system.builtin.upper", "default.upper")],
    "getFunction": lambda c: c.getFunction("upper").name,
}
for name, call in CALLS.items():
    kept(f"call {name}", lambda s, call=call: [of_views(s), call(s.spark.catalog)])
kept("call listTables", lambda s: [of_views(s), listed(s, s.spark.catalog.listTables())])
kept("call listTables default", lambda s: [of_views(s), listed(s, s.spark.catalog.listTables("default"))])
kept("call listTables pattern", lambda s: [of_views(s), listed(s, s.spark.catalog.listTables(pattern="k*"))])
kept("call listTables nowhere", lambda s: s.spark.catalog.listTables("nowhere"))
kept("call createTable", lambda s: [s.spark.catalog.createTable("kept", source="parquet", schema=frame(s).schema).columns and None, text(s)])
