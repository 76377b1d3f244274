"""Opens many datasets with one program, as its users do, and says what is wrong with each.

    python read.py TOOL < datasets.json > verdicts.json

A dataset is {"folder", "tables", "mode", "samples": [{"sha256", "caption", "label", "json"}], "rows"}; a verdict is a
list of problems, empty when all is well. `tables` is the folder with the outcome tables.
"""

import collections
import glob
import hashlib
import io
import json
import math
import os
import sys
import types

MOST_SAID = 300


def say(problem):
    return " ".join(str(problem).split())[:MOST_SAID]


def same(found, expected):
    """As values: numbers by what they are worth, missing keys of structs as nothing."""
    if isinstance(expected, dict):
        if isinstance(found, str):
            found = json.loads(found)
        return isinstance(found, dict) and all(same(found.get(key), value) for key, value in expected.items())
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, bool) or isinstance(found, bool) or expected is None:
        return found is expected or found == expected
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return math.isclose(found, expected, rel_tol=1e-12)
    return found == expected


def decoded(content):
    """Every pixel of an image. Fails as a training run would."""
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image.size


def check_samples(dataset, found):
    """`found` has a dict for each sample: image, and caption, json where the form has them."""
    expected = {sample["sha256"]: sample for sample in dataset["samples"]}
    problems, seen = [], set()
    for sample in found:
        digest = hashlib.sha256(sample["image"]).hexdigest()
        wanted = expected.get(digest)
        if wanted is None:
            problems.append(f"an image that is none of ours: {digest}")
            continue
        seen.add(digest)
        size = decoded(sample["image"])
        if list(size) != [wanted["json"]["width"], wanted["json"]["height"]]:
            problems.append(f"an image of {size}")
        for name in ("caption", "json", "label"):
            if name in sample and not same(sample[name], wanted[name]):
                problems.append(f"{name}: expected {wanted[name]!r}, got {sample[name]!r}")
    if len(seen) != len(expected) or len(found) != len(expected):
        problems.append(f"{len(found)} samples of {len(expected)}")
    return problems


def shards_of(folder):
    return sorted(glob.glob(f"{glob.escape(folder)}/*.tar*"))


def image_in(sample):
    return next(value for name, value in sample.items() if name in ("jpg", "png", "webp") and value is not None)


def hub(dataset):
    import datasets

    folder = dataset["folder"]
    if dataset["mode"] in ("loose files", "imagefolder, unpacked"):
        rows = datasets.load_dataset("imagefolder", data_dir=folder, split="train")
    else:
        rows = datasets.load_dataset(folder, split="train")
    images = [name for name, feature in rows.features.items() if isinstance(feature, datasets.Image)]
    for name in images:
        rows = rows.cast_column(name, datasets.Image(decode=False))
    found = []
    for row in rows:
        image = next(row[name] for name in images if row[name] is not None)
        content = image["bytes"] if image["bytes"] is not None else open(image["path"], "rb").read()
        sample = {"image": content}
        if "json" in row:
            sample["json"] = row["json"]
            sample["caption"] = row.get("txt") or None
        elif "caption" in row:
            sample["caption"] = row["caption"]
        found.append(sample)
    return check_samples(dataset, found)


def webdataset(dataset):
    import webdataset

    found = []
    for sample in webdataset.WebDataset(shards_of(dataset["folder"]), shardshuffle=False):
        entry = {"image": image_in(sample), "json": json.loads(sample["json"])}
        entry["caption"] = sample["txt"].decode() or None
        found.append(entry)
    return check_samples(dataset, found)


webdataset0 = webdataset


def wids(dataset):
    torchless()
    import wids

    there = wids.ShardListDataset(f"{dataset['folder']}/index.json", transformations=[], keep=True)
    found = []
    for index in reversed(range(len(there))):
        sample = {name.lstrip("."): value for name, value in there[index].items()}
        content = {
            name: value.read() if hasattr(value, "read") else value
            for name, value in sample.items()
            if not name.startswith("__")
        }
        found.append({"image": image_in(content), "json": json.loads(content["json"])})
    return check_samples(dataset, found)


def torchless():
    """What these libraries want of torch for reading is two classes to inherit from."""
    if "torch" in sys.modules:
        return
    for name in ("torch", "torch.utils", "torch.utils.data", "torch.distributed"):
        sys.modules[name] = types.ModuleType(name)
    data = sys.modules["torch.utils.data"]
    base = type("Dataset", (), {"__class_getitem__": classmethod(lambda cls, item: cls)})
    for name in ("Dataset", "IterableDataset", "Sampler", "DataLoader"):
        setattr(data, name, base)


def bare(name):
    """A package whose modules are found, but whose own __init__, which wants torch, is not run."""
    place = next(entry for entry in sys.path if os.path.isdir(f"{entry}/{name.replace('.', '/')}"))
    package = types.ModuleType(name)
    package.__path__ = [f"{place}/{name.replace('.', '/')}"]
    sys.modules[name] = package


def torchvision(dataset):
    if "torchvision" not in sys.modules:
        for name in ("torchvision", "torchvision.datasets"):
            bare(name)
        vision = types.ModuleType("torchvision.datasets.vision")

        class VisionDataset:
            def __init__(self, root, transform=None, target_transform=None):
                self.root, self.transform, self.target_transform = root, transform, target_transform

        vision.VisionDataset = VisionDataset
        sys.modules[vision.__name__] = vision
    from torchvision.datasets.folder import ImageFolder

    there = ImageFolder(dataset["folder"])
    return check_classes(dataset, [(path, there.classes[index]) for path, index in there.samples])


def timm(dataset):
    if "timm" not in sys.modules:
        for name in ("timm", "timm.utils", "timm.data", "timm.data.readers"):
            bare(name)
    from timm.data.readers.img_extensions import add_img_extensions
    from timm.data.readers.reader_image_folder import ReaderImageFolder

    add_img_extensions(".webp")  # As docs/outputs.md says.

    there = ReaderImageFolder(dataset["folder"])
    names = {index: name for name, index in there.class_to_idx.items()}
    return check_classes(dataset, [(path, names[index]) for path, index in there.samples])


def check_classes(dataset, files):
    problems = check_samples(dataset, [{"image": open(path, "rb").read()} for path, _ in files])
    labels = {sample["sha256"]: sample["label"] for sample in dataset["samples"]}
    classes = collections.defaultdict(set)
    for path, name in files:
        classes[name].add(labels.get(hashlib.sha256(open(path, "rb").read()).hexdigest()))
    if any(len(of) != 1 for of in classes.values()) or len(classes) != len(set(labels.values())):
        problems.append(f"{len(classes)} classes of {len(set(labels.values()))}, mixed: {dict(classes)}")
    return problems


def check_table(dataset, names, rows, numbers, captions):
    """@param rows: as many as the table has; numbers and captions: of its fetched rows."""
    problems = []
    if rows != dataset["rows"]:
        problems.append(f"{rows} rows of {dataset['rows']}")
    folded = [name.lower() for name in names]
    twice = sorted({name for name in folded if folded.count(name) > 1})
    if twice:
        problems.append(f"columns that are one to Spark: {twice}")
    expected = {sample["json"]["row"]: sample["caption"] for sample in dataset["samples"]}
    if dict(zip(numbers, captions)) != expected:
        problems.append(f"{len(numbers)} fetched rows of {len(expected)}, or other captions")
    return problems


def pattern(dataset):
    return f"{dataset['tables']}/[0-9]*.parquet"


def duckdb(dataset):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"create view rows as select * from '{pattern(dataset)}'")
    names = [row[0] for row in connection.sql("describe rows").fetchall()]
    count = connection.sql("select count(*) from rows").fetchone()[0]
    fetched = connection.sql("select row, caption from rows where status = 'fetched'").fetchall()
    connection.sql("select * from rows").to_arrow_table()
    return check_table(dataset, names, count, [row[0] for row in fetched], [row[1] for row in fetched])


def polars(dataset):
    import polars

    table = polars.read_parquet(pattern(dataset))
    fetched = table.filter(polars.col("status") == "fetched")
    return check_table(dataset, table.columns, len(table), fetched["row"].to_list(), fetched["caption"].to_list())


def pandas(dataset):
    import pandas

    table = pandas.concat(map(pandas.read_parquet, sorted(glob.glob(pattern(dataset)))))
    fetched = table[table.status == "fetched"]
    captions = [None if pandas.isna(caption) else caption for caption in fetched.caption]
    return check_table(dataset, list(table.columns), len(table), list(fetched.row), captions)


def pyarrow(dataset):
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(sorted(glob.glob(pattern(dataset)))).to_table()
    fetched = [row for row in table.to_pylist() if row["status"] == "fetched"]
    return check_table(
        dataset, table.column_names, len(table), [row["row"] for row in fetched], [row["caption"] for row in fetched]
    )


def queries(dataset):
    """What README, docs and card say to ask first: every question has an answer."""
    import duckdb
    import pandas
    import polars
    import pyarrow.dataset

    known = {"glob": glob, "pandas": pandas, "polars": polars, "pyarrow": pyarrow}
    problems = []
    for query in dataset["queries"]:
        if query.startswith("SELECT"):
            rows = duckdb.connect().sql(query).to_arrow_table().num_rows
        else:
            answer = eval(query, known)
            rows = answer.count_rows() if hasattr(answer, "count_rows") else len(getattr(answer, "collect", lambda: answer)())
        if rows == 0:
            problems.append(f"no rows: {query}")
    return problems


def verdict(tool, dataset):
    try:
        return [say(problem) for problem in tool(dataset)[:3]]
    except BaseException as error:
        error = error.__cause__ or error
        return [say(f"{type(error).__name__}: {error}")]


if __name__ == "__main__":
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print is not the answer.
    tool = globals()[sys.argv[1]]
    json.dump([verdict(tool, dataset) for dataset in json.load(sys.stdin)], out)
    out.close()
