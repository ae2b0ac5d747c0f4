"""The real, unmodified PySpark client against the Connect front over a fake master.

What is tested is the protocol: messages in, calls on master::Session out, and back. The program
under test is `connect_fake` (src/connect/connect_fake_main.cc).
"""

import hashlib
import json
import os
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pandas as pd
import pytest

os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"

import grpc  # noqa: E402
import pyspark.sql.connect.proto as pb2  # noqa: E402
import pyspark.sql.connect.proto.base_pb2_grpc as stubs  # noqa: E402
from pyspark.errors import (  # noqa: E402
    AnalysisException,
    ArithmeticException,
    IllegalArgumentException,
    ParseException,
    UnsupportedOperationException,
)
from pyspark.errors.exceptions.connect import SparkConnectException, SparkException  # noqa: E402
from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel  # noqa: E402
from pyspark.ml.evaluation import BinaryClassificationEvaluator  # noqa: E402
from pyspark.ml.feature import VectorAssembler  # noqa: E402
from pyspark.ml.linalg import DenseMatrix, Matrices, SparseVector, Vectors, VectorUDT  # noqa: E402
from pyspark.sql import Row, SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402
from pyspark.sql.types import (  # noqa: E402
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
)

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "t0ken-for-the-test"


def find_program():
    named = os.environ.get("SOTERIA_CONNECT_FAKE")
    candidates = [Path(named)] if named else list(ROOT.glob("build/*/src/connect/connect_fake"))
    candidates = [c for c in candidates if c.exists()]
    if not candidates:
        pytest.skip("connect_fake is not built (ninja connect_fake)")
    return max(candidates, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def port():
    process = subprocess.Popen(
        [find_program(), TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    word, number = process.stdout.readline().split()
    assert word == "port"
    yield int(number)
    process.stdin.close()
    assert process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def spark(port):
    session = SparkSession.builder.remote(f"sc://localhost:{port}/;token={TOKEN}").create()
    yield session
    session.stop()


@pytest.fixture
def people(spark):
    return spark.createDataFrame(
        [(1, "ann", 1.5, True), (2, "bob", -2.0, False), (3, None, 0.5, None)],
        "id long, name string, score double, member boolean",
    )


# ---- sessions, tokens, ids -----------------------------------------------------------------------


def raw(port, token=TOKEN):
    channel = grpc.insecure_channel(f"localhost:{port}")
    metadata = [("authorization", f"Bearer {token}")] if token is not None else []
    return stubs.SparkConnectServiceStub(channel), metadata


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1]])
def test_every_rpc_needs_the_token(port, token):
    stub, metadata = raw(port, token)
    session = str(uuid.uuid4())
    calls = [
        lambda: stub.Config(pb2.ConfigRequest(session_id=session), metadata=metadata),
        lambda: stub.AnalyzePlan(pb2.AnalyzePlanRequest(session_id=session), metadata=metadata),
        lambda: list(
            stub.ExecutePlan(pb2.ExecutePlanRequest(session_id=session), metadata=metadata)
        ),
        lambda: list(
            stub.ReattachExecute(pb2.ReattachExecuteRequest(session_id=session), metadata=metadata)
        ),
        lambda: stub.ReleaseExecute(
            pb2.ReleaseExecuteRequest(session_id=session), metadata=metadata
        ),
        lambda: stub.Interrupt(pb2.InterruptRequest(session_id=session), metadata=metadata),
        lambda: stub.ReleaseSession(
            pb2.ReleaseSessionRequest(session_id=session), metadata=metadata
        ),
        lambda: stub.ArtifactStatus(
            pb2.ArtifactStatusesRequest(session_id=session), metadata=metadata
        ),
        lambda: stub.AddArtifacts(
            iter([pb2.AddArtifactsRequest(session_id=session)]), metadata=metadata
        ),
        lambda: stub.FetchErrorDetails(
            pb2.FetchErrorDetailsRequest(session_id=session), metadata=metadata
        ),
        lambda: stub.CloneSession(pb2.CloneSessionRequest(session_id=session), metadata=metadata),
        lambda: stub.GetStatus(pb2.GetStatusRequest(session_id=session), metadata=metadata),
    ]
    for call in calls:
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_session_id_must_be_a_uuid(port):
    stub, metadata = raw(port)
    with pytest.raises(grpc.RpcError) as error:
        stub.Config(pb2.ConfigRequest(session_id="../x"), metadata=metadata)
    assert "INVALID_HANDLE.FORMAT" in error.value.details()


def test_another_masters_session_is_refused(port):
    stub, metadata = raw(port)
    request = pb2.ConfigRequest(
        session_id=str(uuid.uuid4()),
        client_observed_server_side_session_id="11111111-1111-4111-8111-111111111111",
    )
    with pytest.raises(grpc.RpcError) as error:
        stub.Config(request, metadata=metadata)
    assert "INVALID_HANDLE.SESSION_CHANGED" in error.value.details()


def test_a_session_stops_and_another_starts(port):
    for _ in range(2):
        session = SparkSession.builder.remote(f"sc://localhost:{port}/;token={TOKEN}").create()
        assert session.createDataFrame([(1,)], ["a"]).count() == 1
        session.stop()


# ---- configuration ---------------------------------------------------------------------------------


def test_config(spark):
    assert spark.conf.get("spark.sql.shuffle.partitions") == "200"
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "7"
    spark.conf.unset("spark.sql.shuffle.partitions")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "200"
    assert spark.conf.get("my.own.key", "default") == "default"
    assert spark.conf.isModifiable("spark.sql.shuffle.partitions") is True
    assert spark.conf.isModifiable("spark.executor.memory") is False
    with pytest.raises(AnalysisException, match="CANNOT_MODIFY_CONFIG"):
        spark.conf.set("spark.executor.memory", "1g")
    with pytest.raises(SparkConnectException, match="SQL_CONF_NOT_FOUND"):
        spark.conf.get("my.own.key")
    # All that are set: a default isn't.
    assert spark.conf.get("spark.sql.timestampType") == "TIMESTAMP_LTZ"
    assert "spark.sql.timestampType" not in spark.conf.getAll
    spark.conf.set("my.own.key", "1")
    assert spark.conf.getAll["my.own.key"] == "1"
    spark.conf.unset("my.own.key")
    assert "my.own.key" not in spark.conf.getAll


def test_the_server_depends_on_some_keys(spark):
    spark.conf.set("spark.connect.session.planCompression.threshold", "1")
    assert spark.conf.get("spark.connect.session.planCompression.threshold") == "-1"


# ---- local data beside the plan ---------------------------------------------------------------------


def test_large_local_data_come_as_artifacts(spark):
    rows = [(i, f"text {i}" * 4) for i in range(100_000)]
    frame = spark.createDataFrame(rows, "i long, t string")
    assert "ChunkedCached" in type(frame._plan).__name__
    assert frame.count() == len(rows)
    assert frame.filter("i >= 99998").collect() == [Row(i=i, t=t) for i, t in rows[-2:]]
    again = spark.createDataFrame(rows, "i long, t string")  # nothing is sent twice
    assert again.agg(F.sum("i")).collect()[0][0] == sum(range(len(rows)))


def test_every_size_of_chunk(spark):
    rows = [(i, "x" * (i % 50)) for i in range(3_000)]
    keys = ("CacheThreshold", "ChunkSizeRows", "ChunkSizeBytes", "BatchOfChunksSizeBytes")
    try:
        for sizes in ((1, 7, 1_000, 2_000), (1, 1_024, 100_000, 50), (1, 5_000, 1, 1)):
            for key, size in zip(keys, sizes, strict=True):
                spark.conf.set(f"spark.sql.session.localRelation{key}", str(size))
            assert spark.createDataFrame(rows, "i int, t string").collect() == [Row(i=i, t=t) for i, t in rows]
        spark.conf.set("spark.sql.session.localRelationSizeLimit", "1000")
        with pytest.raises(AnalysisException, match="LOCAL_RELATION_SIZE_LIMIT_EXCEEDED"):
            spark.createDataFrame(rows, "i int, t string")
    finally:
        for key in (*keys, "SizeLimit"):
            spark.conf.unset(f"spark.sql.session.localRelation{key}")


class Artifacts:
    """Calls of one session as a client makes them that doesn't keep to the rules."""

    def __init__(self, port):
        self.stub, self.metadata = raw(port, TOKEN)
        self.session = str(uuid.uuid4())

    def request(self, **payload):
        return pb2.AddArtifactsRequest(session_id=self.session, **payload)

    def whole(self, name, data):
        chunk = pb2.AddArtifactsRequest.ArtifactChunk(data=data)
        artifact = pb2.AddArtifactsRequest.SingleChunkArtifact(name=name, data=chunk)
        return self.request(batch=pb2.AddArtifactsRequest.Batch(artifacts=[artifact]))

    def begin(self, name, total, chunks, data):
        chunk = pb2.AddArtifactsRequest.ArtifactChunk(data=data)
        return self.request(
            begin_chunk=pb2.AddArtifactsRequest.BeginChunkedArtifact(name=name, total_bytes=total, num_chunks=chunks, initial_chunk=chunk)
        )

    def chunk(self, data):
        return self.request(chunk=pb2.AddArtifactsRequest.ArtifactChunk(data=data))

    def add(self, *requests):
        return self.stub.AddArtifacts(iter(requests), metadata=self.metadata)

    def exists(self, name):
        request = pb2.ArtifactStatusesRequest(session_id=self.session, names=[name])
        return self.stub.ArtifactStatus(request, metadata=self.metadata).statuses[name].exists

    def refused(self, text, *requests):
        with pytest.raises(grpc.RpcError) as error:
            self.add(*requests)
        assert text in error.value.details()

    def release(self):
        self.stub.ReleaseSession(pb2.ReleaseSessionRequest(session_id=self.session), metadata=self.metadata)


def cached(data):
    return "cache/" + hashlib.sha256(data).hexdigest()


def test_artifacts_are_what_their_names_say(port):
    client = Artifacts(port)
    data = bytes(range(256)) * 300
    name = cached(data)
    assert not client.exists(name)
    client.refused("not what the hash", client.whole(name, data[:-1]))
    client.refused("not what the hash", client.begin(name, 4, 2, b"ab"), client.chunk(b"cd"))
    client.refused("too few", client.begin(name, len(data), 2, data[:100]))
    client.refused("too few", client.begin(name, len(data), 1, data[:100]))
    client.refused("too many", client.begin(name, 10, 2, data[:8]), client.chunk(data[8:]))
    client.refused("without a beginning", client.chunk(data))
    client.refused("before the next one", client.begin(name, len(data), 2, data[:100]), client.whole(name, data))
    client.refused("not a hash", client.whole("cache/../" + name, data))
    for other in ("pyfiles/module.py", "jars/some.jar", "archives/a.zip", "files/table.csv", "forward_to_fs/etc/passwd"):
        client.refused("can't be added to an enclave", client.whole(other, data))
        assert not client.exists(other)
    assert not client.exists(name)
    done = client.add(client.begin(name, len(data), 2, data[:100]), client.chunk(data[100:]), client.whole(cached(b"x"), b"x"))
    assert [summary.is_crc_successful for summary in done.artifacts] == [True, True]
    assert client.exists(name) and client.exists(cached(b"x"))
    assert not Artifacts(port).exists(name)  # another session's
    client.release()


def test_a_session_holds_only_so_many_bytes_of_artifacts(port):
    client = Artifacts(port)
    client.refused("larger than 536870912 bytes", client.begin(cached(b""), 1 << 62, 2, b""))
    # What is only announced counts while it may still come, and not when its call has failed.
    for _ in range(3):
        client.refused("too few", client.begin(cached(b""), 500 << 20, 2, b"x"))
    client.refused("several sessions", client.whole(cached(b"x"), b"x"), Artifacts(port).whole(cached(b"x"), b"x"))
    client.release()


def test_local_data_of_missing_chunks(port):
    client = Artifacts(port)
    relation = pb2.Relation()
    relation.chunked_cached_local_relation.dataHashes.append("0" * 64)

    def failure():
        request = pb2.AnalyzePlanRequest(session_id=client.session)
        request.schema.plan.root.CopyFrom(relation)
        with pytest.raises(grpc.RpcError) as error:
            client.stub.AnalyzePlan(request, metadata=client.metadata)
        return error.value.details()

    assert "NOT_FOUND_CHUNKED_CACHED_LOCAL_RELATION" in failure() and client.session in failure()
    relation.cached_local_relation.hash = "1" * 64
    assert "NOT_FOUND_CACHED_LOCAL_RELATION" in failure()
    client.add(client.whole(cached(b"no rows"), b"no rows"))
    relation.cached_local_relation.hash = cached(b"no rows").removeprefix("cache/")
    assert "isn't one" in failure() or "schema" in failure()
    relation.chunked_cached_local_relation.dataHashes.append(cached(b"no rows").removeprefix("cache/"))
    assert "Arrow stream" in failure() or "SOTERIA.INPUT" in failure()
    relation.chunked_cached_local_relation.ClearField("dataHashes")
    relation.chunked_cached_local_relation.SetInParent()
    assert "CHUNKED_CACHED_LOCAL_RELATION_WITHOUT_DATA" in failure()
    client.release()


def test_checkpoints_are_named_and_forgotten(spark, people, port):
    kept = people.localCheckpoint()
    assert kept.filter("id = 2").collect() == people.filter("id = 2").collect()
    assert kept.join(people, kept.id == people.id).count() == people.count()
    assert people.checkpoint(eager=False).count() == people.count()
    relation = pb2.Relation()
    relation.cached_remote_relation.relation_id = "checkpoint-1"
    client = Artifacts(port)
    request = pb2.AnalyzePlanRequest(session_id=client.session)
    request.schema.plan.root.CopyFrom(relation)
    with pytest.raises(grpc.RpcError) as error:  # another session's
        client.stub.AnalyzePlan(request, metadata=client.metadata)
    assert "DATAFRAME_NOT_FOUND" in error.value.details()
    client.release()


# ---- local data, schemas, results ------------------------------------------------------------------


def test_version(spark):
    assert spark.version == "4.3.0"


def test_rows_come_back(people):
    assert people.collect() == [
        Row(id=1, name="ann", score=1.5, member=True),
        Row(id=2, name="bob", score=-2.0, member=False),
        Row(id=3, name=None, score=0.5, member=None),
    ]
    assert people.columns == ["id", "name", "score", "member"]
    assert people.dtypes == [
        ("id", "bigint"),
        ("name", "string"),
        ("score", "double"),
        ("member", "boolean"),
    ]


def test_schema_forms(spark):
    schema = StructType(
        [
            StructField("a", LongType(), False),
            StructField("b", StringType(), True, {"comment": "text"}),
            StructField("v", VectorUDT()),
        ]
    )
    frame = spark.createDataFrame([(1, "x", Vectors.dense([1.0, 2.0]))], schema)
    assert frame.schema == schema
    assert frame.first().v == Vectors.dense([1.0, 2.0])


def test_vectors_and_nested_types(spark):
    frame = spark.createDataFrame(
        [
            (Vectors.dense([1.0, 0.0]), [1, 2], Row(x=1, y="p")),
            (Vectors.sparse(4, [1, 3], [2.0, -1.0]), [], Row(x=2, y=None)),
        ],
        ["v", "list", "pair"],
    )
    rows = frame.collect()
    assert rows[0].v == Vectors.dense([1.0, 0.0])
    assert rows[1].v == Vectors.sparse(4, [1, 3], [2.0, -1.0])
    assert isinstance(rows[1].v, SparseVector)
    assert rows[0].list == [1, 2] and rows[1].list == []
    assert rows[1].pair == Row(x=2, y=None)


def test_pandas_both_ways(spark):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, None], "c": ["x", "y", None]})
    back = spark.createDataFrame(frame).toPandas()
    pd.testing.assert_frame_equal(back, frame)


def test_many_rows_come_in_batches(spark):
    frame = pd.DataFrame({"a": range(25_000)})
    result = spark.createDataFrame(frame)
    table = result.toArrow()
    assert table.num_rows == 25_000
    assert max(len(chunk) for chunk in table.column("a").chunks) <= 10_000
    assert table.column("a").to_pylist() == list(range(25_000))


def test_wide_batches_stay_small(spark):
    frame = pd.DataFrame({"s": ["x" * 100_000 for _ in range(300)]})
    table = spark.createDataFrame(frame).toArrow()
    assert table.num_rows == 300
    assert max(len(chunk) for chunk in table.column("s").chunks) <= 170


def test_empty_frames(spark):
    empty = spark.createDataFrame([], "a int, b string")
    assert empty.count() == 0
    assert empty.collect() == []
    assert list(empty.toPandas().columns) == ["a", "b"]
    assert empty.isEmpty()


def test_actions(people):
    assert people.count() == 3
    assert not people.isEmpty()
    assert people.first().id == 1
    assert [r.id for r in people.head(2)] == [1, 2]
    assert [r.id for r in people.take(2)] == [1, 2]
    assert [r.id for r in people.toLocalIterator()] == [1, 2, 3]
    assert people.limit(1).count() == 1


def test_show(people, capsys):
    people.select("id", "name").show()
    assert capsys.readouterr().out == (
        "+---+----+\n| id|name|\n+---+----+\n|  1| ann|\n|  2| bob|\n|  3|NULL|\n+---+----+\n\n"
    )


def test_print_schema(spark, capsys):
    frame = spark.createDataFrame(
        [(1, [1.0], Row(x=1), Vectors.dense([1.0]))], ["a", "list", "pair", "v"]
    )
    assert frame._session.client._analyze(
        method="tree_string", plan=frame._plan.to_proto(frame._session.client)
    ).tree_string == (
        "root\n"
        " |-- a: long (nullable = true)\n"
        " |-- list: array (nullable = true)\n"
        " |    |-- element: double (containsNull = true)\n"
        " |-- pair: struct (nullable = true)\n"
        " |    |-- x: long (nullable = true)\n"
        " |-- v: vector (nullable = true)\n"
    )
    frame.printSchema()  # composed by the client, from the schema
    assert " |-- a: long (nullable = true)" in capsys.readouterr().out


def test_explain_and_friends(people, capsys):
    people.explain()
    assert "== Physical Plan ==" in capsys.readouterr().out
    assert people.isLocal()
    assert not people.isStreaming
    assert people.sameSemantics(people)
    assert not people.sameSemantics(people.select("id"))
    assert people.semanticHash() == people.semanticHash()
    with pytest.raises(UnsupportedOperationException):
        people.inputFiles()


def test_persist(people):
    frame = people.select("id")
    assert not frame.storageLevel.useMemory
    frame.cache()
    assert frame.storageLevel.useMemory
    frame.unpersist()
    assert not frame.storageLevel.useMemory
    assert frame.count() == 3


# ---- relations ---------------------------------------------------------------------------------------


def test_projections(people):
    assert people.select("*").columns == ["id", "name", "score", "member"]
    assert people.select(people.id, F.col("score").alias("s")).columns == ["id", "s"]
    assert people.select((F.col("id") + 1).alias("n")).first().n == 2
    assert people.select(F.col("id") + 1).columns == ["(id + 1)"]
    assert people.select("ID").columns == ["ID"]
    assert people.alias("p").select("p.id", "p.*").columns[0] == "id"
    assert people.drop("name", "no_such").columns == ["id", "score", "member"]
    assert people.drop(F.col("name")).columns == ["id", "score", "member"]
    assert people.withColumn("x", F.lit(1)).columns[-1] == "x"
    assert people.withColumn("id", F.col("id") * 10).first().id == 10
    assert people.withColumns({"p": F.lit("q"), "r": F.lit(2.0)}).first().p == "q"
    assert people.withColumnRenamed("id", "key").columns[0] == "key"
    assert people.withColumnsRenamed({"id": "key", "name": "who"}).columns[:2] == ["key", "who"]
    assert people.toDF("a", "b", "c", "d").columns == ["a", "b", "c", "d"]
    assert people.hint("broadcast").count() == 3


def test_filters(people):
    assert people.filter(F.col("score") > 0).count() == 2
    assert people.filter("score > 0 AND name IS NOT NULL").count() == 1
    assert people.where("id in (1, 3)").count() == 2
    assert people.where("id between 2 and 3").count() == 2
    assert people.where(~people.member).count() == 1
    assert people.where(people.name.isNull()).count() == 1
    assert people.where(people.id.isin(1, 2)).count() == 2
    assert people.where(people.id != 1).count() == 2


def test_expression_strings(people):
    row = people.selectExpr(
        "*", "id + 1 AS next", "CASE WHEN score > 0 THEN 'up' ELSE 'down' END way",
        "CAST(id AS string) text", "-id", "(id + 1) * 2",
    ).first()
    assert row.next == 2 and row.way == "up" and row.text == "1"
    assert row.asDict()["((id + 1) * 2)"] == 4
    assert people.select(F.expr("id * 2")).columns == ["(id * 2)"]
    with pytest.raises(ParseException, match="Syntax error"):
        people.filter("id >").collect()
    with pytest.raises(UnsupportedOperationException):
        people.filter("id in (select 1)").collect()


def test_casts_and_when(people):
    assert people.select(F.col("id").cast("string").alias("t")).first().t == "1"
    assert people.select(F.col("id").cast(DoubleType()).alias("t")).first().t == 1.0
    column = F.when(F.col("id") == 1, "one").when(F.col("id") == 2, "two").otherwise("many")
    assert [r.w for r in people.select(column.alias("w")).collect()] == ["one", "two", "many"]


def test_aggregates(people):
    assert people.agg(F.count("*"), F.sum("id"), F.avg("score"), F.min("id"), F.max("id")).first() == (
        3, 6, 0.0, 1, 3,
    )
    assert people.agg(F.count("*")).columns == ["count(1)"]
    assert people.groupBy().count().first()["count"] == 3
    assert people.select(F.max("id").alias("m")).first().m == 3
    assert people.select((F.max("id") - F.min("id")).alias("d")).first().d == 2
    assert people.agg({"score": "max"}).first()[0] == 1.5
    assert people.groupBy("name").count().columns == ["name", "count"]
    assert people.describe("score").first()["score"] == "3"
    assert people.groupBy("name").pivot("id", [1, 2]).count().columns == ["name", "1", "2"]


def test_samples_are_disjoint_and_complete(spark):
    frame = spark.createDataFrame(pd.DataFrame({"a": range(200)}))
    left, right = frame.randomSplit([0.7, 0.3], seed=5)
    a, b = {r.a for r in left.collect()}, {r.a for r in right.collect()}
    assert not a & b and a | b == set(range(200)) and 100 < len(a) < 180
    assert 0 < frame.sample(0.1, seed=3).count() < 60


def test_partitioning(people):
    assert people.repartition(4).count() == 3
    assert people.coalesce(1).count() == 3
    assert people.repartition(2, "id").count() == 3


def test_missing_values(people):
    assert people.na.drop().count() == 2
    assert people.na.drop(subset=["score"]).count() == 3
    assert people.na.drop(how="all").count() == 3
    assert people.na.drop(thresh=4).count() == 2
    assert people.na.fill("nobody").collect()[2].name == "nobody"
    assert people.na.fill({"name": "n", "member": False}).collect()[2].member is False
    assert people.na.fill(0.0, subset=["score"]).count() == 3


def test_views(spark, people):
    people.createOrReplaceTempView("folk")
    assert spark.table("FOLK").count() == 3
    assert spark.table("folk").select("folk.id").columns == ["id"]
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.table("no_such_view").collect()
    with pytest.raises(AnalysisException):
        people.createTempView("folk")


def test_unsupported_nodes_are_named(people):
    with pytest.raises(UnsupportedOperationException, match="withWatermark"):
        people.withWatermark("id", "1 day").collect()


def test_sql(spark, people):
    people.createOrReplaceTempView("people_of_sql")
    frame = spark.sql("SELECT id + :more AS n FROM people_of_sql WHERE id = 1", args={"more": 1})
    assert frame.columns == ["n"]
    assert frame.collect() == [Row(n=2)]
    assert spark.sql("SELECT count(*) AS n FROM {p}", p=people).collect() == [Row(n=people.count())]
    assert spark.sql("DROP VIEW people_of_sql").collect() == []
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.sql("TABLE people_of_sql")
    with pytest.raises(ParseException, match=r"(?s)PARSE_SYNTAX_ERROR.*SQLSTATE: 42601 \(line 1, pos 7\).*-------\^\^\^"):
        spark.sql("SELECT )")
    with pytest.raises(UnsupportedOperationException, match="The statement ALTER TABLE is not supported"):
        spark.sql("ALTER TABLE t ADD COLUMNS (a INT)")


def test_python_functions_are_refused(spark, people):
    twice = F.udf(lambda x: x, "long")
    with pytest.raises(UnsupportedOperationException, match="Python functions can't run"):
        people.select(twice("id")).collect()
    with pytest.raises(UnsupportedOperationException, match="Python functions can't run"):
        people.mapInPandas(lambda it: it, "id long").collect()
    with pytest.raises(UnsupportedOperationException, match="Python functions can't run"):
        spark.udf.register("twice", lambda x: x)
    with pytest.raises(SparkConnectException, match="enclave"):
        spark.addArtifacts(__file__, pyfile=True)


# ---- errors ------------------------------------------------------------------------------------------


def test_error_classes(spark, people):
    with pytest.raises(AnalysisException) as error:
        people.select("no_such").collect()
    assert error.value.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert error.value.getSqlState() == "42703"
    with pytest.raises(AnalysisException, match="Path does not exist"):
        spark.read.parquet("file:///nowhere").collect()
    with pytest.raises(ArithmeticException, match="DIVIDE_BY_ZERO"):
        people.select(F.col("id") / F.lit(0)).collect()
    with pytest.raises(UnsupportedOperationException, match="avro"):
        spark.read.format("avro").load("/x").collect()
    with pytest.raises(AnalysisException):
        people.filter("name").collect()


# ---- files -------------------------------------------------------------------------------------------


def test_write_and_read(spark, people):
    people.write.parquet("file:///data/people")
    back = spark.read.parquet("file:///data/people")
    assert back.collect() == people.collect()
    assert spark.read.load("/data/people").count() == 3
    assert spark.read.format("parquet").option("path", "/data/people").load().count() == 3
    with pytest.raises(AnalysisException, match="already exists"):
        people.write.parquet("file:///data/people")
    people.write.mode("append").parquet("file:///data/people")
    assert spark.read.parquet("/data/people").count() == 6
    people.write.mode("ignore").parquet("/data/people")
    people.write.mode("overwrite").save("/data/people")
    assert spark.read.parquet("/data/people").count() == 3
    people.select("name").write.text("/data/names")
    for refused in (
        lambda: people.write.bucketBy(2, "id").parquet("/data/x"),
        lambda: people.write.saveAsTable("x", path="/x"),
    ):
        with pytest.raises(UnsupportedOperationException):
            refused()


# ---- ML ----------------------------------------------------------------------------------------------


@pytest.fixture
def points(spark):
    return spark.createDataFrame(
        [(0.0, Vectors.dense([0.0, 1.0])), (1.0, Vectors.dense([2.0, 1.0]))], ["label", "features"]
    )


def test_fit_and_attributes(points):
    model = LogisticRegression(maxIter=2, regParam=0.1).fit(points)
    assert model.uid.startswith("LogisticRegression_")
    assert model.coefficients == Vectors.dense([1.5, -2.0])
    assert model.intercept == 0.25
    assert model.numFeatures == 2
    assert model.interceptVector == Vectors.sparse(3, [1], [0.5])
    assert model.coefficientMatrix == DenseMatrix(2, 2, [1, 2, 3, 4], True)
    assert model.predict(Vectors.dense([4.5, 1.0])) == 4.5
    assert model.hasSummary
    assert model.summary.accuracy == 0.75
    assert model.summary.objectiveHistory == [0.5, 0.25]
    assert model.summary.totalIterations == 7
    assert model.summary.fMeasureByLabel(2.0) == [2.0, 1.0]


def test_fit_warns(points, caplog):
    LogisticRegression(maxIter=1).fit(points)
    assert "fitted without regParam" in caplog.text


def test_params_of_every_kind_arrive(points, spark):
    matrix = Matrices.dense(1, 2, [0.0, 0.5])
    lr = LogisticRegression(
        maxIter=1, regParam=0.5, fitIntercept=False, family="binomial", threshold=0.25,
        lowerBoundsOnCoefficients=matrix, lowerBoundsOnIntercepts=Vectors.dense([0.0]),
    )
    lr.setThresholds([0.75, 0.25])
    path = f"/models/{uuid.uuid4()}"
    lr.save(path)
    back = LogisticRegression.load(path)
    assert back.uid == lr.uid
    assert back.extractParamMap() == lr.extractParamMap()
    with pytest.raises(AnalysisException, match="already exists"):
        lr.save(path)
    lr.write().overwrite().save(path)


def test_models_are_saved_and_loaded(points):
    model = LogisticRegression(maxIter=1, regParam=0.1).fit(points)
    path = f"/models/{uuid.uuid4()}"
    model.save(path)
    loaded = LogisticRegressionModel.load(path)
    assert loaded.uid == model.uid and loaded.intercept == 0.25
    assert loaded.getRegParam() == 0.1
    with pytest.raises(AnalysisException, match="Path does not exist"):
        LogisticRegressionModel.load("/models/nowhere")


def test_transform(points, spark):
    model = LogisticRegression(maxIter=1, regParam=0.1).fit(points)
    out = model.transform(points)
    assert out.columns == ["label", "features", "prediction"]
    assert out.first().prediction == Vectors.dense([0.0, 1.0])
    assembler = VectorAssembler(inputCols=["label", "features"], outputCol="all")
    assert assembler.transform(points).select("all").first()["all"] == Vectors.dense([0, 0, 1])
    with pytest.raises(IllegalArgumentException):
        VectorAssembler(inputCols=["nope"], outputCol="all").transform(points).collect()


def test_summaries_of_evaluations(points):
    model = LogisticRegression(maxIter=2, regParam=0.1).fit(points)
    evaluation = model.evaluate(points)
    assert type(evaluation).__name__ == "BinaryLogisticRegressionSummary"
    assert evaluation.accuracy == 0.75
    assert evaluation.predictions.collect() == points.collect()
    assert evaluation.predictions.limit(1).columns == ["label", "features"]
    again = model.evaluate(points.limit(1))
    assert (again.predictions.count(), evaluation.predictions.count()) == (1, 2)
    with pytest.raises(SparkException, match=r"\.summary has no table predictions"):
        model.summary.predictions.collect()  # by the name of the training's summary


def test_evaluate(points):
    evaluator = BinaryClassificationEvaluator(rawPredictionCol="features")
    assert evaluator.evaluate(points) == pytest.approx(2.1)


def test_the_model_cache(points, spark):
    client = spark.client
    client._cleanup_ml_cache()
    model = LogisticRegression(maxIter=1, regParam=0.1).fit(points)
    info = [json.loads(line) for line in client._get_ml_cache_info()]
    assert [entry["class"] for entry in info] == [
        "org.apache.spark.ml.classification.LogisticRegressionModel"
    ]
    command = pb2.Command()
    command.ml_command.get_model_size.model_ref.id = model._java_obj.ref_id
    _, properties, _ = client.execute_command(command)
    assert properties["ml_command_result"].param.long == 100
    del model
    for _ in range(50):
        if not client._get_ml_cache_info():
            break
        time.sleep(0.05)
    assert client._get_ml_cache_info() == []


def test_lost_models_are_named(points, spark):
    model = LogisticRegression(maxIter=1, regParam=0.1).fit(points)
    spark.client._cleanup_ml_cache()
    with pytest.raises(SparkException) as error:
        model.coefficients
    assert error.value.getCondition() == "CONNECT_ML.CACHE_INVALID"


def test_pipelines_are_written_by_the_client(points, spark):
    from pyspark.ml import Pipeline, PipelineModel

    assembler = VectorAssembler(inputCols=["label", "features"], outputCol="all")
    lr = LogisticRegression(maxIter=1, regParam=0.1, featuresCol="all")
    pipeline = Pipeline(stages=[assembler, lr])
    model = pipeline.fit(points)
    assert model.transform(points).columns[-1] == "prediction"
    path = f"/models/{uuid.uuid4()}"
    pipeline.write().overwrite().save(path)
    assert [type(s) for s in Pipeline.load(path).getStages()] == [VectorAssembler, LogisticRegression]
    model.write().overwrite().save(path)
    assert [type(s) for s in PipelineModel.load(path).stages] == [
        VectorAssembler, LogisticRegressionModel,
    ]


# ---- progress, interrupts, reattaching ---------------------------------------------------------------


def test_progress_moves(points, spark):
    seen = []

    def handler(stages, inflight_tasks, operation_id, done):
        seen.append((sum(s.num_completed_tasks for s in stages), done))

    spark.registerProgressHandler(handler)
    try:
        LogisticRegression(maxIter=40, regParam=0.1).fit(points)
    finally:
        spark.removeProgressHandler(handler)
    counts = [count for count, done in seen if not done]
    assert len(set(counts)) >= 3
    assert counts == sorted(counts)
    assert seen[-1][1] is True


@pytest.mark.parametrize("how", ["all", "tag"])
def test_interrupt(points, spark, how):
    errors = []

    def fit():
        try:
            if how == "tag":
                spark.addTag("mine")
            LogisticRegression(maxIter=2000, regParam=0.1).fit(points)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    thread = threading.Thread(target=fit)
    thread.start()
    time.sleep(0.7)
    begun = time.monotonic()
    assert spark.interruptTag("other") == []
    ids = spark.interruptAll() if how == "all" else spark.interruptTag("mine")
    thread.join(timeout=10)
    assert len(ids) == 1 and time.monotonic() - begun < 5
    assert "OPERATION_CANCELED" in str(errors[0])
    assert points.count() == 2  # the session goes on


def execute_request(session, operation, relation, reattachable=True):
    request = pb2.ExecutePlanRequest(session_id=session, operation_id=operation)
    request.plan.root.CopyFrom(relation)
    option = request.request_options.add()
    option.reattach_options.reattachable = reattachable
    return request


def local_relation():
    relation = pb2.Relation()
    relation.local_relation.schema = "a int"
    return relation


def test_reattach_goes_on_after_the_last_response(port):
    stub, metadata = raw(port)
    session, operation = str(uuid.uuid4()), str(uuid.uuid4())
    request = execute_request(session, operation, local_relation())
    first = list(stub.ExecutePlan(request, metadata=metadata))
    assert first[-1].HasField("result_complete")
    assert len({r.response_id for r in first}) == len(first)
    assert {r.session_id for r in first} == {session}
    assert {r.operation_id for r in first} == {operation}
    again = pb2.ReattachExecuteRequest(session_id=session, operation_id=operation)
    assert [r.response_id for r in stub.ReattachExecute(again, metadata=metadata)] == [
        r.response_id for r in first
    ]
    again.last_response_id = first[0].response_id
    assert [r.response_id for r in stub.ReattachExecute(again, metadata=metadata)] == [
        r.response_id for r in first[1:]
    ]
    release = pb2.ReleaseExecuteRequest(session_id=session, operation_id=operation)
    release.release_until.response_id = first[1].response_id
    assert stub.ReleaseExecute(release, metadata=metadata).operation_id == operation
    with pytest.raises(grpc.RpcError) as error:
        list(stub.ReattachExecute(again, metadata=metadata))
    assert "INVALID_CURSOR" in error.value.details()
    again.last_response_id = first[1].response_id
    assert len(list(stub.ReattachExecute(again, metadata=metadata))) == len(first) - 2
    release.release_all.SetInParent()
    stub.ReleaseExecute(release, metadata=metadata)
    with pytest.raises(grpc.RpcError) as error:
        list(stub.ReattachExecute(again, metadata=metadata))
    assert "INVALID_HANDLE.OPERATION_NOT_FOUND" in error.value.details()
    stub.ReleaseExecute(release, metadata=metadata)  # again: tolerated


def test_an_operation_id_is_used_once(port):
    stub, metadata = raw(port)
    session, operation = str(uuid.uuid4()), str(uuid.uuid4())
    request = execute_request(session, operation, local_relation())
    list(stub.ExecutePlan(request, metadata=metadata))
    with pytest.raises(grpc.RpcError) as error:
        list(stub.ExecutePlan(request, metadata=metadata))
    assert "OPERATION_ALREADY_EXISTS" in error.value.details()


def test_a_lost_stream_can_be_taken_up(port):
    stub, metadata = raw(port)
    session, operation = str(uuid.uuid4()), str(uuid.uuid4())
    request = execute_request(session, operation, local_relation())
    stream = stub.ExecutePlan(request, metadata=metadata)
    first = next(stream)
    stream.cancel()
    again = pb2.ReattachExecuteRequest(
        session_id=session, operation_id=operation, last_response_id=first.response_id
    )
    rest = list(stub.ReattachExecute(again, metadata=metadata))
    assert rest[-1].HasField("result_complete")


def test_cleaning_the_cache_answers_with_nothing_but_its_end(port):
    """PySpark, which asks at its exit, leaves a call with responses open."""
    stub, metadata = raw(port)
    request = execute_request(str(uuid.uuid4()), str(uuid.uuid4()), local_relation())
    request.plan.command.ml_command.clean_cache.SetInParent()
    stream = stub.ExecutePlan(request, metadata=metadata)
    with pytest.raises(grpc.RpcError) as error:
        next(stream)
    assert error.value.code() == grpc.StatusCode.INTERNAL  # which isn't tried again
    assert "SOTERIA.ML_CACHE_CLEANED" in error.value.details()


def test_arrow_batches_are_streams_of_their_own(port):
    import pyarrow as pa

    stub, metadata = raw(port)
    session, operation = str(uuid.uuid4()), str(uuid.uuid4())
    table = pa.table({"a": pa.array(range(12_000), pa.int32())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    relation = pb2.Relation()
    relation.local_relation.data = sink.getvalue().to_pybytes()
    responses = list(
        stub.ExecutePlan(execute_request(session, operation, relation), metadata=metadata)
    )
    assert responses[0].HasField("schema")
    batches = [r.arrow_batch for r in responses if r.HasField("arrow_batch")]
    assert [b.row_count for b in batches] == [10_000, 2_000]
    assert [b.start_offset for b in batches] == [0, 10_000]
    assert sum(pa.ipc.open_stream(b.data).read_all().num_rows for b in batches) == 12_000


def test_nonsense_is_an_error_not_a_crash(port):
    stub, metadata = raw(port)
    session = str(uuid.uuid4())
    relations = [pb2.Relation() for _ in range(4)]
    relations[1].local_relation.data = b"not arrow"
    relations[2].filter.input.local_relation.schema = "a int"
    relations[3].to_df.input.CopyFrom(local_relation())
    for relation in relations:
        with pytest.raises(grpc.RpcError) as error:
            list(
                stub.ExecutePlan(
                    execute_request(session, str(uuid.uuid4()), relation), metadata=metadata
                )
            )
        assert error.value.code() == grpc.StatusCode.INTERNAL
    stub.Config(pb2.ConfigRequest(session_id=session, operation=pb2.ConfigRequest.Operation(
        get_all=pb2.ConfigRequest.GetAll())), metadata=metadata)


def test_deep_plans(people):
    frame = people
    for i in range(150):
        frame = frame.withColumn("x", F.lit(i))
    assert frame.first().x == 149


def test_plans_that_are_too_deep_are_refused(port):
    stub, metadata = raw(port)
    session = str(uuid.uuid4())
    for depth in (505, 5_000):
        relation = local_relation()
        for _ in range(depth):
            outer = pb2.Relation()
            outer.limit.input.CopyFrom(relation)
            relation = outer
        with pytest.raises(grpc.RpcError) as error:
            list(
                stub.ExecutePlan(
                    execute_request(session, str(uuid.uuid4()), relation), metadata=metadata
                )
            )
        assert "too deeply" in error.value.details()
