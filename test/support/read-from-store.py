"""Reads a dataset out of an S3 store as its users do; one JSON value per line on stdout.

    python read-from-store.py LOADER ENDPOINT BUCKET PREFIX [SHARDS]

Credentials come from the environment. SHARDS is a brace list as {00000..00004}.
"""

import hashlib
import json
import os
import sys


def s3_options(endpoint):
    return {
        "key": os.environ["AWS_ACCESS_KEY_ID"],
        "secret": os.environ["AWS_SECRET_ACCESS_KEY"],
        "client_kwargs": {"endpoint_url": endpoint},
    }


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def load_dataset(endpoint, bucket, prefix, _):
    import datasets

    rows = datasets.load_dataset(
        "webdataset",
        data_files=f"s3://{bucket}/{prefix}*.tar",
        storage_options=s3_options(endpoint),
        split="train",
    )
    for row in rows.cast_column("jpg", datasets.Image(decode=False)):
        yield [row["__key__"], sha256(row["jpg"]["bytes"])]


def webdataset(endpoint, bucket, prefix, shards):
    import webdataset

    pipe = f"pipe:aws --endpoint-url {endpoint} s3 cp s3://{bucket}/{prefix}{shards}.tar -"
    for sample in webdataset.WebDataset(pipe, shardshuffle=False):
        yield [sample["__key__"], sha256(sample["jpg"])]


def duckdb(endpoint, bucket, prefix, _):
    os.environ["HOME"] = os.environ["HF_HOME"]  # where the extension goes
    import duckdb
    from duckdb_extensions import import_extension

    import_extension("httpfs")
    scheme, _, host = endpoint.partition("://")
    keys = f"key_id '{os.environ['AWS_ACCESS_KEY_ID']}', secret '{os.environ['AWS_SECRET_ACCESS_KEY']}'"
    place = f"endpoint '{host}', region 'us-east-1', url_style 'path', use_ssl {scheme == 'https'}"
    duckdb.sql("load httpfs")
    duckdb.sql(f"create secret (type s3, {keys}, {place})")
    rows = duckdb.sql(f"select key, sha256 from 's3://{bucket}/{prefix}*.parquet' where status = 'fetched'")
    yield from rows.fetchall()


def pyarrow(endpoint, bucket, prefix, _):
    import pyarrow.dataset
    import pyarrow.fs

    scheme, _, host = endpoint.partition("://")
    store = pyarrow.fs.S3FileSystem(endpoint_override=host, scheme=scheme)
    files = store.get_file_info(pyarrow.fs.FileSelector(f"{bucket}/{prefix}".rstrip("/")))
    tables = sorted(file.path for file in files if file.path.endswith(".parquet"))
    table = pyarrow.dataset.dataset(tables, filesystem=store).to_table(columns=["key", "sha256", "status"])
    for row in table.to_pylist():
        if row["status"] == "fetched":
            yield [row["key"], row["sha256"]]


loader, *where = sys.argv[1:]
for row in globals()[loader](*(where + [""])[:4]):
    print(json.dumps(row))
