"""The workloads of the paper's evaluation: data sets, by workload and size, and the estimator that every side fits.

The distributions and sizes are HiBench's (7.x, the paper's; 8.0 where its text says so), with train and test rows fixed by a
seed so that all sides see the same; T is tall and can be learnt, for quality. Rows are Parquet with Spark's vectors: 8 files to
train on, 2 to test.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TRAIN_FILES, TEST_FILES = 8, 2
VECTOR = pa.struct([
    pa.field("type", pa.int8(), nullable=False), pa.field("size", pa.int32()),
    pa.field("indices", pa.list_(pa.field("element", pa.int32(), nullable=False))),
    pa.field("values", pa.list_(pa.field("element", pa.float64(), nullable=False)))])
VECTOR_JSON = {
    "type": "udt", "class": "org.apache.spark.ml.linalg.VectorUDT",
    "pyClass": "pyspark.ml.linalg.VectorUDT",
    "sqlType": {"type": "struct", "fields": [
        {"name": "type", "type": "byte", "nullable": False, "metadata": {}},
        {"name": "size", "type": "integer", "nullable": True, "metadata": {}},
        {"name": "indices", "type": {"type": "array", "elementType": "integer", "containsNull": False}, "nullable": True, "metadata": {}},
        {"name": "values", "type": {"type": "array", "elementType": "double", "containsNull": False}, "nullable": True, "metadata": {}}]}}
SPARK_TYPES = {pa.float64(): "double", pa.int32(): "integer", pa.float32(): "float", pa.int64(): "long"}


@dataclasses.dataclass
class Sparse:
    """Rows of a matrix as CSR."""

    indptr: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    columns: int

    def rows(self, first: int, last: int) -> "Sparse":
        begin, end = self.indptr[first], self.indptr[last]
        return Sparse(self.indptr[first:last + 1] - begin, self.indices[begin:end], self.values[begin:end], self.columns)


Rows = dict[str, "np.ndarray | Sparse"]


def vectors(rows: "np.ndarray | Sparse") -> pa.StructArray:
    """A column of Spark's vectors: dense of a two-dimensional array, sparse of CSR."""
    if isinstance(rows, Sparse):
        count = len(rows.indptr) - 1
        offsets = pa.array(rows.indptr, pa.int32())
        lists = [pa.ListArray.from_arrays(offsets, pa.array(data, kind.value_type), type=kind)
                 for data, kind in ((rows.indices, VECTOR.field("indices").type), (rows.values, VECTOR.field("values").type))]
        parts = [pa.array(np.zeros(count, np.int8)), pa.array(np.full(count, rows.columns, np.int32)), *lists]
    else:
        count, columns = rows.shape
        offsets = pa.array(np.arange(count + 1) * columns, pa.int32())
        parts = [pa.array(np.ones(count, np.int8)), pa.nulls(count, pa.int32()), pa.nulls(count, VECTOR.field("indices").type),
                 pa.ListArray.from_arrays(offsets, pa.array(rows.ravel()), type=VECTOR.field("values").type)]
    return pa.StructArray.from_arrays(parts, fields=list(VECTOR))


def table_of(rows: Rows) -> pa.Table:
    columns, fields, spark_fields = [], [], []
    for name, values in rows.items():
        is_vector = isinstance(values, Sparse) or values.ndim == 2
        columns.append(vectors(values) if is_vector else pa.array(values))
        fields.append(pa.field(name, columns[-1].type, nullable=is_vector))
        spark_fields.append({"name": name, "type": VECTOR_JSON if is_vector else SPARK_TYPES[columns[-1].type], "nullable": is_vector, "metadata": {}})
    return pa.table(columns, schema=pa.schema(fields, metadata={
        "org.apache.spark.version": "4.3.0",
        "org.apache.spark.sql.parquet.row.metadata": json.dumps({"type": "struct", "fields": spark_fields})}))


def slice_rows(rows: Rows, first: int, last: int) -> Rows:
    return {name: values.rows(first, last) if isinstance(values, Sparse) else values[first:last] for name, values in rows.items()}


def length(rows: Rows) -> int:
    first = next(iter(rows.values()))
    return len(first.indptr) - 1 if isinstance(first, Sparse) else len(first)


def write(folder: pathlib.Path, rows: Rows, files: int) -> None:
    """Cuts where `soteria put --files` cuts, and names the largest file first, as Spark numbers its partitions (those of one size in no
    order, so none are left): the same rows are in the same partitions on both sides, and the same are drawn of them."""
    folder.mkdir(parents=True)
    each = -(-length(rows) // files)
    parts = []
    for first in range(0, length(rows), each):
        parts.append((folder / f"{first}.tmp", table_of(slice_rows(rows, first, min(first + each, length(rows))))))
        write_part(*parts[-1])
    parts.sort(key=lambda part: part[0].stat().st_size)
    next_size = 0
    for number, (path, part) in zip(reversed(range(len(parts))), parts):
        missing = next_size + 1 - path.stat().st_size
        if missing > 0:
            write_part(path, part.replace_schema_metadata({**part.schema.metadata, "padding": "x" * missing}))
        next_size = path.stat().st_size
        path.rename(folder / f"part-{number:05d}.parquet")


def write_part(path: pathlib.Path, part: pa.Table) -> None:
    pq.write_table(part, path, compression="snappy", use_dictionary=False)


# ---- distributions ------------------------------------------------------------------------------


def _labelled(generator: np.random.Generator, count: int, columns: int, shift: float) -> Rows:
    """Two classes in turns; every feature N(0, 1), and further up by `shift` in class 1."""
    label = np.arange(count) % 2.0
    return {"label": label, "features": generator.normal(size=(count, columns)) + shift * label[:, None]}


def als(generator: np.random.Generator, users: int, items: int, share: float) -> Rows:
    """A share of the cells, each N(0, 1): nothing to learn, as HiBench has it."""
    cells = np.flatnonzero(generator.random(users * items) < share)
    generator.shuffle(cells)
    return {"user": (cells // items).astype(np.int32), "item": (cells % items).astype(np.int32),
            "rating": generator.normal(size=len(cells)).astype(np.float32)}


def als_tall(generator: np.random.Generator, users: int, items: int, ratings: int) -> Rows:
    """Of rank 3, with noise."""
    user, item = generator.integers(users, size=ratings), generator.integers(items, size=ratings)
    left, right = generator.normal(size=(users, 3)), generator.normal(size=(items, 3))
    rating = 3 + (left[user] * right[item]).sum(axis=1) + 0.3 * generator.normal(size=ratings)
    return {"user": user.astype(np.int32), "item": item.astype(np.int32), "rating": rating.astype(np.float32)}


def pca(generator: np.random.Generator, count: int, columns: int) -> Rows:
    return {"features": generator.normal(-0.5, 1.0, size=(count, columns))}


def pca_tall(generator: np.random.Generator, count: int, columns: int) -> Rows:
    mixed = generator.normal(size=(count, columns)) / np.arange(1, columns + 1)
    rotation, _ = np.linalg.qr(generator.normal(size=(columns, columns)))
    return {"features": mixed @ rotation}


def linear(generator: np.random.Generator, count: int, columns: int) -> Rows:
    weights = generator.uniform(-0.5, 0.5, size=columns)
    features = generator.uniform(-1, 1, size=(count, columns))
    return {"label": features @ weights + generator.normal(size=count), "features": features}


def kmeans(generator: np.random.Generator, count: int, columns: int) -> Rows:
    """Five clusters one after the other, means U[0, 1000], deviations U[0.01, 100]; here the rows are mixed, as files are cut."""
    cluster = generator.permutation(np.arange(count) % 5)
    means, deviations = generator.uniform(0, 1000, size=(5, columns)), generator.uniform(0.01, 100, size=(5, columns))
    return {"features": means[cluster] + deviations[cluster] * generator.normal(size=(count, columns))}


def bayes(generator: np.random.Generator, pages: int, classes: int) -> Rows:
    """About 500 words a page, Zipf 0.9 over a dictionary of 479,623; a value is the word's count times its share of the corpus;
    classes at random."""
    words = 479_623
    share = np.arange(1, words + 1) ** -0.9
    share /= share.sum()
    drawn = np.maximum(1, np.ceil(generator.normal(500, 50, size=pages))).astype(np.int64)
    page = np.repeat(np.arange(pages), drawn)
    word = np.searchsorted(np.cumsum(share), generator.random(len(page)))
    cells, counts = np.unique(page * words + np.minimum(word, words - 1), return_counts=True)
    frequency = np.bincount(cells % words, weights=counts, minlength=words) / len(page)
    indptr = np.searchsorted(cells, np.arange(pages + 1) * words)
    return {"label": generator.integers(classes, size=pages).astype(np.float64),
            "features": Sparse(indptr, (cells % words).astype(np.int32), counts * frequency[cells % words], words)}


def bayes_tall(generator: np.random.Generator, count: int, columns: int) -> Rows:
    """Counts; of two classes the rates of half the columns differ."""
    label = np.arange(count) % 2
    rates = np.ones((2, columns))
    rates[1, ::2] = 1.3
    return {"label": label.astype(np.float64), "features": generator.poisson(rates[label]).astype(np.float64)}


def lda(generator: np.random.Generator, documents: int, vocabulary: int) -> Rows:
    """U{50 .. 10000} words a document, each uniform over the vocabulary."""
    lengths = generator.integers(50, 10_001, size=documents)
    counts = np.stack([np.bincount(generator.integers(vocabulary, size=n), minlength=vocabulary) for n in lengths])
    indices = [np.flatnonzero(row) for row in counts]
    indptr = np.concatenate([[0], np.cumsum([len(i) for i in indices])])
    return {"id": np.arange(documents), "features": Sparse(indptr, np.concatenate(indices).astype(np.int32),
                                                           counts[counts > 0].astype(np.float64), vocabulary)}


def write_labelled(folder: pathlib.Path, count: int, columns: int, shift: float, files: int) -> None:
    """As _labelled, file by file, for more rows than one wants in memory."""
    folder.mkdir(parents=True)
    generator = np.random.Generator(np.random.PCG64(42))
    for number in range(files):
        rows = _labelled(generator, count // files, columns, shift)
        pq.write_table(table_of(rows), folder / f"part-{number:05d}.parquet", compression="snappy", use_dictionary=False)


@dataclasses.dataclass(frozen=True)
class Case:
    make: Callable[..., Rows]
    arguments: tuple
    test_share: float
    params: dict


ALS = {"rank": 10, "maxIter": 20, "regParam": 1.0, "implicitPrefs": True, "alpha": 1.0, "numUserBlocks": 8, "numItemBlocks": 8, "seed": 1,
       "coldStartStrategy": "drop"}
GBT = {"maxDepth": 30, "maxBins": 32, "maxIter": 20, "stepSize": 0.1, "seed": 1}
LINEAR = {"maxIter": 50, "regParam": 0.3, "elasticNetParam": 0.8, "tol": 1e-6}
LR = {"maxIter": 100, "regParam": 0.0, "tol": 1e-6}
KMEANS = {"k": 10, "maxIter": 5, "tol": 0.0, "initMode": "random", "seed": 1}
LDA = {"k": 10, "maxIter": 10, "optimizer": "online", "seed": 1}

# By workload and size: S to see that all is well, M as the paper's, T tall.
CASES: dict[str, dict[str, Case]] = {
    "als": {"S": Case(als, (1_000, 1_000, 0.5), 0.3, ALS), "M": Case(als, (10_000, 10_000, 0.1), 0.3, ALS),
            "T": Case(als_tall, (30_000, 40_000, 2_000_000), 0.2, ALS | {"maxIter": 10, "regParam": 0.1, "implicitPrefs": False})},
    "pca": {"S": Case(pca, (1_000, 1_000), 0.0, {"k": 500}), "M": Case(pca, (2_000, 2_000), 0.0, {"k": 1_000}),
            "T": Case(pca_tall, (200_000, 200), 0.0, {"k": 20})},
    # Few rows of many columns: where two columns part the rows alike, digits of the sums say which one a tree takes. Test rows enough that it doesn't matter.
    "gbt": {"S": Case(_labelled, (4_070, 500, 0.3), 4_000 / 4_070, GBT), "M": Case(_labelled, (4_700, 2_000, 0.3), 4_000 / 4_700, GBT),
            "T": Case(_labelled, (200_000, 20, 0.3), 0.3, GBT | {"maxDepth": 5})},
    "linear": {"S": Case(linear, (20_000, 1_000), 0.25, LINEAR), "M": Case(linear, (50_000, 1_000), 0.25, LINEAR)},
    "lr": {"S": Case(_labelled, (1_000, 10_000, 3.0), 0.4, LR), "M": Case(_labelled, (10_000, 10_000, 3.0), 0.4, LR),
           "T": Case(_labelled, (250_000, 100, 0.2), 0.2, LR)},
    "kmeans": {"S": Case(kmeans, (30_000, 3), 0.0, KMEANS), "M": Case(kmeans, (3_000_000, 20), 0.0, KMEANS)},
    "bayes": {"S": Case(bayes, (25_000, 10), 0.2, {"smoothing": 1.0}), "M": Case(bayes, (100_000, 10), 0.2, {"smoothing": 1.0}),
              "T": Case(bayes_tall, (200_000, 20), 0.2, {"smoothing": 1.0})},
    "lda": {"S": Case(lda, (2_000, 1_000), 0.0, LDA)},
}


def generate(case: Case) -> tuple[Rows, Rows]:
    """Rows to train on and rows to test on; where a workload has none to test on, the first tenth of the others."""
    rows = case.make(np.random.Generator(np.random.PCG64(42)), *case.arguments)
    count = length(rows)
    train = count - round(count * case.test_share)
    if train == count:
        return rows, slice_rows(rows, 0, max(1, count // 10))
    return slice_rows(rows, 0, train), slice_rows(rows, train, count)


def prepare(folder: pathlib.Path, workload: str, size: str) -> tuple[pathlib.Path, pathlib.Path]:
    """Writes both unless they are there. Their names carry this file's digest, so that nothing made of rows from before a change of it,
    sealed and encrypted copies included, is measured again."""
    version = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:8]
    train, test = (folder / f"{workload}-{size}-{version}-{part}" for part in ("train", "test"))
    if not (test / "_SUCCESS").exists():
        for_training, for_testing = generate(CASES[workload][size])
        write(train, for_training, TRAIN_FILES)
        write(test, for_testing, TEST_FILES)
        (test / "_SUCCESS").touch()
    return train, test


def chosen(names: list[str], sizes: str) -> Iterator[tuple[str, str]]:
    """Workload and size for each of those asked for; all workloads where none is named."""
    for workload in names or CASES:
        for size in sizes:
            if size in CASES[workload]:
                yield workload, size
