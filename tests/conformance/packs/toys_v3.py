"""Toys of the third API."""

import asyncio
from enum import Enum

from comfy_api.latest import ComfyAPI, ComfyAPISync, ComfyExtension, io, ui
from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder
from toybox import LOADED, WORLD, called


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class V3Word(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Word",
            category="toys",
            inputs=[
                io.String.Input("text", default="word"),
                io.String.Input("by", optional=True, default="-"),
            ],
            outputs=[io.String.Output(), io.Int.Output(display_name="length")],
        )

    @classmethod
    def execute(cls, text, by=None):
        called("V3Word", text=text, by=by)
        return io.NodeOutput(text if by is None else by.join(text), len(text))


class V3Show(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Show",
            category="toys",
            inputs=[io.AnyType.Input("value")],
            outputs=[io.AnyType.Output()],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, value):
        called("V3Show", value=value)
        return io.NodeOutput(value, ui={"shown": [value]})


class V3Text(io.ComfyNode):
    """Shows a text with a helper of the API, and has no outputs."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Text",
            category="toys",
            inputs=[io.String.Input("text")],
            is_output_node=True,
        )

    @classmethod
    async def execute(cls, text):
        await asyncio.sleep(0)
        return io.NodeOutput(ui=ui.PreviewText(text))


class V3Widgets(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Widgets",
            category="toys",
            inputs=[
                io.Int.Input("whole", default=1, min=0, max=10, optional=True),
                io.Float.Input("real", default=0.5, max=1.0, optional=True),
                io.Boolean.Input("flag", default=False, optional=True),
                io.Combo.Input("mode", options=["fast", "slow"], optional=True),
                io.Combo.Input("colour", options=Colour, optional=True),
                io.MultiCombo.Input("several", options=["a", "b"], optional=True),
                io.MultiType.Input("number", types=[io.Int, io.Float], optional=True),
                io.Custom("THING").Input("thing", optional=True),
            ],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def execute(cls, **inputs):
        called("V3Widgets", **inputs)
        return io.NodeOutput(inputs)


class V3Returns(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Returns",
            category="toys",
            inputs=[io.String.Input("how")],
            outputs=[io.Int.Output("one"), io.Int.Output("two")],
        )

    @classmethod
    def execute(cls, how):
        called("V3Returns", how=how)
        return {
            "output": io.NodeOutput(1, 2),
            "tuple": (1, 2),
            "dict": {"result": (1, 2), "ui": {"seen": ["x"]}},
            "nothing": None,
            "text": "ab",
            "blocks": io.NodeOutput(1, 2, block_execution="shut"),
            "only blocks": io.NodeOutput(block_execution="shut"),
            "blocker": ExecutionBlocker("shut"),
        }[how]


class V3Hidden(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Hidden",
            category="toys",
            inputs=[io.AnyType.Input("value", optional=True)],
            outputs=[io.AnyType.Output()],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def execute(cls, value=None):
        found = {
            "id": cls.hidden.unique_id,
            "nodes": sorted(cls.hidden.prompt),
            "info": cls.hidden.extra_pnginfo,
            "undeclared": cls.hidden.auth_token_comfy_org,
        }
        return io.NodeOutput(found)


class V3State(io.ComfyNode):
    """Tries to leave something on the class."""

    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="V3State", category="toys", inputs=[], outputs=[io.Int.Output()])

    @classmethod
    def execute(cls):
        cls.calls = 1
        return io.NodeOutput(1)


class V3Grow(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        by_prefix = io.Autogrow.TemplatePrefix(io.Int.Input("number"), prefix="n", min=2, max=4)
        by_name = io.Autogrow.TemplateNames(
            io.String.Input("part", optional=True), names=["head", "foot"], min=0
        )
        return io.Schema(
            node_id="V3Grow",
            category="toys",
            inputs=[
                io.Autogrow.Input("numbers", template=by_prefix),
                io.Autogrow.Input("parts", template=by_name, optional=True),
            ],
            outputs=[io.Int.Output()],
        )

    @classmethod
    def execute(cls, numbers, parts=None):
        called("V3Grow", numbers=numbers, parts=parts)
        return io.NodeOutput(sum(numbers.values()))


class V3Mode(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Mode",
            category="toys",
            inputs=[
                io.DynamicCombo.Input(
                    "mode",
                    options=[
                        io.DynamicCombo.Option("add", [io.Int.Input("by", min=0, max=9)]),
                        io.DynamicCombo.Option("name", [io.String.Input("text")]),
                        io.DynamicCombo.Option("none", []),
                    ],
                )
            ],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def execute(cls, mode):
        called("V3Mode", mode=mode)
        return io.NodeOutput(mode)


class V3Nested(io.ComfyNode):
    """A growing input inside of a choice."""

    @classmethod
    def define_schema(cls):
        template = io.Autogrow.TemplatePrefix(io.Int.Input("number"), prefix="n", min=1, max=3)
        return io.Schema(
            node_id="V3Nested",
            category="toys",
            inputs=[
                io.DynamicCombo.Input(
                    "mode",
                    options=[
                        io.DynamicCombo.Option(
                            "sum", [io.Autogrow.Input("numbers", template=template)]
                        ),
                        io.DynamicCombo.Option("zero", []),
                    ],
                )
            ],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def execute(cls, mode):
        called("V3Nested", mode=mode)
        return io.NodeOutput(sum(mode.get("numbers", {}).values()))


class V3Slot(io.ComfyNode):
    """A socket that brings an input of its own when it is connected."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Slot",
            category="toys",
            inputs=[
                io.DynamicSlot.Input(
                    slot=io.Int.Input("number", optional=True), inputs=[io.Int.Input("times")]
                )
            ],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def execute(cls, number=None):
        called("V3Slot", number=number)
        return io.NodeOutput(number)


class V3Same(io.ComfyNode):
    """Two inputs of the same type, whatever it is."""

    @classmethod
    def define_schema(cls):
        same = io.MatchType.Template("same")
        return io.Schema(
            node_id="V3Same",
            category="toys",
            inputs=[
                io.MatchType.Input("a", template=same),
                io.MatchType.Input("b", template=same),
            ],
            outputs=[io.MatchType.Output(template=same)],
        )

    @classmethod
    def execute(cls, a, b):
        called("V3Same", a=a, b=b)
        return io.NodeOutput(b)


class V3Lists(io.ComfyNode):
    """Takes whole lists and gives one."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Lists",
            category="toys",
            inputs=[io.AnyType.Input("values"), io.Int.Input("times", default=1)],
            outputs=[io.AnyType.Output(is_output_list=True)],
            is_input_list=True,
        )

    @classmethod
    def execute(cls, values, times):
        called("V3Lists", values=values, times=times)
        return io.NodeOutput(values * times[0])


class V3Either(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Either",
            category="toys",
            inputs=[
                io.Boolean.Input("which"),
                io.AnyType.Input("yes", lazy=True, optional=True),
                io.AnyType.Input("no", lazy=True, optional=True),
            ],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def check_lazy_status(cls, which, yes=None, no=None):
        return ["yes"] if which else ["no"]

    @classmethod
    def execute(cls, which, yes=None, no=None):
        called("V3Either", which=which, yes=yes, no=no)
        return io.NodeOutput(yes if which else no)


class V3Guard(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Guard",
            category="toys",
            inputs=[io.Int.Input("value", min=0, max=10)],
            outputs=[io.Int.Output()],
        )

    @classmethod
    def validate_inputs(cls, value):
        return True if value % 2 == 0 else f"{value} is odd"

    @classmethod
    def execute(cls, value):
        called("V3Guard", value=value)
        return io.NodeOutput(value)


class V3Watch(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Watch",
            category="toys",
            inputs=[io.String.Input("name")],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def fingerprint_inputs(cls, name):
        token = WORLD.get("token", 0)
        return float("nan") if token == "NaN" else token

    @classmethod
    def execute(cls, name):
        called("V3Watch", name=name)
        return io.NodeOutput(WORLD.get(name))


class V3Fresh(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Fresh",
            category="toys",
            inputs=[io.Int.Input("value")],
            outputs=[io.Int.Output()],
            not_idempotent=True,
        )

    @classmethod
    def execute(cls, value):
        called("V3Fresh", value=value)
        return io.NodeOutput(value)


class V3Extra(io.ComfyNode):
    """Takes what is not declared, too."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Extra",
            category="toys",
            inputs=[io.Int.Input("value")],
            outputs=[io.AnyType.Output()],
            accept_all_inputs=True,
        )

    @classmethod
    def execute(cls, value, **more):
        called("V3Extra", value=value, **more)
        return io.NodeOutput(more)


class V3Raw(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Raw",
            category="toys",
            inputs=[io.AnyType.Input("value", raw_link=True)],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def execute(cls, value):
        return io.NodeOutput([*value])


class V3Expand(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Expand",
            category="toys",
            inputs=[io.Int.Input("value")],
            outputs=[io.Int.Output()],
            enable_expand=True,
        )

    @classmethod
    def execute(cls, value):
        graph = GraphBuilder()
        add = graph.node("Add", a=value, b=10)
        return io.NodeOutput(add.out(0), expand=graph.finalize())


class V3ExpandUnsaid(V3Expand):
    """Expands without having said so."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3ExpandUnsaid",
            category="toys",
            inputs=[io.Int.Input("value")],
            outputs=[io.Int.Output()],
        )


class V3Loaded(io.ComfyNode):
    """What happened when the pack was loaded."""

    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="V3Loaded", inputs=[], outputs=[io.AnyType.Output()])

    @classmethod
    def execute(cls):
        return io.NodeOutput([one for one in LOADED if one.startswith("v3")])


class V3Steps(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3Steps", inputs=[io.Int.Input("total")], outputs=[io.Int.Output()]
        )

    @classmethod
    def execute(cls, total):
        for step in range(1, total + 1):
            ComfyAPISync().execution.set_progress(step, total)
        return io.NodeOutput(total)


class V3StepsAsync(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="V3StepsAsync", inputs=[io.Int.Input("total")], outputs=[io.Int.Output()]
        )

    @classmethod
    async def execute(cls, total):
        for step in range(1, total + 1):
            await ComfyAPI().execution.set_progress(step, total)
        return io.NodeOutput(total)


class V3Patient(io.ComfyNode):
    """Asks for the members of a list that grows."""

    @classmethod
    def define_schema(cls):
        template = io.Autogrow.TemplatePrefix(
            io.Int.Input("number", lazy=True), prefix="n", min=1, max=3
        )
        return io.Schema(
            node_id="V3Patient",
            inputs=[io.Int.Input("most"), io.Autogrow.Input("numbers", template=template)],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def check_lazy_status(cls, most, numbers):
        called("V3Patient.check_lazy_status", numbers=numbers)
        return [name for value, name in list(numbers.values())[:most] if value is None]

    @classmethod
    def execute(cls, most, numbers):
        called("V3Patient", numbers=numbers)
        return io.NodeOutput(numbers)


class Toys(ComfyExtension):
    async def on_load(self):
        LOADED.append("v3: on_load")

    async def get_node_list(self):
        LOADED.append("v3: get_node_list")
        return [
            V3Loaded,
            V3Steps,
            V3StepsAsync,
            V3Patient,
            V3Word,
            V3Show,
            V3Text,
            V3Widgets,
            V3Returns,
            V3Hidden,
            V3State,
            V3Grow,
            V3Mode,
            V3Nested,
            V3Slot,
            V3Same,
            V3Lists,
            V3Either,
            V3Guard,
            V3Watch,
            V3Fresh,
            V3Extra,
            V3Raw,
            V3Expand,
            V3ExpandUnsaid,
        ]


async def comfy_entrypoint():
    return Toys()
