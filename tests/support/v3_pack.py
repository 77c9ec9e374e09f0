"""A pack of ComfyUI's third API, as packs are written: found by its path, never imported here."""

import torch
from comfy_api.latest import ComfyAPI, ComfyAPISync, ComfyExtension, io, ui


class Everything(io.ComfyNode):
    """One input of most kinds."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="Everything",
            display_name="Every input",
            category="toys/all",
            description="Has everything.",
            inputs=[
                io.String.Input("text", default="a", multiline=True, tooltip="a text"),
                io.Int.Input("count", default=3, min=1, max=9, step=2, control_after_generate=True),
                io.Float.Input("part", default=0.5, round=0.01, optional=True),
                io.Boolean.Input("on", default=True, label_on="yes", label_off="no"),
                io.Combo.Input("mode", options=["fast", "slow"], default="slow"),
                io.MultiCombo.Input("tags", options=["r", "g", "b"], optional=True),
                io.MultiType.Input("either", [io.Int, io.Float], optional=True),
                io.Custom("THING").Input("thing", optional=True, lazy=True),
                io.Image.Input("image", optional=True, raw_link=True),
            ],
            outputs=[
                io.String.Output(display_name="told"),
                io.Int.Output("n", is_output_list=True),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.dynprompt],
            not_idempotent=True,
            is_experimental=True,
            search_aliases=["all"],
        )

    @classmethod
    def execute(cls, text, count, on, mode, part=0.5, **others):
        return io.NodeOutput(f"{text} {count} {part} {on} {mode} {sorted(others)}", [1, 2])


class Previews(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        kinds = ["preview", "mask", "save", "animated", "webp"]
        return io.Schema(
            node_id="Previews",
            inputs=[io.Combo.Input("how", options=kinds)],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, how):
        pictures = torch.stack([torch.zeros(4, 6, 3), torch.ones(4, 6, 3)])
        save = ui.ImageSaveHelper
        if how == "preview":
            return io.NodeOutput(ui=ui.PreviewImage(pictures, cls=cls))
        if how == "mask":
            return io.NodeOutput(ui=ui.PreviewMask(pictures[..., 0], cls=cls))
        if how == "animated":
            found = save.get_save_animated_png_ui(
                pictures, "anim", cls=cls, fps=5, compress_level=1
            )
        elif how == "webp":
            found = save.get_save_animated_webp_ui(
                pictures, "anim", cls=cls, fps=5, lossless=True, quality=80, method=0
            )
        else:
            found = save.get_save_images_ui(pictures, "deep/saved", cls=cls)
        return io.NodeOutput(ui=found)


class Steps(io.ComfyNode):
    """Tells how far it is, in both ways that there are."""

    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="Steps", inputs=[], outputs=[], is_output_node=True)

    @classmethod
    async def execute(cls):
        await ComfyAPI().execution.set_progress(1, 4)
        ComfyAPISync().execution.set_progress(value=3, max_value=4)
        return io.NodeOutput(ui=ui.PreviewText("done"))


class Stubborn(io.ComfyNode):
    """Writes on its own class."""

    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="Stubborn", inputs=[], outputs=[], is_output_node=True)

    @classmethod
    def execute(cls):
        cls.count = 1
        return io.NodeOutput()


class Backdrop(io.ComfyNode):
    """Asks for something that is not offered."""

    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="Backdrop", inputs=[], outputs=[], is_output_node=True)

    @classmethod
    def execute(cls):
        return io.NodeOutput(ui=ui.PreviewUI3D("a.glb", None, bg_image=torch.zeros(1)))


class Toys(ComfyExtension):
    async def get_node_list(self):
        return [Everything, Previews, Steps, Stubborn, Backdrop]


async def comfy_entrypoint():
    return Toys()
