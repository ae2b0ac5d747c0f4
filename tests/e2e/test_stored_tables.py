"""Tables that scripts keep by name: there for the next job, plain folders for the owner, and nobody's to forge."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from deployment import Deployment

KEEP = """
    import sys
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    people = spark.read.parquet(sys.argv[1])
    people.write.saveAsTable("people")
    spark.sql("CREATE TABLE grown (id BIGINT, name STRING) USING json")
    spark.sql("INSERT INTO grown SELECT id, upper(name) FROM people WHERE id < 3")
    spark.catalog.cacheTable("people")
    print("kept", spark.table("people").count(), spark.catalog.tableExists("grown"), spark.conf.get("spark.sql.warehouse.dir"))
"""
USE = """
    import sys
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    def tried(name, ask):
        try:
            print(name, "->", ask())
        except Exception as error:
            print(name, "refused", str(error)[:200].replace(chr(10), " "))
    def told():
        # Of the names, what the answer to a statement has, which comes before anything is collected.
        answer = spark.sql("SHOW TABLES")._plan.to_proto(spark.client).SerializeToString()
        return [name for name in ("grown", "people") if name.encode() in answer]
    tried("before", told)
    tried("mean", lambda: spark.table("people").filter("id > 1").count())
    tried("names", lambda: sorted(row.name for row in spark.table("grown").collect()))
    tried("after", told)
    tried("listed", lambda: sorted(t.name for t in spark.catalog.listTables()))
    tried("columns", lambda: spark.table("default.grown").columns)
    tried("nobody", lambda: spark.table("nobody").columns)
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("stored_tables"))
    made.keygen()
    plain = made.folder / "people.csv"
    plain.write_text("id,name\n1,Zoe Canary\n2,Ann\n3,Bob\n")
    made.path = made.put(plain, "people")
    made.start()
    made.out = made.storage / "spark-warehouse"
    made.write_manifest(read=[made.path], write=[made.storage / "other", made.out])
    made.said = made.run(KEEP, made.path).stdout
    yield made
    made.stop()


def used(kept, outputs: str, **roots) -> str:
    kept.manifest.unlink(missing_ok=True)
    kept.write_manifest(outputs=outputs, **roots)
    return kept.run(USE).stdout


def test_the_next_job_finds_them(kept):
    assert f"kept 3 True {kept.out}" in kept.said, kept.said
    said = used(kept, "rows", write=[kept.storage / "other", kept.out])
    assert "before -> ['grown', 'people']" in said and "mean -> 2" in said and "names -> ['ANN', 'ZOE CANARY']" in said, said
    assert "nobody refused [TABLE_OR_VIEW_NOT_FOUND]" in said, said


def test_a_job_that_may_only_read_finds_them_too(kept):
    said = used(kept, "rows", read=[kept.out])
    assert "names -> ['ANN', 'ZOE CANARY']" in said and "before -> ['grown', 'people']" in said, said
    assert "listed -> ['grown', 'people']" in said, said


def test_without_outputs_of_rows_names_are_told_to_those_who_know_them(kept):
    said = used(kept, "metrics", write=[kept.out])
    assert "before -> []" in said and "after -> ['grown', 'people']" in said, said
    assert "names refused" in said and "CANARY" not in said, said
    assert "columns -> ['id', 'name']" in said and "listed refused" in said, said


def test_the_owner_gets_plain_folders_and_the_host_sees_nothing(kept):
    plain = kept.folder / "plain"
    kept.cli("get", kept.out, plain)
    rows = pq.read_table(plain / "people").to_pydict()
    assert sorted(rows["name"]) == ["Ann", "Bob", "Zoe Canary"]
    for path in kept.storage.rglob("*"):
        assert "grown" not in path.name
        if path.is_file():
            assert b"Canary" not in path.read_bytes() and b"grown" not in path.read_bytes()


def test_a_definition_that_no_enclave_wrote_defines_nothing(kept):
    """The owner's own copy of the folders is a tree of files: whoever gave them may have written anything into a definition."""
    plain = kept.folder / "copy"
    kept.cli("get", kept.out, plain)
    copy = kept.put(plain, "copy", "--tree")
    kept.manifest.unlink(missing_ok=True)
    kept.write_manifest(outputs="rows", read=[copy])
    kept.manifest.write_text(kept.manifest.read_text().replace(f'path = "{copy}"', f'path = "{copy}"\nas = "spark-warehouse"'))
    said = kept.run(USE).stdout
    assert "before -> []" in said and "names refused [TABLE_OR_VIEW_NOT_FOUND]" in said, said


def test_a_job_without_a_writable_root_is_told_what_to_add(kept):
    kept.manifest.unlink(missing_ok=True)
    kept.write_manifest(read=[kept.path])
    done = kept.run(KEEP, kept.path, check=False)
    assert "tables are kept in a writable root" in done.stdout + done.stderr
