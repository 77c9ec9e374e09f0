"""Imported relative to the pack."""

from toybox import WORLD, Toy


class Inside(Toy):
    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}}

    def run(self, text):
        return (f"{text} {WORLD.get('prestarted', 'never')}",)
