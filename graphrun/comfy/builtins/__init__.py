"""Nodes that every ComfyUI has and that need no model: values, texts, logic, pictures, masks.

Names, inputs and results are those of ComfyUI, so that graphs that lean on them run unchanged.
"""

from graphrun.catalog.pack import Pack

PACK = Pack(
    name="comfy-core",
    package=__name__,
    modules=(
        "files",
        "images",
        "logic",
        "maths",
        "masks",
        "primitives",
        "texts",
    ),
    schemas="graphrun.schemas",
    folder="core",
    depends={"": ("torch", "pillow")},
    resources={"picture": "files:find_picture"},
)
