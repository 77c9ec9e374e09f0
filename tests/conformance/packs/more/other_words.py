"""A pack that has a class of a name that another pack has, too."""

from toybox import Toy, mapping


class Word(Toy):
    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}}

    def run(self, text):
        return (f"another {text}",)


NODE_CLASS_MAPPINGS = mapping(Word)
