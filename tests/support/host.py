"""A host that loads a pack and calls its nodes as ComfyUI does, without graphrun's engine.

python host.py PACK_FOLDER PROMPT.json [--interrupt]

It prints what the nodes showed, how far their progress bars went, and which classes keep nothing.
"""

import importlib.util
import json
import math
import sys
import types
from pathlib import Path

import torch

STEPS = []


class ProgressBar:
    interrupt = False

    def __init__(self, total, node_id=None):
        self.total = total

    def update_absolute(self, value, total=None, preview=None):
        STEPS.append([value, total])


class InterruptProcessingException(Exception):
    pass


def throw_exception_if_processing_interrupted():
    if interrupted():
        ProgressBar.interrupt = False
        raise InterruptProcessingException


def interrupted():
    return ProgressBar.interrupt and len(STEPS) > 1


def offer(folder):
    """The modules that nodes find in a running ComfyUI."""
    utils = types.ModuleType("comfy.utils")
    utils.ProgressBar = ProgressBar
    management = types.ModuleType("comfy.model_management")
    management.processing_interrupted = interrupted
    management.throw_exception_if_processing_interrupted = throw_exception_if_processing_interrupted
    paths = types.ModuleType("folder_paths")
    paths.get_output_directory = lambda: str(folder / "output")
    paths.get_input_directory = lambda: str(folder / "input")
    paths.get_temp_directory = lambda: str(folder / "temp")
    paths.models_dir = str(folder / "models")
    sys.modules |= {one.__name__: one for one in (utils, management, paths)}


def load(folder):
    """The module of a pack; its name is its path."""
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Host:
    def __init__(self, classes, prompt):
        self.classes, self.prompt = classes, prompt
        self.outputs, self.ui, self.kept = {}, {}, {}

    def run(self):
        for node_id, node in self.prompt.items():
            if getattr(self.classes[node["class_type"]], "OUTPUT_NODE", False):
                self.node(node_id)

    def node(self, node_id):
        if node_id in self.outputs:
            return
        inputs = self.prompt[node_id]["inputs"]
        for value in inputs.values():
            if isinstance(value, list):
                self.node(value[0])
        cls = self.classes[self.prompt[node_id]["class_type"]]
        lists = {
            n: self.outputs[v[0]][v[1]] if isinstance(v, list) else [v] for n, v in inputs.items()
        }
        declared = cls.INPUT_TYPES()
        assert inputs.keys() <= {**declared["required"], **declared.get("optional", {})}.keys()
        for name, token in declared.get("hidden", {}).items():
            lists[name] = [{"UNIQUE_ID": node_id}.get(token)]
        changed = getattr(cls, "IS_CHANGED", None)
        token = changed(**lists) if changed else 0
        self.kept[cls.__name__] = not (isinstance(token, float) and math.isnan(token))
        with torch.inference_mode():
            results = list(self.called(cls, lists))
        for result in results:
            ui = result["ui"] if isinstance(result, dict) else {}
            for key, values in ui.items():
                self.ui.setdefault(node_id, {}).setdefault(key, []).extend(values)
        rows = [r["result"] if isinstance(r, dict) else r for r in results]
        assert all(isinstance(row, tuple) and len(row) == len(cls.RETURN_TYPES) for row in rows)
        self.outputs[node_id] = [
            [one for row in rows for one in (row[i] if cls.OUTPUT_IS_LIST[i] else [row[i]])]
            for i in range(len(cls.RETURN_TYPES))
        ]

    def called(self, cls, lists):
        function = getattr(cls(), cls.FUNCTION)
        if cls.INPUT_IS_LIST:
            yield function(**lists)
            return
        for i in range(max(map(len, lists.values()), default=1)):
            yield function(**{n: values[min(i, len(values) - 1)] for n, values in lists.items()})


def main(folder, prompt, *flags):
    offer(Path(prompt).parent)
    ProgressBar.interrupt = "--interrupt" in flags
    module = load(Path(folder))
    host = Host(module.NODE_CLASS_MAPPINGS, json.loads(Path(prompt).read_text()))
    titles = module.NODE_DISPLAY_NAME_MAPPINGS
    assert titles.keys() == host.classes.keys()
    assert not hasattr(module, "WEB_DIRECTORY")
    told = {}
    try:
        host.run()
    except Exception as error:
        told = {"error": type(error).__name__, "message": str(error)}
    modules = sorted({m for m in sys.modules if m.startswith("graphrun_nodes")})
    told |= {"ui": host.ui, "steps": STEPS, "kept": host.kept, "modules": modules}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
