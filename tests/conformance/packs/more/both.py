"""A pack of both APIs: the mapping wins."""

from toybox import Toy, mapping


class First(Toy):
    RETURN_TYPES = ("STRING",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def run(self):
        return {"ui": {"shown": ["mapping"]}, "result": ("mapping",)}


NODE_CLASS_MAPPINGS = mapping(First)


def comfy_entrypoint():
    raise AssertionError("not asked, since there is a mapping")
