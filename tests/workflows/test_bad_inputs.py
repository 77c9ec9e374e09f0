"""Bad input of every family, through the command line: one error with its place, no traceback."""

import json
from pathlib import Path

import pytest
from PIL import Image

from graphrun.cli.main import main

TWO = {"1": ("PtFloatCreate", {"data": "[[1, 2], [3, 4]]"})}
THREE = {"2": ("PtFloatCreate", {"data": "[1, 2, 3]"})}
NONE = {"1": ("PtZeros", {"size": "[0, 4]", "data_type": "float32"})}
IDS = {"2": ("PtIntCreate", {"data": "[[0, 7]]"})}
NORMAL = {"1": ("PtdNormal", {"loc": "0", "scale": "1"})}
MODEL = {"3": ("PtnLinear", {"in_features": 4, "out_features": 3, "bias": True})}
ADAM = {"4": ("PtoAdam", {"model": ["3", 0], "learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999})}
LOADER = {"dataset": ["1", 0], "batch_size": 2, "shuffle": False}
PAIR = {"x": ["1", 0], "y": ["2", 0], "batch_size": 2, "shuffle": False}
FIT = {
    "model": ["3", 0], "train_loader": ["5", 0], "optimizer": ["4", 0], "epochs": 1,
    "use_gpu": False, "early_stopping": False, "early_stopping_rounds": 1,
    "output_best_val_model": False,
}  # fmt: skip
TRAINED = {"5": ("PtDataLoaderFromTensors", PAIR), "6": ("PtTrainClassificationModel", FIT)}
CSV = {"1": ("PandasLoadCSVWithIndex", {"file_path": "table.csv", "index_col": 0})}
PLOT = {
    "x_column_name": "size", "y_column_name": "weihgt", "title": "", "x_axis_label": "",
    "y_axis_label": "", "legend_label": "", "x_tick_as_int": False, "style": "", "palette": "",
}  # fmt: skip
FOLDER = {
    "1": ("PtvImageFolderDataset", {"root": "pets", "transform": ["2", 0]}),
    "2": ("PtvTransformsToTensor", {}),
    "3": ("PtnLinearModel", {"dim_list": "[12, 2]", "bias_list": "[True]", "num_layers": 1}),
    **ADAM,
    "5": ("PtDataLoader", LOADER),
    "6": ("PtTrainClassificationModel", FIT),
}
A_SET = {"name": "FashionMNIST", "download": False, "root": "nowhere"}

# What runs: the last node is shown. The node that is blamed, its input, and words of the message.
CASES = {
    "shape text": ({"1": ("PtZeros", {"size": "[2, x]", "data_type": "float32"})},
                   "1", "size", "line 1, column 5"),
    "axes that are no numbers": ({**TWO, "3": ("PtPermute", {"tens": ["1", 0], "new_axes": "a"})},
                                 "3", "new_axes", "not a literal"),
    "wrong rank": ({**THREE, **TWO, "3": ("PtMm", {"tens_a": ["1", 0], "tens_b": ["2", 0]})},
                   "3", None, "float32 (3,)"),
    "wrong dtype": ({**TWO, "3": ("PtBitwiseNot", {"tens_a": ["1", 0]})}, "3", None, "float32"),
    "empty tensor": ({**NONE, "3": ("PtMax", {"tens": ["1", 0], "dim": "0", "keepdim": False})},
                     "3", None, "float32 (0, 4)"),
    "index out of range": (
        {**TWO, "3": ("PtIndexSelect", {"tens": ["1", 0], "dim": 0, "index": "[0, 2]"})},
        "3", "index", "below 2"),
    "picture of another rank": (
        {**THREE, "3": ("PtCrop", {"tens": ["2", 0], "height": 1, "width": 1})},
        "3", None, "float32 (3,)"),
    "parameter outside of its range": ({"1": ("PtdNormal", {"loc": "0", "scale": "-1"})},
                                       "1", "scale", "-1"),
    "quantile that is no number": ({**NORMAL, "2": ("PtdmIcdf", {"distribution": ["1", 0],
                                                                 "q": "half"})},
                                   "2", "q", "'half'"),
    "lists of different lengths": (
        {"1": ("PtnConvModel", {"input_dim": "(1, 8, 8)", "penultimate_dim": 0, "output_dim": 2,
                                "channel_list": "[2, 4]", "kernel_size_list": "[3]",
                                "padding_list": "[1, 1]", "downsample_list": "[True, True]"})},
        "1", "kernel_size_list", "one a layer"),
    "ids that the table lacks": (
        {**IDS, "3": ("PtnEmbedding", {"num_embeddings": 5, "embedding_dim": 2,
                                       "padding_idx": -1}),
         "4": ("PtPredictRegressionModel", {"model": ["3", 0], "inputs": ["2", 0],
                                            "use_gpu": False})},
        "4", None, "7"),
    "features that a model lacks": (
        {**TWO, "2": ("PtIntCreate", {"data": "[0, 1]"}),
         "7": ("PtToInt64", {"tens_a": ["2", 0]}), **MODEL, **ADAM,
         "5": ("PtDataLoaderFromTensors", {**PAIR, "y": ["7", 0]}),
         "6": ("PtTrainClassificationModel", FIT)},
        "6", "train_loader", "float32 (2, 2)"),
    "no rows": ({**NONE, "2": ("PtZeros", {"size": "[0]", "data_type": "int64"}), **MODEL, **ADAM,
                 **TRAINED}, "5", None, "empty"),
    "rows that differ": ({**TWO, **THREE, **MODEL, **ADAM, **TRAINED}, "5", None, "3"),
    "options that are no dict": (
        {**TWO, "3": ("PtvSequentialTensorDataset", {"tens": ["1", 0], "seq_len": 1}),
         "4": ("PtDataLoader", {**LOADER, "dataset": ["3", 0], "parameters": "{num_workers: 1}"})},
        "4", "parameters", "num_workers"),
    "a table without the column": ({**CSV, "2": ("SNSLine", {"dataframe": ["1", 0], **PLOT})},
                                   "2", "y_column_name", "weight"),
    "a row that is too wide": (
        {"1": ("PandasLoadCSVWithIndex", {"file_path": "wide.csv", "index_col": 0})},
        "1", "file_path", "wide.csv"),
    "words among numbers": (
        {**CSV, "2": ("PandasFeatureSplitToPt", {
            "dataframe": ["1", 0], "label_integer_position": 0, "output_1d_label": True,
            "feature_data_type": "float32", "label_data_type": "int64"})},
        "2", None, "heavy"),
    "pairs that are no dict": (
        {**CSV, "2": ("PandasReplaceAdvanced", {"dataframe": ["1", 0],
                                                "replacement_dict": "{'a': 1"})},
        "2", "replacement_dict", "never closed"),
    "a picture that is none": (FOLDER, "6", "train_loader", "bad.png"),
    "a missing file": ({"1": ("PandasLoadCSVWithIndex", {"file_path": "gone.csv",
                                                         "index_col": 0})},
                       "1", "file_path", "gone.csv"),
    "a missing folder": ({"1": ("PtvImageFolderDataset", {"root": "gone"})}, "1", "root", "gone"),
    "missing weights": ({**MODEL, "4": ("PtLoadModel", {"model": ["3", 0],
                                                        "model_path": "gone.pt"})},
                        "4", "model_path", "gone.pt"),
    "a missing set": ({"1": ("PtvDataset", A_SET)}, "1", None, "--alias FashionMNIST=DIR"),
    "an unknown set": ({"1": ("PtvDataset", {**A_SET, "name": "MNST"})}, "1", "name", "MNIST"),
    "missing pieces": ({"1": ("SpLoadModel", {"model_path": "spiece.model"})},
                       "1", "model_path", "T5"),
    "missing vectors": (
        {"1": ("PtvHfGloveDataset", {
            "name": "texts", "split": "train", "embed_dim": 100, "max_seq_len": 8,
            "sample_field_name": "text", "label_field_name": "label"})},
        "1", "embed_dim", "glove-wiki-gigaword-100"),
    "texts without the column": (
        {"1": ("SpLoadModel", {"model_path": "{pieces}"}),
         "2": ("SpEncode", {"spmodel": ["1", 0], "padding": True, "padding_method": "max_length",
                            "padding_value": 0, "truncation": True, "max_length": 8}),
         "3": ("PtvHfLocalDataset", {
             "file_path": "texts/train.csv", "file_format": "csv", "sample_field_name": "txet",
             "label_field_name": "label", "encode": ["2", 0], "remove_html_tags": False,
             "encode_return_dict": False})},
        "3", "sample_field_name", "text"),
}  # fmt: skip


@pytest.fixture
def files(here):
    """Files with something wrong about them."""
    (here / "table.csv").write_text("name,size,weight\na,1,2\nb,2,heavy\n")
    (here / "wide.csv").write_text("name,size\na,1\nb,2,3,4\n")
    for name in ("cat", "dog"):
        (here / "pets" / name).mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(here / "pets" / name / "good.png")
    (here / "pets" / "dog" / "bad.png").write_bytes(b"\x89PNG and no more")
    (here / "texts").mkdir()
    (here / "texts" / "train.csv").write_text("text,label\ngood,1\nbad,0\n")


@pytest.mark.parametrize("case", CASES)
def test_bad_input(files, capsys, case):
    from graphrun_nodes._tiny import PIECES

    nodes, blamed, input, word = CASES[case]
    prompt = {i: {"class_type": kind, "inputs": values} for i, (kind, values) in nodes.items()}
    text = json.dumps(prompt).replace("{pieces}", str(PIECES))
    Path("prompt.json").write_text(text)
    code = main(["run", "prompt.json", list(nodes)[-1]])
    said = capsys.readouterr().err
    assert code in (1, 3, 4)
    assert "Traceback" not in said
    (error,) = (line for line in said.splitlines() if ": error[" in line)
    assert word in said
    # The place is that of the node, or of the input's value in it.
    line, column = map(int, error.split(":")[1:3])
    before = text[: column - 1]
    assert line == 1
    assert before.rindex(f'"{blamed}": ') == max(before.rfind(f'"{i}": ') for i in nodes)
    if input is not None:
        assert before.endswith(f'"{input}": ')


def test_a_folder_with_one_class_is_told(files, here, capsys):
    for file in (here / "pets" / "dog").iterdir():
        file.unlink()
    (here / "pets" / "dog").rmdir()
    prompt = {
        "1": {"class_type": "PtvImageFolderDataset", "inputs": {"root": "pets"}},
        "2": {"class_type": "PtvDatasetLen", "inputs": {"dataset": ["1", 0]}},
        "3": {"class_type": "CDAShowInt", "inputs": {"int_scalar": ["2", 0]}},
    }
    (here / "prompt.json").write_text(json.dumps(prompt))
    assert main(["run", "prompt.json"]) == 0
    said = capsys.readouterr().err
    assert "warning: " in said
    assert "has one class only, cat" in said
