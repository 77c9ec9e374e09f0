"""A pack of the third API that names a version of it, with a plain entry point."""

from comfy_api.v0_0_2 import ComfyExtension, io


class OldWord(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="OldWord", inputs=[io.String.Input("text")], outputs=[io.String.Output()]
        )

    @classmethod
    def execute(cls, text):
        return io.NodeOutput(text)


class Words(ComfyExtension):
    async def get_node_list(self):
        return [OldWord]


def comfy_entrypoint():
    return Words()
