"""Ten of TPC-H's questions as DataFrames, written for these tests: what they ask is the benchmark's, their parameters are its validation values."""

from __future__ import annotations

import datetime

from pyspark.sql import functions as F


def day(text: str):
    return F.lit(datetime.date.fromisoformat(text))


def revenue():
    return F.sum(F.col("l_extendedprice") * (1 - F.col("l_discount")))


def q1(t):
    price = F.col("l_extendedprice") * (1 - F.col("l_discount"))
    return (t["lineitem"].filter(F.col("l_shipdate") <= day("1998-09-02")).groupBy("l_returnflag", "l_linestatus")
            .agg(F.sum("l_quantity"), F.sum("l_extendedprice"), F.sum(price), F.sum(price * (1 + F.col("l_tax"))), F.avg("l_quantity"),
                 F.avg("l_extendedprice"), F.avg("l_discount"), F.count("*"))
            .orderBy("l_returnflag", "l_linestatus"))


def q3(t):
    return (t["customer"].filter(F.col("c_mktsegment") == "BUILDING").join(t["orders"], F.col("c_custkey") == F.col("o_custkey"))
            .join(t["lineitem"], F.col("l_orderkey") == F.col("o_orderkey"))
            .filter((F.col("o_orderdate") < day("1995-03-15")) & (F.col("l_shipdate") > day("1995-03-15")))
            .groupBy("l_orderkey", "o_orderdate", "o_shippriority").agg(revenue().alias("revenue"))
            .select("l_orderkey", "revenue", "o_orderdate", "o_shippriority").orderBy(F.desc("revenue"), "o_orderdate").limit(10))


def q4(t):
    late = t["lineitem"].filter((F.col("l_orderkey") == F.col("o.o_orderkey").outer()) & (F.col("l_commitdate") < F.col("l_receiptdate")))
    return (t["orders"].alias("o").filter((F.col("o_orderdate") >= day("1993-07-01")) & (F.col("o_orderdate") < day("1993-10-01"))).filter(late.exists())
            .groupBy("o_orderpriority").count().orderBy("o_orderpriority"))


def q5(t):
    return (t["customer"].join(t["orders"], F.col("c_custkey") == F.col("o_custkey")).join(t["lineitem"], F.col("l_orderkey") == F.col("o_orderkey"))
            .join(t["supplier"], (F.col("l_suppkey") == F.col("s_suppkey")) & (F.col("c_nationkey") == F.col("s_nationkey")))
            .join(t["nation"], F.col("s_nationkey") == F.col("n_nationkey")).join(t["region"], F.col("n_regionkey") == F.col("r_regionkey"))
            .filter((F.col("r_name") == "ASIA") & (F.col("o_orderdate") >= day("1994-01-01")) & (F.col("o_orderdate") < day("1995-01-01")))
            .groupBy("n_name").agg(revenue().alias("revenue")).orderBy(F.desc("revenue")))


def q6(t):
    return (t["lineitem"].filter((F.col("l_shipdate") >= day("1994-01-01")) & (F.col("l_shipdate") < day("1995-01-01"))
                                 & F.col("l_discount").between(0.05, 0.07) & (F.col("l_quantity") < 24))
            .agg(F.sum(F.col("l_extendedprice") * F.col("l_discount"))))


def q12(t):
    high = F.col("o_orderpriority").isin("1-URGENT", "2-HIGH")
    return (t["orders"].join(t["lineitem"], F.col("o_orderkey") == F.col("l_orderkey"))
            .filter(F.col("l_shipmode").isin("MAIL", "SHIP") & (F.col("l_commitdate") < F.col("l_receiptdate")) & (F.col("l_shipdate") < F.col("l_commitdate"))
                    & (F.col("l_receiptdate") >= day("1994-01-01")) & (F.col("l_receiptdate") < day("1995-01-01")))
            .groupBy("l_shipmode").agg(F.sum(F.when(high, 1).otherwise(0)), F.sum(F.when(high, 0).otherwise(1))).orderBy("l_shipmode"))


def q13(t):
    orders = t["orders"].filter(~F.col("o_comment").like("%special%requests%"))
    counts = t["customer"].join(orders, F.col("c_custkey") == F.col("o_custkey"), "left").groupBy("c_custkey").agg(F.count("o_orderkey").alias("c_count"))
    return counts.groupBy("c_count").agg(F.count("*").alias("custdist")).orderBy(F.desc("custdist"), F.desc("c_count"))


def q14(t):
    price = F.col("l_extendedprice") * (1 - F.col("l_discount"))
    promo = F.sum(F.when(F.col("p_type").like("PROMO%"), price).otherwise(0))
    return (t["lineitem"].filter((F.col("l_shipdate") >= day("1995-09-01")) & (F.col("l_shipdate") < day("1995-10-01")))
            .join(t["part"], F.col("l_partkey") == F.col("p_partkey")).agg(100.0 * promo / F.sum(price)))


def q17(t):
    average = t["lineitem"].filter(F.col("l_partkey") == F.col("p.p_partkey").outer()).select(0.2 * F.avg("l_quantity")).scalar()
    parts = t["part"].filter((F.col("p_brand") == "Brand#23") & (F.col("p_container") == "MED BOX")).alias("p")
    return (t["lineitem"].join(parts, F.col("p_partkey") == F.col("l_partkey")).filter(F.col("l_quantity") < average).agg(F.sum("l_extendedprice") / 7.0))


def q22(t):
    codes = ("13", "31", "23", "29", "30", "18", "17")
    code = F.substring("c_phone", 1, 2)
    rich = t["customer"].filter((F.col("c_acctbal") > 0.0) & code.isin(*codes)).select(F.avg("c_acctbal")).scalar()
    ordered = t["orders"].filter(F.col("o_custkey") == F.col("c.c_custkey").outer())
    return (t["customer"].alias("c").filter(code.isin(*codes) & (F.col("c_acctbal") > rich) & ~ordered.exists())
            .select(code.alias("cntrycode"), "c_acctbal").groupBy("cntrycode").agg(F.count("*"), F.sum("c_acctbal")).orderBy("cntrycode"))


FRAMES = {1: q1, 3: q3, 4: q4, 5: q5, 6: q6, 12: q12, 13: q13, 14: q14, 17: q17, 22: q22}
