"""graphrun's own nodes: text classification with Hugging Face encoders."""

from graphrun.node import Pack

if __name__ == "nodes":
    # The repository root on sys.path would make a second copy of every class under the name that
    # ComfyUI packs use for ComfyUI itself.
    raise ImportError("import graphrun_nodes, not nodes")

PACK = Pack(
    name="graphrun",
    package=__name__,
    modules=(
        "display",
        "literals",
        "loaders",
        "losses",
        "models",
        "optimizers",
        "saving",
        "text",
        "training",
    ),
    schemas="graphrun.schemas",
    resources={
        "model": "_names:find_model",
        "tokenizer": "_names:find_model",
        "dataset": "_names:find_dataset",
        "device": "_device:find_device",
        "weights": "_paths:find_weights",
        "data_file": "_paths:find_data_file",
    },
    around="_around:around",
)
