"""Imported relative to the pack."""

from toybox import LOADED, Toy


class Inside(Toy):
    """The text, and what happened when the pack was loaded."""

    RETURN_TYPES = ("STRING", "*")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}}

    def run(self, text):
        return (text, [one for one in LOADED if one.startswith("folder")])
