"""A pack in which some classes cannot be asked for their inputs."""

from toybox import Toy, called, mapping


class Good(Toy):
    RETURN_TYPES = ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING",)}}

    def run(self, text):
        called("Good", text=text)
        return (text,)


class Bad(Good):
    @classmethod
    def INPUT_TYPES(cls):
        raise OSError("the folder of models is not there")


class Hollow(Good):
    """Declares an input by an empty tuple."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ()}}


NODE_CLASS_MAPPINGS = mapping(Good, Bad, Hollow)
