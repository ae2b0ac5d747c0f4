"""Cases about files of text read as they are: CSV with the options that scripts give, and nasty contents.

`write_files` makes one plain folder; one world reads it plain, the other as `put --tree` sealed it.
"""

from __future__ import annotations

import gzip
import pathlib

from recorder import Scene, add

FOLDER = "texts"
BOM = b"\xef\xbb\xbf"

FILES: dict[str, bytes] = {
    "plain.csv": b"i,l,d,b,s,n,m\n1,3000000000,1.5,true,x,,1\n-2,4,NaN,FALSE,y z,,2.5\n,5,,,\"\",,3\n",
    "quotes.csv": b'a,b,c\n"x","a,b",1\n"say \\"hi\\"",\'q\',2\n"""double""",x"y,3\n"open,x,4\n"a"b,c,5\n"a" b,c,6\n"a"  ,c,7\n'
                  b'"",  ,8\n"a\\\\",b,9\n"a\\x",b,10\n'
                  b'x,"end\n"a"b"c,d,11\n"a""b",c,12\n"a\\"",c,13\n"a\\\\"b",c,14\n"a"b\n"a" b"\n"\n"",""\n"a\\\n"abc"\\x,y,1\n',
    "doubled.csv": b'a,b\n"say ""hi""","a,b"\n"x\ny",2\n"",""""\n"a""",b\n"a"b,c\n"""",d\n"a""""b","c"\n',
    "lines.csv": b'a,b\n"one\ntwo",1\n"three\r\nfour",2\n\n  \n"",3\n',
    "crlf.csv": b'a,b\r\n1,x\r\n"two\r\nlines",y\r\n\r\n3,z\r\n',
    "cr.csv": b"a,b\r1,x\r2,y\r",
    "mixed_ends.csv": b"a,b\n1,x\r\n2,y\r3,z",
    "ragged.csv": b"a,b,c\n1,2,3\n4\n5,6\n7,8,9,10\n,\n,,,\nx,y,z\n",
    "bad.csv": b"a,b,d\n1,x,1.5\ny,2,2.5\n3,z,q\n99999999999,w,1e400\n5 ,v, 6\n",
    "mark.csv": BOM + b"a,b\n1,x\n",
    "mark_quote.csv": BOM + b'"a","b"\n"1","x"\n',
    "header.csv": b"a,b\n",
    "nothing.csv": b"",
    "blank.csv": b"\n\n   \n",
    "one_line.csv": b"1,2,3",
    "names.csv": b"a,A,,a,b b,x.y\n1,2,3,4,5,6\n",
    "clash.csv": b"a,A,a1\n1,2,3\n",
    "header_null.csv": b"NA,b,NA\n1,2,3\n",
    "comments.csv": b"# first\n  # not first\n\na,b\n#1,x\n2,#y\n #3,z\n4,w\n",
    "tabs.csv": b"a\tb\tc\n1\t x \t\n\t2\t3\n",
    "pipes.csv": b"a||b||c\n1||x|y||3\n\"q||r\"||2||\n||||\n",
    "semi.csv": b"a;b\n1,5;x\n2;'y;z'\n",
    "spaces.csv": b'a, b ,c\n 1 ,\tx ,  \n"  q  ", "r" ,2 \n   ,y,3\n',
    "nulls.csv": b'a,b,c\n1,NA,x\nNA,2,"NA"\n,,\n"","",""\nnull,NULL,-\n',
    "words.csv": b"d,f\nNaN,NaN\nnan,1\nInf,-Inf\ninf,2\nINF,x\n-Infinity,Infinity\n+Infinity,+NaN\n1e5d,0x1p3\n",
    "numbers.csv": b"a,b,c,d\n007,+5,1e3,1_000\n2147483648,-9223372036854775808,.5,-0\n9223372036854775807,12,5.,1d\n",
    "huge.csv": b"a,b\n12345678901234567890,1\n1,2\n",
    "digits.csv": "a,b,c\n\u0661\u0662,\uff11\uff12,1\u0662\n3,4,5\n".encode(),
    "dates.csv": b"d,t,u\n2020-01-02,2020-01-02 03:04:05,2020-01-02\n1969-12-31,2020-01-02T03:04:05.123456Z,2020-01-02 03:04:05\n,2020-01-02 03:04:05+01:00,\n",
    "odd_dates.csv": b"d,t\n2020-1-2,2020-1-2\n2020-01-02T03,2020\n2020-01-02 GMT,2020-01-01T00:00GMT+01:00\n2020-02-30,2020-02-30\nx,y\n2020,2020-01\n"
                     b" 2020-01-02 , 2020-01-02 03:04 \n2020-01-02 03:04:05 Europe/Paris,2020-01-02 03:04:05 Europe/Paris\n",
    "unicode.csv": "n\u00e4me,\u65e5\u672c\n\u00e9t\u00e9,\U0001f600\n\u00a0x,\u3000\n".encode(),
    "latin.csv": b"a,b\ncaf\xe9,1\n\xff\xfe,2\nok,3\n",
    "own_ends.csv": b"a,b;1,x;2,\"y;z\";3,\nw;",
    "longs.csv": b"a\n" + b"x" * 70_000 + b"\ny\n",
    "nul.csv": b"a,b\n\x00x,1\ny\x00,2\n",
    "many/a.csv": b"a,b\n1,x\n2,y\n",
    "many/b.csv": b"a,b\n3,z\n2.5,w\n9,longest of them all\n",
    "many/_hidden.csv": b"a,b\n8,hidden\n",
    "many/empty.csv": b"",
    "without_values/a.csv": b"d,t,b,s\n2020-01-02,2020-01-02 03:04:05,true,x\n",
    "without_values/b.csv": b"d,t,b,s\n,,,\n",
    "other_headers/a.csv": b"a,b\n1,x\n2,y\n3,z\n",
    "other_headers/b.csv": b"c,d\n4,z\n",
    "keyed/k=1/a.csv": b"a,b\n1,x\n",
    "keyed/k=2/a.csv": b"a,b\n2,y\n",
    "keyed_text/k=x/a.txt": b"one\ntwo\n",
    "patterns.csv": b"d,t\n02/01/2020,2020-01-02 03:04\n31/12/1999,x\n,1999-12-31 23:59\n1/2/2020,2020-01-02 3:04\n2020-01-02,2020-01-02T03:04:05Z\n",
    "patterns_good.csv": b"d,t,m\n02/01/2020,2020-01-02 03:04,02/01/2020\n31/12/1999,1999-12-31 23:59,2020-01-02 03:04\n",
    "months.csv": b"d,t\n2 Jan 2020,Thu 03:04:05.123 +0100\n31 Dec 1999,x\n",
    "packed.csv.gz": gzip.compress(b"a,b\n1,x\n2,y\n", mtime=0) + gzip.compress(b"3,z\n", mtime=0),
    "packed.txt.gz": gzip.compress(b"one\ntwo", mtime=0),
    "lines.txt": b"one\ntwo\r\n\nthree\rfour",
    "bars.txt": b"a|b||c\n|",
    "mark.txt": BOM + b"x\ny\n",
    "empty.txt": b"",
}


def write_files(folder: pathlib.Path) -> pathlib.Path:
    for name, content in FILES.items():
        path = folder / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / FOLDER


def rows(frame) -> dict:
    return {"schema": [[f.name, f.dataType.simpleString(), f.nullable] for f in frame.schema], "rows": [list(r) for r in frame.collect()]}


def sorted_rows(frame) -> dict:
    return {"schema": [[f.name, f.dataType.simpleString(), f.nullable] for f in frame.schema], "rows": sorted([list(r) for r in frame.collect()], key=str)}


def at(s: Scene, name: str) -> str:
    return f"{s.tables}/{FOLDER}/{name}"


def csv(name: str, file: str, schema: str | None = None, shape=rows, **options) -> None:
    def run(s: Scene):
        reader = s.spark.read.options(**options)
        return shape((reader.schema(schema) if schema else reader).csv(at(s, file)))

    add(f"csv {name}", run)


HEADED = {"header": "true"}
TYPED = {"header": "true", "inferSchema": "true"}

for file in [name for name in FILES if name.endswith(".csv") and "/" not in name]:
    stem = file.removesuffix(".csv")
    if stem == "huge":
        continue
    csv(f"{stem}", file)
    csv(f"{stem} header", file, **HEADED)
    csv(f"{stem} typed", file, **TYPED)
    csv(f"{stem} typed multiLine", file, **TYPED, multiLine="true")
    csv(f"{stem} as strings", file, "x string, y string, z string, w string", **HEADED)
    csv(f"{stem} corrupt", file, "x int, y string, _corrupt_record string", **HEADED)
    csv(f"{stem} corrupt multiLine", file, "x int, y string, _corrupt_record string", **HEADED, multiLine="true")
    csv(f"{stem} dropped", file, "x int, y string", **HEADED, mode="DROPMALFORMED")

PATTERNS = {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy-MM-dd HH:mm"}
for name, options in {"": {}, " multiLine": {"multiLine": "true"}, " elsewhere": {"timeZone": "America/New_York"}}.items():
    csv(f"by patterns{name}", "patterns.csv", "d date, t timestamp", **HEADED, **PATTERNS, **options)
csv("by patterns inferred", "patterns_good.csv", **TYPED, **PATTERNS)
csv("by patterns inferred of dates", "patterns_good.csv", **TYPED, dateFormat="dd/MM/yyyy")
csv("by patterns inferred of times", "patterns_good.csv", **TYPED, timestampFormat="yyyy-MM-dd HH:mm")
csv("by patterns inferred of text", "patterns.csv", **TYPED, **PATTERNS)
csv("by patterns corrupt", "patterns.csv", "d date, t timestamp, _corrupt_record string", **HEADED, **PATTERNS)
csv("by patterns dropped", "patterns.csv", "d date, t timestamp", **HEADED, **PATTERNS, mode="DROPMALFORMED")
csv("by patterns with names", "months.csv", "d date, t string", **HEADED, dateFormat="d MMM yyyy")
csv("packed typed", "packed.csv.gz", **TYPED)
csv("packed in lines", "packed.csv.gz", "a int, b string", **HEADED, multiLine="true")
add("text packed", lambda s: rows(s.spark.read.text(at(s, "packed.txt.gz"))))

NUMBERS = "a tinyint, b smallint, c float, d double"
TIMES = "d date, t timestamp, u timestamp"
CASES: dict[str, tuple] = {
    "doubled quotes": ("doubled.csv", None, {**TYPED, "escape": '"'}),
    "doubled quotes multiLine": ("doubled.csv", None, {**TYPED, "escape": '"', "multiLine": "true"}),
    "other quote": ("semi.csv", None, {**TYPED, "sep": ";", "quote": "'"}),
    "no quote": ("quotes.csv", None, {**HEADED, "quote": ""}),
    "no escape": ("quotes.csv", None, {**HEADED, "escape": ""}),
    "own escape of the escape": ("quotes.csv", None, {**HEADED, "charToEscapeQuoteEscaping": "x"}),
    "delimiter": ("semi.csv", None, {**TYPED, "delimiter": ";"}),
    "tabs": ("tabs.csv", None, {**TYPED, "sep": "\t"}),
    "tabs by name": ("tabs.csv", None, {**TYPED, "sep": "\\t"}),
    "tabs trimmed": ("tabs.csv", None, {**TYPED, "sep": "\t", "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}),
    "pipes": ("pipes.csv", None, {**TYPED, "sep": "||"}),
    "pipes multiLine": ("pipes.csv", None, {**TYPED, "sep": "||", "multiLine": "true"}),
    "pipe": ("pipes.csv", None, {**HEADED, "sep": "|"}),
    "trimmed": ("spaces.csv", None, {**TYPED, "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}),
    "trimmed before": ("spaces.csv", None, {**TYPED, "ignoreLeadingWhiteSpace": "true"}),
    "trimmed after": ("spaces.csv", None, {**TYPED, "ignoreTrailingWhiteSpace": "true"}),
    "trimmed to other empties": ("spaces.csv", None, {**HEADED, "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true",
                                                      "nullValue": "NA", "emptyValue": "E"}),
    "trimmed multiLine": ("spaces.csv", None, {**TYPED, "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true", "multiLine": "true"}),
    "comments": ("comments.csv", None, {**TYPED, "comment": "#"}),
    "comments multiLine": ("comments.csv", None, {**TYPED, "comment": "#", "multiLine": "true"}),
    "comments without a header": ("comments.csv", None, {"comment": "#"}),
    "nulls": ("nulls.csv", None, {**TYPED, "nullValue": "NA"}),
    "nulls and empties": ("nulls.csv", None, {**TYPED, "nullValue": "NA", "emptyValue": "none"}),
    "nulls under a schema": ("nulls.csv", "a int, b int, c string", {**HEADED, "nullValue": "NA"}),
    "null in the header": ("header_null.csv", None, {**TYPED, "nullValue": "NA"}),
    "words": ("words.csv", "d double, f float", HEADED),
    "other words": ("words.csv", None, {**TYPED, "nanValue": "nan", "positiveInf": "INF", "negativeInf": "-INF"}),
    "other words under a schema": ("words.csv", "d double, f float", {**HEADED, "nanValue": "nan", "positiveInf": "INF", "negativeInf": "-INF"}),
    "numbers": ("numbers.csv", NUMBERS, HEADED),
    "numbers as bigint": ("numbers.csv", "a bigint, b bigint, c bigint, d bigint", HEADED),
    "numbers as binary": ("numbers.csv", "a binary, b boolean, c string, d double", HEADED),
    "unicode digits": ("digits.csv", "a int, b bigint, c double", HEADED),
    "dates": ("dates.csv", TIMES, HEADED),
    "odd dates": ("odd_dates.csv", "d date, t timestamp", HEADED),
    "odd dates typed": ("odd_dates.csv", None, TYPED),
    "dates not preferred": ("dates.csv", None, {**TYPED, "preferDate": "false"}),
    "dates of a zone": ("dates.csv", TIMES, {**HEADED, "timeZone": "America/New_York"}),
    "own ends": ("own_ends.csv", None, {**TYPED, "lineSep": ";"}),
    "own ends multiLine": ("own_ends.csv", None, {**TYPED, "lineSep": ";", "multiLine": "true"}),
    "own ends of lines": ("lines.csv", None, {**TYPED, "lineSep": "\n"}),
    "dropped": ("bad.csv", "a int, b string, d double", {**HEADED, "mode": "DROPMALFORMED"}),
    "dropped ragged": ("ragged.csv", "a int, b int, c int", {**HEADED, "mode": "dropmalformed"}),
    "fails fast": ("bad.csv", "a int, b string, d double", {**HEADED, "mode": "FAILFAST"}),
    "fails fast ragged": ("ragged.csv", None, {**HEADED, "mode": "FAILFAST"}),
    "fails fast on nothing": ("plain.csv", None, {**HEADED, "mode": "FAILFAST"}),
    "own corrupt column": ("bad.csv", "a int, why string, b string, d double", {**HEADED, "columnNameOfCorruptRecord": "why"}),
    "corrupt column of another type": ("bad.csv", "a int, _corrupt_record int", HEADED),
    "schema of few": ("plain.csv", "i int", HEADED),
    "schema of many": ("plain.csv", "i int, l bigint, d double, b boolean, s string, n string, m double, x string, y int", HEADED),
    "not null": ("plain.csv", "i int not null, l bigint", HEADED),
    "header that differs": ("plain.csv", "a int, b bigint, c double, d boolean, e string, f string, g double", {**HEADED, "enforceSchema": "false"}),
    "header that doesn't": ("plain.csv", "I int, l bigint, d double, b boolean, s string, n string, m double", {**HEADED, "enforceSchema": "false"}),
    "few columns": ("plain.csv", None, {**HEADED, "maxColumns": "3"}),
    "nested": ("plain.csv", "i array<int>", HEADED),
    "header word": ("plain.csv", None, {"header": "True", "inferSchema": "TRUE"}),
    "header no word": ("plain.csv", None, {"header": "yes"}),
    "separator of nothing": ("plain.csv", None, {"sep": ""}),
    "quote of two": ("plain.csv", None, {"quote": "ab"}),
    "end of three": ("plain.csv", None, {"lineSep": "abc"}),
}
for name, (file, schema, options) in CASES.items():
    csv(f"option {name}", file, schema, **options)

csv("of a folder", "many", None, sorted_rows, **TYPED)
csv("of a folder without a header", "many", None, sorted_rows)
csv("of a folder under a schema", "many", "a double, b string", sorted_rows, **HEADED)
csv("of a file without values", "without_values", None, sorted_rows, **TYPED)
csv("of other headers", "other_headers", None, sorted_rows, **TYPED)
csv("of keys", "keyed", None, sorted_rows, **TYPED)
csv("of keys under a schema", "keyed", "a int, b string", sorted_rows, **HEADED)
csv("of keys of another type", "keyed", "a int, k string, b string", sorted_rows, **HEADED)
csv("of nothing there", "none.csv", None, sorted_rows)
PATHS = {
    "several": ["many/a.csv", "plain.csv"],
    "several folders": ["many", "other_headers"],
    "star": ["many/*.csv"],
    "star of folders": ["*/a.csv"],
    "question": ["many/?.csv"],
    "class": ["many/[a-b].csv"],
    "braces": ["many/{a,b}.csv"],
    "keys": ["keyed/k=*"],
    "nothing": ["many/*.none"],
    "one missing": ["many/a.csv", "many/none.csv"],
}
for name, paths in PATHS.items():
    add(f"csv paths {name}", lambda s, paths=paths: sorted_rows(s.spark.read.csv([at(s, p) for p in paths], header=True)))

READS = {
    "load": lambda s: rows(s.spark.read.format("csv").option("header", True).load(at(s, "plain.csv"))),
    "load with a schema": lambda s: rows(s.spark.read.load(at(s, "many/a.csv"), format="csv", schema="a int, b string", header=True)),
    "keywords": lambda s: rows(s.spark.read.csv(at(s, "semi.csv"), sep=";", header=True, quote="'")),
    "count": lambda s: s.spark.read.csv(at(s, "ragged.csv")).count(),
    "used": lambda s: s.spark.read.csv(at(s, "plain.csv"), header=True, inferSchema=True).selectExpr("sum(i)", "avg(d)", "max(l)").collect(),
    "filtered": lambda s: s.spark.read.csv(at(s, "plain.csv"), header=True, inferSchema=True).filter("i > 0").collect(),
    "two frames": lambda s: [s.spark.read.csv(at(s, "plain.csv"), header=h).columns for h in (True, False)],
}
for name, run in READS.items():
    add(f"csv read {name}", run)

TEXTS = {
    "lines": ("lines.txt", {}),
    "whole": ("lines.txt", {"wholetext": "true"}),
    "own ends": ("bars.txt", {"lineSep": "|"}),
    "longer ends": ("bars.txt", {"lineSep": "||"}),
    "mark": ("mark.txt", {}),
    "whole mark": ("mark.txt", {"wholetext": "true"}),
    "empty": ("empty.txt", {}),
    "whole empty": ("empty.txt", {"wholetext": "true"}),
    "keys": ("keyed_text", {}),
}
for name, (file, options) in TEXTS.items():
    add(f"text file {name}", lambda s, file=file, options=options: rows(s.spark.read.options(**options).text(at(s, file))))
add("text file renamed", lambda s: rows(s.spark.read.schema("line string").text(at(s, "lines.txt"))))
add("text file of two columns", lambda s: rows(s.spark.read.schema("a string, b string").text(at(s, "lines.txt"))))

# ---- JSON and LIBSVM --------------------------------------------------------------------------------

FILES.update({
    "lines.json": b'{"a": 1, "b": "x", "c": 1.5, "d": true, "e": null}\n\n{"b": "\\u00e9\\n", "a": 3000000000, "f": {"y": [1, 2.5], "x": {}}}\n'
                  b'{"a": -0, "e": "", "f": {"y": []}}\n',
    "bad.json": b'{"a": 1}\n{"a": "x", "b": 2}\n{"a": \n3\n[1]\n{"a": 1.5}\n{"a": 3000000000, "b": "y"}\n{"a": 1} rest\nnull\n',
    "arrays.json": b'[{"a": 1}, {"a": 2, "b": "x"}]\n[]\n{"a": 3}\n',
    "whole.json": b'[\n {"a": 1,\n  "b": {"c": [1, 2]}},\n {"a": 2}\n]\n',
    "numbers.json": b'{"d": NaN, "e": "NaN", "i": 1, "s": 1.0}\n{"d": -Infinity, "e": "-INF", "i": 200, "s": {"k": [1]}}\n'
                    b'{"d": 1, "e": 2, "i": -7, "s": true}\n{"d": 1e400}\n',
    "quoted.json": b"{'a': 'it\\'s'}\n{\"a\": \"tab\there\"}\n{a: 1}\n{\"a\": 01}\n{\"a\": .5}\n{\"a\": 1,}\n",
    "times.json": b'{"t": "2020-01-02 03:04:05", "d": "2020-01-02"}\n{"t": 1577934245, "d": "x"}\n{"t": "2020-01-02T03:04:05Z", "d": "18263"}\n',
    "sample.libsvm": b"1 1:0.5 7:2 # no\n" .replace(b" # no", b"") + b"0 9:1e-3\n# comment\n\n-1\n",
    "bad.libsvm": b"1 2:1 1:1\n",
})
JSON = {
    "lines": ("lines.json", None, {}),
    "lines under a schema": ("lines.json", "a bigint, b string, f struct<y:array<double>,x:string>", {}),
    "primitives as strings": ("lines.json", None, {"primitivesAsString": "true"}),
    "null fields dropped": ("lines.json", None, {"dropFieldIfAllNull": "true"}),
    "bad": ("bad.json", None, {}),
    "bad under a schema": ("bad.json", "a int, b string, _corrupt_record string", {}),
    "bad dropped": ("bad.json", "a int, b string", {"mode": "DROPMALFORMED"}),
    "bad fails": ("bad.json", "a int", {"mode": "FAILFAST"}),
    "arrays": ("arrays.json", None, {}),
    "whole": ("whole.json", None, {"multiLine": "true"}),
    "whole line by line": ("whole.json", None, {}),
    "numbers": ("numbers.json", "d double, e float, i tinyint, s string", {}),
    "numbers inferred": ("numbers.json", None, {}),
    "quoted": ("quoted.json", "a string, _corrupt_record string", {}),
    "quoted leniently": ("quoted.json", "a string, _corrupt_record string",
                         {"allowUnquotedFieldNames": "true", "allowNumericLeadingZeros": "true", "allowUnquotedControlChars": "true"}),
    "times": ("times.json", "t timestamp, d date", {}),
    "times by patterns": ("times.json", "t timestamp, d date", {"timestampFormat": "yyyy-MM-dd HH:mm:ss", "dateFormat": "yyyy-MM-dd"}),
    "times inferred by patterns": ("times.json", None, {"inferTimestamp": "true", "timestampFormat": "yyyy-MM-dd'T'HH:mm:ssXXX"}),
    "times inferred": ("times.json", None, {"inferTimestamp": "true"}),
    "nothing": ("nothing.csv", None, {}),
}
for name, (file, schema, options) in JSON.items():
    def read_json(s: Scene, file=file, schema=schema, options=options):
        reader = s.spark.read.options(**options)
        return rows((reader.schema(schema) if schema else reader).json(at(s, file)))

    add(f"json {name}", read_json)
LIBSVM = {"sample": ("sample.libsvm", {}), "features": ("sample.libsvm", {"numFeatures": "12"}), "dense": ("sample.libsvm", {"vectorType": "dense"}),
          "too few": ("sample.libsvm", {"numFeatures": "3"}), "bad": ("bad.libsvm", {})}
for name, (file, options) in LIBSVM.items():
    add(f"libsvm {name}", lambda s, file=file, options=options: [
        [r[0], str(r[1])] for r in s.spark.read.format("libsvm").options(**options).load(at(s, file)).collect()])
