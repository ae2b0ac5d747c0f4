"""Cases of forms of spark.sql's expressions and queries: FILTER, LIKE and its kin, rows, PIVOT, UNPIVOT, and where a query may begin."""

from __future__ import annotations

from pyspark.sql import functions as F

from recorder import Scene, add
from sql_cases import query, rows, said, views

FILTERS = [
    "SELECT sum(v) FILTER (WHERE k = 1) FROM t",
    "SELECT count(*) FILTER (WHERE k > 1), count(DISTINCT s) FILTER (WHERE v > 10) FROM t",
    "SELECT k, sum(v) FILTER (WHERE b) + 1 AS z FROM t GROUP BY k HAVING count(*) FILTER (WHERE v > 10) > 0",
    "SELECT k FROM t GROUP BY k ORDER BY max(v) FILTER (WHERE v < 100), k",
    "SELECT k, count(*) FILTER (WHERE v > 10) FROM t GROUP BY k ORDER BY count(*) FILTER (WHERE v > 10), k",
    "SELECT k FROM t GROUP BY k HAVING max(v) FILTER (WHERE v < 50) > 10",
    "SELECT sum(v) FILTER (WHERE k = 1) OVER () FROM t",
    "SELECT k, sum(v) FILTER (WHERE v > 10) OVER (PARTITION BY k ORDER BY v) FROM t",
    "SELECT k, v, count(v) FILTER (WHERE b) OVER (PARTITION BY k) AS c FROM t",
    "SELECT first(v) FILTER (WHERE k = 2) IGNORE NULLS FROM (SELECT * FROM t ORDER BY v)",
    "SELECT sum(v) FILTER (WHERE k IN (SELECT k FROM u)) FROM t",
    "SELECT sum(v) FILTER (WHERE v > (SELECT avg(v) FROM t)) FROM t",
    "SELECT sum(v) FILTER (WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k)) FROM t",
    "SELECT name, (SELECT count(*) FILTER (WHERE t.v > 10) FROM t WHERE t.k = u.k) c FROM u",
    "SELECT sum(v) filter FROM t", "SELECT sum(v) FILTER (WHERE t.k > 1 AND NOT b) AS c FROM t",
    "SELECT sort_array(collect_list(v) FILTER (WHERE v > 10)), avg(x) FILTER (WHERE x < 5), min(s) FILTER (WHERE k = 1), "
    "stddev(v) FILTER (WHERE false), percentile(v, 0.5) FILTER (WHERE v > 10) FROM t",
    "SELECT sum(DISTINCT v) FILTER (WHERE v > 10), sum(DISTINCT v), count(DISTINCT k, s) FILTER (WHERE b) FROM t",
    "SELECT k, count(*) FILTER (WHERE k = 1) FROM t GROUP BY CUBE(k)", "SELECT k, s, sum(v) FILTER (WHERE s = 'a') FROM t GROUP BY ROLLUP(k, s)",
    "SELECT max_by(s, v) FILTER (WHERE k = 1), count_if(b) FILTER (WHERE k = 1), bool_or(b) FILTER (WHERE k = 1), corr(v, x) FILTER (WHERE k = 1) FROM t",
    "SELECT approx_percentile(v, 0.5) FILTER (WHERE k = 1), median(v) FILTER (WHERE k = 1), regr_slope(x, v) FILTER (WHERE k = 3) FROM t",
    "SELECT sum(sum(v)) FILTER (WHERE k = 1) OVER () FROM t GROUP BY k",
    "SELECT sum(v) FILTER (WHERE s = 'a') + count(*) FILTER (WHERE s = 'b') AS z, k FROM t GROUP BY k",
    "SELECT avg(x) FILTER (WHERE k = 99), count(v) FILTER (WHERE k = 99), collect_list(v) FILTER (WHERE k = 99) FROM t",
    "SELECT k, count(*) FILTER (WHERE v > 1000) FROM t WHERE false GROUP BY k", "SELECT count(*) FILTER (WHERE v > 1000) FROM t WHERE false",
]
FILTER_ERRORS = [
    "SELECT rank() FILTER (WHERE k = 1) OVER (ORDER BY k) FROM t", "SELECT abs(k) FILTER (WHERE k = 1) FROM t", "SELECT sum(v) FILTER (WHERE k) FROM t",
    "SELECT sum(v) FILTER (WHERE sum(k) > 1) FROM t", "SELECT sum(v) FILTER (WHERE rank() OVER (ORDER BY k) > 1) FROM t",
    "SELECT sum(v) FILTER (WHERE rand() > 0.5) FROM t", "SELECT sum(v) FILTER (WHERE NULL) FROM t", "SELECT sum(v) FILTER (WHERE zz) FROM t",
    "SELECT explode(array(1)) FILTER (WHERE k = 1) FROM t", "SELECT nosuch(v) FILTER (WHERE k = 1) FROM t",
    "SELECT grouping(k) FILTER (WHERE k = 1) FROM t GROUP BY ROLLUP(k)", "SELECT sum(v) FILTER (k = 1) FROM t",
    "SELECT sum(v) FILTER (WHERE k > 1) FILTER (WHERE k > 2) FROM t", "SELECT sum(v) IGNORE NULLS FILTER (WHERE k > 1) FROM t",
    "SELECT k FROM t WHERE sum(v) FILTER (WHERE true) > 1", "SELECT count(DISTINCT v) FILTER (WHERE b) OVER () FROM t",
    "SELECT k FROM t GROUP BY sum(v) FILTER (WHERE b)", "SELECT first(v IGNORE NULLS) FILTER (WHERE k = 2) FROM t",
]
LIKES = [
    "SELECT s LIKE ALL ('a%', '%a') FROM t",
    "SELECT s LIKE ANY ('a%', 'b') c, s LIKE SOME ('a%', 'b'), s NOT LIKE ALL ('a%', 'b'), s NOT LIKE ANY ('a%', 'b') FROM t",
    "SELECT s LIKE ANY ('a%', NULL), s NOT LIKE ALL ('a', NULL), s LIKE ALL ('a', NULL), s NOT LIKE ANY (NULL, 'a') FROM t",
    "SELECT s LIKE ANY (s, 'b'), s LIKE ALL (upper(s)) FROM t", "SELECT k LIKE ANY ('1', '2') FROM t", "SELECT s LIKE ANY (1, 'a') FROM t",
    "SELECT s ILIKE ANY ('A', 'b'), s ILIKE ALL ('A', 'B%'), s NOT ILIKE ANY ('A'), s NOT ILIKE ALL ('A') FROM t",
    "SELECT s ILIKE ANY (s, 'B'), s NOT ILIKE ALL (upper(s), NULL) FROM t",
    "SELECT NOT s LIKE ANY ('a', 'b'), count_if(s LIKE ANY ('a')) OVER () FROM t", "SELECT k FROM t WHERE s LIKE ANY ('a', 'c') GROUP BY k",
    "SELECT s LIKE ANY ('a'), count(*) FROM t GROUP BY s LIKE ANY ('a')", "SELECT s FROM t WHERE s NOT LIKE ALL ('a%', 'b%') AND k = 3",
    "SELECT s LIKE 'a/%' ESCAPE '/', s NOT LIKE 'a' ESCAPE '!', s ILIKE 'A', s ILIKE 'A!%' ESCAPE '!' FROM t",
    "SELECT 'a\\\\b' LIKE 'a\\\\b' ESCAPE '/', 'a%b' LIKE 'a/%b' ESCAPE '/', 'a/b' LIKE 'a//b' ESCAPE '/', 'a_b' LIKE 'a__b' ESCAPE '_'",
    "SELECT 'a%' LIKE 'a%%' ESCAPE '%', 'ab' LIKE 'a%%' ESCAPE '%', '%' LIKE '%%' ESCAPE '%', '' LIKE '%%' ESCAPE '%'",
    "SELECT 'aéb' LIKE 'aéé_' ESCAPE 'é', 'aé_' LIKE 'aééé_' ESCAPE 'é'", "SELECT s LIKE 'a' escape FROM t",
    "SELECT like(s, 'a', '/'), ilike(s, 'A', '!') FROM t", "SELECT s RLIKE 'a', s NOT RLIKE 'a', s REGEXP 'a', s NOT REGEXP 'a' FROM t",
    "SELECT k ILIKE 1 FROM t", "SELECT s NOT ILIKE 'A', 'éA' ILIKE 'É_' FROM t",
]
LIKE_ERRORS = [
    "SELECT s LIKE ANY () FROM t", "SELECT s LIKE 'a' ESCAPE 'xx' FROM t", "SELECT s LIKE 'a' ESCAPE '' FROM t", "SELECT s LIKE 'a!' ESCAPE '!' FROM t",
    "SELECT s LIKE 'a!b' ESCAPE '!' FROM t", "SELECT s LIKE 'a' ESCAPE s FROM t", "SELECT like(s, 'a', 'xx') FROM t", "SELECT like(s, 'a', s) FROM t",
    "SELECT like(s, 'a', NULL) FROM t", "SELECT ilike(s, 'A', 'xx') FROM t", "SELECT s ! LIKE 'a' FROM t", "SELECT k !IN (1) FROM t",
    "SELECT b IS !TRUE FROM t", "SELECT s RLIKE ANY ('a') FROM t", "SELECT likeany(s, 'a') FROM t", "SELECT `like any`(s, 'a') FROM t",
    "SELECT s LIKE ANY ('\\\\x') FROM t", "SELECT s LIKE 'a' ESCAPE '😀' FROM t",
    "SELECT like(s, '\\\\a', '\\\\') FROM t",
]
ROWS = [
    "SELECT (k, v) FROM t", "SELECT (k, v + 1, 'x') FROM t", "SELECT (k AS a, v b) FROM t", "SELECT (t.*, 1) FROM t", "SELECT (*, 1) FROM u",
    "SELECT struct(k, v + 1, 'x'), struct(k AS a, v + 1) FROM t", "SELECT struct(*, 1) FROM u", "SELECT struct(k AS a, *) FROM u",
    "SELECT (k, s).k, (k, v + 1).col2 FROM t", "SELECT (k + 1, v).col1, ((k, v), s).col1.k FROM t", "SELECT (p.a, 1) FROM nested",
    "SELECT (p.a AS z, l[0]), (nested.p.b, l[0]) FROM nested", "SELECT struct(p.a), struct(p.a AS z, l[0] + 1) FROM nested",
    "SELECT upper(struct(k AS a, s).s), struct(k AS a).a + 1 FROM t", "SELECT array(struct(k AS a, v + 1)) FROM t",
    "SELECT struct(struct(k AS a) AS b, v), struct(k AS a, struct(v AS b)) FROM t", "SELECT max(struct(v AS w)).w FROM t",
    "SELECT named_struct('a', k, 'b', v + 1), array(named_struct('a', k)) FROM t", "SELECT K, struct(K), (K, V) FROM t",
    "SELECT struct(k AS a), count(*) FROM t GROUP BY k", "SELECT (k, count(*)), struct(k, sum(v)) FROM t GROUP BY k",
    "SELECT transform(l, x -> (x, 1)) FROM nested", "SELECT transform(l, x -> struct(x, 1)), transform(l, x -> struct(x AS z)) FROM nested",
    "SELECT ((1, 2), 3) AS z", "SELECT (a, b).a FROM VALUES (1, 2) AS w (a, b)", "SELECT * FROM VALUES ((1, 2), 3) AS w (p, q)", "SELECT (SELECT (1, 2))",
    "SELECT k FROM t WHERE (k, s) IN (SELECT k, 'a' FROM u)", "SELECT (k) FROM t", "SELECT count((k, s)) FROM t", "SELECT (*) FROM u",
]
COMPARED_ROWS = [
    "SELECT (k, s) IN ((1, 'a'), (2, 'b')) FROM t", "SELECT (k, s) = (1, 'a'), (k, s) < (2, 'a'), (k, s) <> (1, 'a') FROM t",
    "SELECT (k, s) BETWEEN (1, 'a') AND (2, 'b') FROM t", "SELECT count(DISTINCT (k, s)) FROM t", "SELECT max((k, v)) FROM t",
    "SELECT k FROM t ORDER BY (k, v), s", "SELECT count(*) FROM t GROUP BY (k, s)", "SELECT (k, s), count(*) FROM t GROUP BY (k, s)",
    "SELECT struct(k AS a), count(*) FROM t GROUP BY struct(k AS a)", "SELECT k FROM t WHERE (k, v) IN ((1, 10), (3, 60))",
    "SELECT k FROM t WHERE (k, v) NOT IN ((1, 10), (3, 60))", "SELECT (k, v) >= (2, 0), (k, v) > (3, 1) FROM t", "SELECT (1, 2) = (1L, 2L), (1, 2) < (1, 3)",
    "SELECT struct(k AS a) = struct(1 AS b), coalesce(struct(k AS a, 2 AS b), null) FROM t",
]
ROW_ERRORS = [
    "SELECT (1 AS a)", "SELECT (k, s) IN ((1, 'a', 2)) FROM t", "SELECT (k, v) = (1, 'a') FROM t", "SELECT (k, v) = 1 FROM t",
    "SELECT (k, v) = (1, 2, 3) FROM t", "SELECT (k, zz) FROM t", "SELECT * FROM VALUES ((1, 2)), ((3, 4)) AS w (p)", "SELECT (k, v).z FROM t",
]
CALLS = [
    "SELECT v << 1, v >> 1, v >>> 1, shiftleft(v, 1), -v >>> 28, 1L << 40 FROM t", "SELECT 1 + 1 << 2, 1 << 2 + 1, 8 >> 1 > 2, 1 | 1 << 2 & 7, 1 << 2 << 3",
    "SELECT 1Y << 1, 1S >> 1, 1 << 33, 1 << -1", "SELECT cast(null as array<array<int>>), array(array(1))",
    "SELECT trim(BOTH 'a' FROM s), trim(LEADING 'a' FROM s), trim(TRAILING 'a' FROM s), trim(BOTH FROM s), trim(LEADING FROM ' x '), "
    "trim(TRAILING FROM ' x '), trim('a' FROM s), trim(s), trim('a', s) FROM t",
    "SELECT trim(BOTH NULL FROM s), trim(k FROM s), trim(both || 'x' FROM s) FROM (SELECT 1 k, 'b1' s, 'a' both)",
    "SELECT trim(LEADING k FROM 11 + k) FROM t",
    "SELECT trim(LEADING ' ' || 'x' FROM 'x y') || '|'", "SELECT both, leading FROM (SELECT 1 both, 2 leading)",
    "SELECT overlay(s PLACING 'xyz' FROM 1), overlay('abcdef' PLACING 'xyz' FROM 2 FOR 4), overlay('abcdef' PLACING 'xyz' FROM 2 FOR 0), "
    "overlay('abcdef', 'xyz', 2, 3), overlay('abcdef', 'xyz', 2) FROM t",
    "SELECT substring(s FROM 1 FOR 2), substring('abc' FROM 2), substring('abc', 2, 1), substr('abc' FROM 2 FOR 1), substring('abc' FROM 2, 1), "
    "substring('abc', 2 FOR 1), substr('abc', 2) FROM t",
    "SELECT position('b' IN 'abc'), position('b', 'abc'), position('b', 'abc', 2)",
    "SELECT cast(s AS char(3)), cast(s AS varchar(2)), s::char(2), cast('abc' AS varchar(2)), try_cast('abc' AS varchar(2)), cast(12 AS char(5)), "
    "cast(null AS varchar(3)), cast(s AS character(3)), s::varchar(1) || 'x' FROM t",
    "SELECT cast(array('abc') AS array<varchar(2)>), cast(struct('a') AS struct<x: char(2)>)", "SELECT cast('a' AS char(0))",
    "SELECT '1'::int, k::string, '1'::int + 1, -1::string, 1::decimal(5,2), 'x'::string::string, NULL::int, (k + 1)::bigint FROM t",
    "SELECT b IS TRUE, b IS NOT TRUE, b IS FALSE, b IS NOT FALSE, b IS UNKNOWN, b IS NOT UNKNOWN FROM t", "SELECT k IS UNKNOWN, s IS NOT UNKNOWN FROM t",
    "SELECT k IS DISTINCT FROM v, k IS NOT DISTINCT FROM v FROM t",
    "SELECT extract(YEAR FROM d), extract(month FROM d), extract(dow FROM d), extract(dayofweek FROM d), extract(week FROM d), extract(quarter FROM d), "
    "extract(yearofweek FROM d), extract(doy FROM d), extract(dow_iso FROM d), extract(dayofweek_iso FROM d), extract(day FROM d) FROM t",
    "SELECT extract(`year` FROM d), extract(years FROM d), extract(y FROM d), extract(yr FROM d), extract(mon FROM d), extract(HOUR FROM d) FROM t",
    "SELECT extract(mins FROM timestamp '2020-01-01 01:02:03'), extract(s FROM timestamp '2020-01-01 01:02:03.5'), extract(YEAR FROM '2020-01-01')",
    "SELECT extract('YEAR', d), date_part('YEAR', d), datepart('month', d) FROM t",
    "SELECT EXTRACT(YEAR FROM d) AS y, count(*) FROM t GROUP BY EXTRACT(YEAR FROM d)",
    "SELECT first(k), first(k IGNORE NULLS), last(k IGNORE NULLS), any_value(k IGNORE NULLS) FROM t",
    "SELECT count(DISTINCT *) FROM u", "SELECT count(*, 1), count(*, k), count(1, *) FROM t",
]
CALL_ERRORS = [
    "SELECT v < < 1 FROM t", "SELECT v > > 1 FROM t", "SELECT s << 1 FROM t", "SELECT cast('a' AS varchar)", "SELECT cast('a' AS char)",
    "SELECT k IS TRUE FROM t", "SELECT k BETWEEN SYMMETRIC 2 AND 1 FROM t",
    "SELECT extract(century FROM d) FROM t",
    "SELECT date_part('century', d) FROM t", "SELECT extract(YEAR FROM k) FROM t", "SELECT extract('year' FROM d) FROM t", "SELECT ltrim('a' FROM s) FROM t",
    "SELECT first_value(v IGNORE NULLS) FROM t", "SELECT first(DISTINCT v IGNORE NULLS) FROM t", "SELECT first(v IGNORE NULLS) OVER (ORDER BY k) FROM t",
    "SELECT count(t.*) FROM t", "SELECT count(DISTINCT u.*) FROM u", "SELECT current_catalog",
]
ONCE = "(SELECT k, s, v FROM t)"
PIVOTS = [
    "SELECT * FROM t PIVOT (sum(v) FOR k IN (1, 2))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (1, 2))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) AS total FOR k IN (1 AS one, 2 two, 3))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) AS total, count(*) FOR k IN (1 AS one, 2))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v), count(*) c FOR s IN ('a', 'b'))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR (k, s) IN ((1, 'a') AS x, (2, 'b')))",
    "SELECT * FROM (SELECT k, s, v, b FROM t) PIVOT (sum(v) FOR (k, s) IN ((1, 'a'), (2, 'b') y)) ORDER BY b",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR s IN ('a', NULL AS none, upper('b') AS B, 'x' || 'y'))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR s IN ('a', NULL))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN ('1', 2L))", f"SELECT * FROM {ONCE} PIVOT (sum(v) + 1 FOR k IN (1))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (1 + 1))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (1, 1))",
    f"SELECT * FROM {ONCE} AS q PIVOT (sum(q.v) FOR k IN (1)) AS p", f"SELECT p.s FROM {ONCE} AS q PIVOT (sum(v) FOR k IN (1)) p",
    f"SELECT q.s FROM {ONCE} AS q PIVOT (sum(v) FOR k IN (1))", "SELECT * FROM t JOIN u ON t.k = u.k PIVOT (sum(v) FOR name IN ('one', 'two'))",
    f"SELECT * FROM {ONCE} PIVOT (max(s) FOR k IN (1, 2, 3))", f"SELECT * FROM {ONCE} PIVOT (count(v) FOR k IN (1, 2, 9))",
    f"SELECT * FROM {ONCE} PIVOT (count(v), max(s) FOR k IN (1, 9))",
    "SELECT * FROM (SELECT k, d, v FROM t) PIVOT (sum(v) FOR d IN (DATE '2020-01-01', DATE '1999-12-31' AS old))",
    "SELECT * FROM (SELECT k, x, v FROM t) PIVOT (sum(v) FOR x IN (1.5, 2.5D, 7.25))",
    "SELECT * FROM (SELECT k, b, v FROM t) PIVOT (sum(v) FOR b IN (true, false))",
    "SELECT * FROM (SELECT v FROM t) PIVOT (sum(v) FOR v IN (10, 20))", f"SELECT k, `a` FROM {ONCE} PIVOT (sum(v) FOR s IN ('a')) WHERE k > 1 ORDER BY k",
    f"SELECT * FROM {ONCE} PIVOT (sum(DISTINCT v) FOR s IN ('a', 'b'))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FILTER (WHERE v > 10) FOR s IN ('a', 'b'))",
    f"SELECT * FROM {ONCE} PIVOT (first(v) FOR s IN ('a', 'b'))", f"SELECT * FROM {ONCE} PIVOT (sum(v) AS `a b`, max(v) `c.d` FOR s IN ('a' AS `x y`))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v), avg(v) FOR (s) IN ('a'))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR (s) IN (('a')))",
    "SELECT * FROM (SELECT k, s, v, d FROM t) PIVOT (sum(v) FOR (k, d) IN ((1, DATE '2020-01-01'), (3, DATE '2020-01-01')))",
    f"SELECT * FROM {ONCE} PIVOT (max(s), count(*) FOR (k, v) IN ((1, 10), (2, 40)))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v), sum(v) + 1 AS more FOR k IN (1))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (1)) PIVOT (max(`1`) FOR s IN ('a'))", "SELECT pivot, unpivot FROM (SELECT 1 pivot, 2 unpivot)",
    "SELECT * FROM u pivot", "SELECT * FROM u unpivot", f"SELECT * FROM {ONCE} q (a, b, c) PIVOT (sum(c) FOR a IN (1))",
    "SELECT * FROM u, (SELECT k, s, v FROM t) PIVOT (sum(v) FOR s IN ('a'))", "SELECT * FROM nested PIVOT (max(l[0]) FOR p IN (struct(1, 'x')))",
    f"SELECT * FROM {ONCE} WHERE false", f"SELECT * FROM (SELECT k, s, v FROM t WHERE false) PIVOT (sum(v) FOR s IN ('a'))",
    f"SELECT S, `1` FROM {ONCE} PIVOT (SUM(V) FOR K IN (1))", f"FROM {ONCE} PIVOT (sum(v) FOR k IN (1)) SELECT s",
]
PIVOT_ERRORS = [
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN ('x'))", f"SELECT * FROM {ONCE} PIVOT (v FOR k IN (1))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) + v FOR k IN (1))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (v))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR z IN (1))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN ())",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR (k, s) IN (1))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR (k, s) IN ((1, 2, 3)))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (ANY))", f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (1)) AS p (a)",
    f"SELECT * FROM {ONCE} PIVOT (sum(zz) FOR k IN (1))",
    f"SELECT * FROM {ONCE} LATERAL VIEW explode(array(1, 2)) e AS n PIVOT (sum(v) FOR n IN (1, 2))",
    f"SELECT * FROM {ONCE} LATERAL VIEW explode(array(1, 2)) e AS n UNPIVOT (val FOR name IN (k, v))",
]
UNPIVOTS = [
    "SELECT * FROM t UNPIVOT (val FOR name IN (k, v))", "SELECT * FROM t UNPIVOT INCLUDE NULLS (val FOR name IN (k, v))",
    "SELECT * FROM t UNPIVOT EXCLUDE NULLS (val FOR name IN (k AS kk, v vv)) AS p", "SELECT p.name, p.val FROM t UNPIVOT (val FOR name IN (k, v)) p",
    "SELECT t.s FROM t UNPIVOT (val FOR name IN (k, v))", "SELECT * FROM t AS q UNPIVOT (val FOR name IN (q.k, v))",
    "SELECT * FROM (SELECT k, v, 1 c FROM t) UNPIVOT INCLUDE NULLS ((x, y) FOR name IN ((k, v), (v, c)))",
    "SELECT * FROM (SELECT k, v, 1 c FROM t) UNPIVOT ((x, y) FOR name IN ((k, c) AS kc, (v, c) vc))",
    "SELECT * FROM (SELECT k, v, 1 c FROM t) UNPIVOT ((x, y) FOR name IN ((k, v), (v, k))) AS p WHERE p.c = 1",
    "SELECT * FROM (SELECT k, x, 1 c FROM t) UNPIVOT INCLUDE NULLS ((q, r) FOR name IN ((k, x), (x, c)))",
    "SELECT * FROM t UNPIVOT ((a) FOR name IN ((k), (v)))",
    "SELECT * FROM t UNPIVOT (val FOR name IN (k, x))", "SELECT name, sum(val) FROM t UNPIVOT (val FOR name IN (k, v)) GROUP BY name",
    "SELECT * FROM (SELECT k, v FROM t) UNPIVOT (val FOR name IN (k, v)) WHERE val > 2",
    "SELECT * FROM t UNPIVOT (val FOR name IN (v)) UNPIVOT (w FOR m IN (k, val))",
    f"SELECT * FROM {ONCE} PIVOT (sum(v) FOR k IN (1, 2)) UNPIVOT (q FOR r IN (`1`, `2`))", "SELECT * FROM t UNPIVOT (val FOR name IN (d))",
    "SELECT * FROM t UNPIVOT (val FOR name IN (K, V))", "SELECT * FROM (SELECT k, v FROM t WHERE false) UNPIVOT (val FOR name IN (k, v))",
    "SELECT t.s, u.name, val FROM t JOIN u ON t.k = u.k UNPIVOT (val FOR n IN (v, x))",
]
UNPIVOT_ERRORS = [
    "SELECT * FROM t UNPIVOT ((a, b) FOR name IN ((k, v), (v, k)))", "SELECT * FROM (SELECT k, v, 1 c FROM t) UNPIVOT ((x, y) FOR name IN ((k), (v)))",
    "SELECT * FROM t UNPIVOT (val FOR name IN (k, s))", "SELECT * FROM t UNPIVOT (val FOR name IN (k, zz))", "SELECT * FROM t UNPIVOT (val FOR name IN ())",
    "SELECT * FROM t UNPIVOT (val FOR name IN (k + 1))", "SELECT * FROM t UNPIVOT (s FOR s IN (k, v))",
    "SELECT * FROM (SELECT k, p FROM nested, (SELECT 1 k)) UNPIVOT (val FOR name IN (p.a, k))",
    "SELECT * FROM t UNPIVOT ((q, r) FOR name IN ((k, s), (s, v)))",
]
PLACES = [
    "SELECT k, sum(v) AS total FROM t GROUP BY k QUALIFY rank() OVER (ORDER BY total DESC) = 1",
    "SELECT k, sum(v), rank() OVER (ORDER BY sum(v)) AS r FROM t GROUP BY k QUALIFY r > 1",
    "SELECT k, sum(v) FROM t GROUP BY k HAVING count(*) > 1 QUALIFY row_number() OVER (ORDER BY k) = 1",
    "SELECT k FROM t QUALIFY count(*) OVER (PARTITION BY k) > 1 ORDER BY v, k", "SELECT DISTINCT k FROM t QUALIFY rank() OVER (ORDER BY v) > 1",
    "SELECT k, v, rank() OVER (PARTITION BY k ORDER BY v) r FROM t QUALIFY r = 1 AND v IN (SELECT max(v) FROM t)",
    "SELECT k, v FROM t QUALIFY row_number() OVER (ORDER BY k, v, s) < (SELECT count(*) FROM u)",
    "SELECT k FROM t QUALIFY row_number() OVER w = 1 WINDOW w AS (ORDER BY k, v)",
    "SELECT k FROM t WINDOW w AS (ORDER BY k, v) QUALIFY row_number() OVER w = 1",
    "SELECT k, v FROM t ORDER BY (SELECT count(*) FROM u) + v, k", "SELECT k, sum(v) FROM t GROUP BY k ORDER BY sum(v) * (SELECT -1), k",
    "SELECT t.k, u.name FROM t JOIN u ON t.k = u.k AND t.v > (SELECT avg(v) FROM t)",
    "SELECT t.k, u.name FROM t JOIN u ON t.k = u.k AND t.v IN (SELECT v FROM t WHERE v > 10)",
    "SELECT t.k, u.name FROM t JOIN u ON t.k = u.k AND EXISTS (SELECT 1 FROM t x WHERE x.k = u.k AND x.v > 20)",
    "SELECT t.k, u.name FROM t JOIN u ON NOT EXISTS (SELECT 1 FROM t x WHERE x.k = u.k)",
    "SELECT k, sum(v) + (SELECT max(k) FROM u) FROM t GROUP BY k", "SELECT sum(v) / (SELECT count(*) FROM u), max((SELECT max(k) FROM u)) FROM t",
    "SELECT k, sum((SELECT max(k) FROM u WHERE u.k = t.k)) FROM t GROUP BY k", "SELECT k FROM t GROUP BY k HAVING sum(v) > (SELECT avg(v) FROM t)",
    "SELECT k FROM t GROUP BY k HAVING k IN (SELECT k FROM u)",
    "FROM t SELECT k, v", "FROM t SELECT k WHERE v > 10", "FROM t", "FROM t SELECT k GROUP BY k ORDER BY k",
    "FROM t SELECT k, sum(v) GROUP BY k HAVING sum(v) > 10",
    "FROM t JOIN u ON t.k = u.k SELECT name", "FROM (SELECT k FROM t) SELECT *", "FROM t SELECT DISTINCT k", "FROM t SELECT k UNION ALL SELECT 9",
    "SELECT 9 AS k UNION ALL FROM t SELECT k", "SELECT * FROM (FROM t SELECT k)", "FROM t LATERAL VIEW explode(array(1)) e AS n SELECT k, n",
    "WITH w AS (FROM t SELECT k) FROM w SELECT k", "SELECT k FROM t WHERE k IN (FROM u SELECT k)",
    "(SELECT k FROM t) UNION (SELECT k FROM u) ORDER BY k", "((SELECT 1) UNION ALL (SELECT 2)) EXCEPT SELECT 1",
    "(SELECT k FROM t ORDER BY k LIMIT 1) UNION ALL (SELECT k FROM u ORDER BY k DESC LIMIT 1)", "SELECT * FROM ((SELECT 1 AS a) INTERSECT (SELECT 1)) q",
    "SELECT k FROM t ORDER BY k LIMIT ALL", "SELECT k FROM t ORDER BY k LIMIT ALL OFFSET 6", "SELECT k FROM t ORDER BY k OFFSET 2",
    "SELECT k FROM t ORDER BY k LIMIT 1 + 1", "SELECT k FROM t ORDER BY k OFFSET 1 + 2", "SELECT k FROM t ORDER BY k LIMIT cast('2' AS int) OFFSET 1 * 1",
    "VALUES (1, 'a'), (2, 'b') AS w (x, y)", "VALUES 1, 2 AS w (x)", "VALUES (1, 'a') ORDER BY 1 LIMIT 1", "VALUES (1), (2) UNION ALL VALUES (3)",
    "SELECT * FROM (VALUES (1, 2)) AS w (a, b) WHERE a = 1", "(VALUES (1))", "TABLE u ORDER BY k LIMIT 1", "TABLE u UNION ALL TABLE u",
    "SELECT * FROM (TABLE u)",
    "SELECT u.name, x.s FROM u, LATERAL (SELECT s FROM t WHERE t.k = u.k) x", "SELECT * FROM u, LATERAL (SELECT u.k + 1 AS z)",
    "SELECT u.name, x.m FROM u LEFT JOIN LATERAL (SELECT max(v) m FROM t WHERE t.k = u.k) x",
    "SELECT * FROM u, LATERAL explode(array(1, u.k)) AS e (n)", "SELECT * FROM u JOIN LATERAL explode(array(u.k)) e",
    "SELECT * FROM u LEFT JOIN LATERAL explode(array(u.k, 7)) e (n)", "SELECT * FROM LATERAL (SELECT 1 AS a)",
    "SELECT e.n FROM u, LATERAL explode(array(1)) e (n), t",
    "SELECT k FROM t NATURAL JOIN u", "SELECT * FROM t NATURAL JOIN u", "SELECT * FROM t NATURAL LEFT JOIN u", "SELECT * FROM t NATURAL FULL OUTER JOIN u",
    "SELECT * FROM (SELECT 1 AS a) NATURAL JOIN u", "SELECT * FROM (SELECT 1 AS K) NATURAL JOIN u",
    "SELECT k FROM t SORT BY k", "SELECT k FROM t CLUSTER BY k", "SELECT k FROM t DISTRIBUTE BY k SORT BY v", "SELECT k FROM t DISTRIBUTE BY k, s",
    "SELECT k, count(*) OVER (CLUSTER BY k) FROM t", "SELECT sum(k) FROM (SELECT k FROM t DISTRIBUTE BY k LIMIT 100)",
    "SELECT name FROM u WHERE k IN (SELECT k FROM t UNION SELECT 4)",
]
PIPES = [
    "TABLE t |> SELECT k, v + 1", "TABLE t |> SELECT sum(v)", "TABLE t |> SELECT DISTINCT k", "TABLE t |> SELECT k, rank() OVER w WINDOW w AS (ORDER BY v)",
    "TABLE t |> WHERE k > 1 |> SELECT v", "TABLE t |> WHERE t.k > 1", "TABLE t |> SELECT k, v |> WHERE t.k > 1", "TABLE t |> EXTEND v * 2 AS w, k + 1",
    "TABLE t |> EXTEND sum(v) OVER () AS w", "TABLE t |> DROP v, x", "TABLE t |> DROP t.k", "TABLE t |> AS q |> WHERE q.k = 1",
    "TABLE t |> SELECT k |> AS q |> SELECT q.k", "TABLE t |> ORDER BY k |> LIMIT 1 OFFSET 1 |> SELECT k", "TABLE t |> AGGREGATE sum(v) GROUP BY k",
    "TABLE t |> AGGREGATE count(*) AS c, sum(v) + 1", "TABLE t |> AGGREGATE GROUP BY k",
    "TABLE t |> AGGREGATE sum(v) AS total GROUP BY k, s IS NULL |> WHERE total > 10", "TABLE t |> AGGREGATE sum(v) GROUP BY k + 1 AS kk",
    "TABLE t |> AGGREGATE sum(v) AS s GROUP BY k AS kk |> SELECT kk, s", "TABLE t |> AGGREGATE max(struct(v AS w)).w GROUP BY k",
    "TABLE t |> AGGREGATE sum(v) AS v GROUP BY k |> AGGREGATE max(v)", "TABLE t |> UNION ALL TABLE t", "TABLE u |> SELECT k |> UNION SELECT 9 |> WHERE k > 3",
    "TABLE u |> SELECT k |> EXCEPT (SELECT k FROM t)", "TABLE u |> SELECT k |> INTERSECT SELECT k FROM t", "TABLE u |> JOIN t ON u.k = t.k |> SELECT name, v",
    "TABLE u |> JOIN t USING (k) |> SELECT name, v", "TABLE u |> AS a |> LEFT JOIN t ON a.k = t.k |> SELECT a.name, t.v",
    "TABLE t |> NATURAL JOIN u |> SELECT name",
    "TABLE u |> SELECT k, name |> JOIN t ON u.k = t.k |> SELECT name", "TABLE t |> SELECT k, s, v |> PIVOT (sum(v) FOR k IN (1, 2))",
    "TABLE t |> SELECT k, v |> UNPIVOT (val FOR name IN (k, v))", "SELECT k FROM t UNION ALL SELECT k FROM u |> WHERE k > 3",
    "SELECT * FROM (TABLE t |> SELECT k) q WHERE q.k = 1", "WITH w AS (TABLE t |> SELECT k) TABLE w |> WHERE k = 1", "FROM t |> SELECT k",
    "FROM t SELECT k |> WHERE k > 1",
    "SELECT k FROM t WHERE k IN (TABLE u |> SELECT k)", "VALUES (1, 2) AS w (a, b) |> SELECT a", "TABLE t |> SELECT * EXCEPT (v)",
    "TABLE t |> DISTRIBUTE BY k",
    "TABLE t |> SELECT explode(array(1, 2))", "TABLE t |> SELECT k |> EXTEND 1 AS k", "TABLE nested |> SELECT p.a |> WHERE a = 1",
    "SELECT 1 AS a |> SELECT a + 1",
    "TABLE t |> AGGREGATE count(*) FILTER (WHERE b) AS c GROUP BY k |> ORDER BY k", "SELECT sum(v) AS s FROM t |> WHERE s > 1",
    "SELECT k, sum(v) AS s FROM t GROUP BY k |> WHERE s > 10 |> EXTEND s * 2 AS d", "TABLE t |> WHERE k > 2 LIMIT 10",
]
PIPE_ERRORS = [
    "TABLE t |> WHERE rank() OVER (ORDER BY k) = 1", "TABLE t |> EXTEND sum(v)", "TABLE t |> DROP zz", "TABLE t |> ORDER BY k, v LIMIT 2 |> SELECT k",
    "TABLE t |> AGGREGATE k GROUP BY k", "TABLE t |> AGGREGATE k + 1", "TABLE t |> AGGREGATE sum(v) GROUP BY ROLLUP(k)",
    "TABLE t |> AGGREGATE count(*) GROUP BY ALL",
    "TABLE t |> HAVING k > 1", "TABLE t |> GROUP BY k", "SELECT k FROM t ORDER BY k |> LIMIT 1", "TABLE t |> SELECT k, count(*) AS c",
    "TABLE t |> QUALIFY rank() OVER (ORDER BY k) = 1", "TABLE t |> WHERE sum(v) > 1", "TABLE t |> SELECT k |> WHERE v > 10",
    "TABLE t |> SELECT k |> ORDER BY v",
    "TABLE t |> AGGREGATE sum(v) AS s GROUP BY k |> ORDER BY max(v)", "TABLE t |> AGGREGATE sum(v) AS s GROUP BY k |> WHERE v > 1",
    "TABLE t |> AGGREGATE count(*) GROUP BY k HAVING count(*) > 1", "TABLE t |> SELECT k WHERE k > 1", "TABLE t |> UNION ALL SELECT 1",
    "TABLE t |> AGGREGATE sum(v) OVER ()", "TABLE t |> AGGREGATE sum(v), k GROUP BY k",
]
PLACE_ERRORS = [
    "SELECT k, sum(v) s FROM t GROUP BY k QUALIFY rank() OVER (ORDER BY sum(v)) <= 2", "SELECT k, v FROM t QUALIFY v > 10",
    "SELECT k, sum(v) FROM t GROUP BY k QUALIFY sum(v) > 10", "SELECT k, sum(v) FROM t GROUP BY k QUALIFY max(v) > 10 AND rank() OVER (ORDER BY k) > 0",
    "SELECT k FROM t ORDER BY (SELECT max(name) FROM u WHERE u.k = t.k), v", "SELECT k FROM t ORDER BY k IN (SELECT k FROM u)",
    "SELECT k, sum(v) FROM t GROUP BY k ORDER BY (SELECT count(*) FROM u WHERE u.k = t.k), k",
    "SELECT k, (SELECT max(name) FROM u WHERE u.k = t.k) FROM t GROUP BY k", "FROM t WHERE k > 1 SELECT v", "SELECT k FROM t ORDER BY k LIMIT 2L",
    "SELECT k FROM t ORDER BY k LIMIT 'a'", "SELECT k FROM t ORDER BY k LIMIT k", "SELECT k FROM t ORDER BY k LIMIT NULL",
    "SELECT k FROM t LIMIT cast(NULL AS int)",
    "SELECT k FROM t ORDER BY k LIMIT cast(2 AS bigint)", "SELECT k FROM t ORDER BY k LIMIT (SELECT 1)", "SELECT k FROM t LIMIT -1",
    "SELECT k FROM t LIMIT 1 - 2",
    "SELECT * FROM t NATURAL LEFT SEMI JOIN u", "SELECT k FROM t OFFSET -1", "SELECT k FROM t WHERE k = ANY (SELECT k FROM u)",
    "SELECT k FROM t FETCH FIRST 1 ROW ONLY",
    "SELECT k FROM t LIMIT 1 UNION ALL SELECT 1", "SELECT k FROM t ORDER BY k UNION ALL SELECT 1", "SELECT k FROM t DISTRIBUTE BY k ORDER BY k",
]
SAID = {
    "escape of two": "SELECT s NOT LIKE 'a' ESCAPE 'xx' FROM t", "no patterns": "SELECT s LIKE ANY () FROM t",
    "no size": "SELECT cast('a' AS varchar)", "bang": "SELECT k !IN (1) FROM t",
}
# What ten thousand seeded expressions found (grammar.py): names of casts, parts of NULL, negation, IN that stops.
FOUND = [
    "SELECT CAST(string(k) AS bigint), bigint(CAST(k AS string)), string(bigint(k)), CAST(CAST(k AS string) AS bigint), try_cast(string(k) AS int) FROM t",
    "SELECT CAST(string(p.a) AS int), CAST(CAST(p.a AS string) AS int), CAST(try_cast(p.a AS string) AS int), string(CAST(p.a AS int)) "
    "FROM (SELECT struct(k AS a) AS p FROM t)",
    "SELECT CAST(CAST(q[0] AS int) AS string), CAST(string(q[0]) AS int), CAST(int(k + 1) AS string) FROM (SELECT k, array(k) AS q FROM t)",
    "SELECT NULL[0], NULL.p, NULL['p'], trim(NULL[0]), array(NULL.p), length(NULL.p), coalesce(NULL[0], 1), NULL[0][1] FROM t WHERE k = 1",
    "SELECT TRUE IS UNKNOWN, FALSE IS NOT UNKNOWN, b IS UNKNOWN, b IS NOT UNKNOWN, NULL IS UNKNOWN, k IS UNKNOWN FROM t",
    "SELECT NOT NOT b, NOT ! k NOT IN (1, 2), ! ! (k = 1), NOT NOT NOT b FROM t",
    "SELECT pmod(CAST(-1 AS tinyint), -128Y), pmod(-1S, -32768S), pmod(-7Y, 3Y), pmod(-7Y, -3Y), pmod(-32768S, 32767S), pmod(-1, -2147483648)",
    "SELECT k::bigint < v, k::bigint <> v, k::string <= s, k::int = 1, k::date <=> NULL FROM (SELECT *, DATE'2024-01-01' AS k2 FROM t) WHERE false",
    "SELECT k FROM t WHERE s::string < 'b' AND v::double > 1",
    "SELECT nullif(k, k) IN (1 / (k - k)), k IN (k, 1 / (k - k)), s IN (s, string(int(s))) FROM t WHERE s = 'a'",
    "SELECT CAST('epoch' AS date), try_cast('epoch' AS timestamp), ~NULL.p, - NULL.p, NULL.p::int, NULL.p BETWEEN 1 AND 2, NULL.p IS NULL",
    "SELECT k IN (v, NULL, k), k IN (NULL, v), k NOT IN (v, 99), CAST(NULL AS int) NOT IN (v) FROM t",
    "SELECT true = not(b), and(b, true), or(b, k = 1), in(k, 1, 2), between(k, 1, 2), div(v, 2), when(b, k), b AND and(b, true) FROM t",
    "SELECT ~nullif(NULL, 1L), -nullif(NULL, 1L), nullif(NULL, 1) + 1, ~coalesce(NULL, NULL), ~if(true, NULL, NULL), abs(nullif(NULL, 1)), ~NULL",
    "SELECT try_cast(d AS timestamp) FROM (SELECT CAST(CAST(m AS timestamp) AS date) AS d FROM VALUES (-9223372036854775808), (NULL) AS u(m))",
]
FOUND_ERRORS = [
    "SELECT 1 IS UNKNOWN", "SELECT NOT NOT 5", "SELECT k IN (1 / (k - k)) FROM t", "SELECT upper(k ^ s, 1) FROM t", "SELECT upper(nosuch, 1) FROM t",
    "SELECT nosuch(k ^ s, 1) FROM t", "SELECT CAST(NULL AS int).p",
    "SELECT CAST(1 AS tmestamp)", "SELECT 1::foo", "SELECT CAST(1 AS foo(3))", "SELECT CAST(1 AS int(3))", "SELECT CAST(1 AS array<foo>)",
    "SELECT CAST(1 AS struct<a:foo>)", "SELECT CAST(1 AS 5)", "SELECT CAST(1 AS decimal(a))",
    "SELECT 1 = not(b) FROM t", "SELECT - 1 IS DISTINCT FROM not(b) FROM t", "SELECT and(b) FROM t",
    "SELECT k = array(k) OR struct(k, 'x').q FROM t", "SELECT k = array(k) AND nosuch(k) FROM t",
    "SELECT CAST(CAST(CAST(m AS timestamp) AS date) AS timestamp) FROM VALUES (-9223372036854775808) AS u(m)",
    "SELECT timestamp'+294247-01-01 00:00:00' + make_dt_interval(m) FROM VALUES (106751990) AS u(m)",
    "SELECT timestamp'+294247-01-01 00:00:00' + make_ym_interval(m) FROM VALUES (100000) AS u(m)",
]

FORMS = {"filter": FILTERS, "like": LIKES, "row": ROWS, "compared": COMPARED_ROWS, "call": CALLS, "pivot": PIVOTS, "unpivot": UNPIVOTS,
         "place": PLACES, "pipe": PIPES, "found": FOUND}
ERRORS = {"filter": FILTER_ERRORS, "like": LIKE_ERRORS, "row": ROW_ERRORS, "call": CALL_ERRORS, "pivot": PIVOT_ERRORS, "unpivot": UNPIVOT_ERRORS,
          "place": PLACE_ERRORS, "pipe": PIPE_ERRORS, "found": FOUND_ERRORS}

for kind, texts in FORMS.items():
    for text in texts:
        add(f"sql form {kind} {text}", query(text))
for kind, texts in ERRORS.items():
    for text in texts:
        add(f"sql form error {kind} {text}", query(text))
for name, text in SAID.items():
    add(f"sql form says {name}", said(text))


def in_frames(s: Scene):
    t = views(s).table("t").repartition(3)
    return [rows(t.groupBy("k").agg(F.expr("sum(v) FILTER (WHERE s = 'a') AS a"), F.expr("count(*) FILTER (WHERE b)")), False),
            rows(t.selectExpr("k << 1", "(k, s) AS p", "s ILIKE ANY ('A')", "trim(BOTH 'a' FROM s)").filter("p.k > 1 AND p.s NOT LIKE ALL ('b')"), False),
            rows(t.select(F.struct("k", (F.col("v") + 1).alias("w"), F.col("v") * 2), F.array(F.struct(F.col("k").alias("a")))), False),
            rows(t.select(F.extract(F.lit("YEAR"), "d"), F.like("s", F.lit("a!%"), F.lit("!"))), False)]


add("sql form in frames", in_frames)
