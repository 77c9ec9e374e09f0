"""A pack in which one class cannot be asked for its inputs."""

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


NODE_CLASS_MAPPINGS = mapping(Good, Bad)
