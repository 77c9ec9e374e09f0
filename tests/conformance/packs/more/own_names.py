"""A pack with a class that has the name of one of graphrun's own."""

from toybox import Toy, mapping


class PandasShowText(Toy):
    RETURN_TYPES = ("STRING",)
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}}

    def run(self, text):
        return {"ui": {"text": ["the pack's"]}, "result": (text,)}


NODE_CLASS_MAPPINGS = mapping(PandasShowText)
