"""graphrun's own nodes: tensors, tables, distributions, models, training, evaluation."""

from graphrun.node import Pack, for_comfyui

if __name__ == "nodes":
    # The repository root on sys.path would make a second copy of every class under the name that
    # ComfyUI packs use for ComfyUI itself.
    raise ImportError("import graphrun_nodes, not nodes")

PACK = Pack(
    name="graphrun",
    package=__name__,
    modules=(
        "activations",
        "assembly",
        "attention",
        "conversion",
        "display",
        "distributions",
        "evaluation",
        "images",
        "layers",
        "literals",
        "loaders",
        "losses",
        "models",
        "networks",
        "optimizers",
        "plots",
        "recurrent",
        "saving",
        "tables",
        "tensors",
        "text",
        "tokens",
        "training",
        "transforms",
        "vision",
    ),
    schemas="graphrun.schemas",
    resources={
        "model": "graphrun.sources.names:find_model",
        "tokenizer": "graphrun.sources.names:find_model",
        "dataset": "graphrun.sources.names:find_dataset",
        "picture_set": "graphrun.sources.picture_sets:find_set",
        "vectors": "graphrun.sources.vectors:find_vectors",
        "device": "_device:find_device",
        "weights": "graphrun.sources.paths:find_weights",
        "data_file": "graphrun.sources.paths:find_data_file",
        "data_folder": "graphrun.sources.paths:find_data_folder",
    },
    around="_around:around",
    depends={
        "": ("torch",),
        "model": ("transformers", "peft"),
        "tokenizer": ("transformers", "tokenizers"),
    },
    device_switch="use_gpu",
)

__getattr__ = for_comfyui(PACK)
