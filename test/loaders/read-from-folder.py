"""Reads a dataset in a local folder as its users do; one JSON value on stdout.

    python read-from-folder.py LOADER FOLDER
"""

import glob
import json
import sys


def load_dataset(rows):
    import datasets

    for name, feature in rows.features.items():
        if isinstance(feature, datasets.Image):
            rows = rows.cast_column(name, datasets.Image(decode=False))
    listed = []
    for row in rows:
        for name, value in row.items():
            if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
                row[name] = value["bytes"].decode()
            elif isinstance(value, dict) and set(value) == {"bytes", "path"} and value["path"]:
                row[name] = open(value["path"]).read()
        listed.append(row)
    return {"features": {name: repr(feature) for name, feature in rows.features.items()}, "rows": listed}


def hub(folder):
    import datasets

    return load_dataset(datasets.load_dataset(folder, split="train"))


def imagefolder(folder):
    import datasets

    return load_dataset(datasets.load_dataset("imagefolder", data_dir=folder, split="train"))


def duckdb(folder):
    import duckdb

    return duckdb.sql(f"select key from '{folder}/[0-9]*.parquet' where status = 'fetched'").fetchall()


def pyarrow(folder):
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(sorted(glob.glob(f"{folder}/[0-9]*.parquet"))).to_table()
    return [[row["key"]] for row in table.to_pylist() if row["status"] == "fetched"]


def pandas(folder):
    import pandas

    table = pandas.concat(map(pandas.read_parquet, sorted(glob.glob(f"{folder}/[0-9]*.parquet"))))
    return [[key] for key in table[table.status == "fetched"].key]


def duckdb_data(folder):
    import duckdb

    query = f"select image.bytes, caption from '{folder}/data-*.parquet' order by row"
    return [[image.decode(), caption] for image, caption in duckdb.sql(query).fetchall()]


def polars_data(folder):
    import polars

    table = polars.scan_parquet(f"{folder}/data-*.parquet").select("image", "caption", "row").sort("row").collect()
    return [[image["bytes"].decode(), caption] for image, caption, _ in table.rows()]


def pyarrow_data(folder):
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(sorted(glob.glob(f"{folder}/data-*.parquet"))).to_table(["image", "caption"])
    return [[row["image"]["bytes"].decode(), row["caption"]] for row in table.to_pylist()]


print(json.dumps(globals()[sys.argv[1].replace("-", "_")](sys.argv[2]), default=str))
