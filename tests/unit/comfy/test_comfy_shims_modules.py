"""What the stand-ins do, as packs call them."""

import importlib
from pathlib import Path

import pytest

from graphrun.catalog.running import CALL, Settings, Silent
from graphrun.comfy import finder
from graphrun.errors import Cancelled


@pytest.fixture(autouse=True)
def _installed():
    finder.install()


class Toy(Silent):
    """A call that remembers what it was told."""

    node_id = "7"
    index = 2

    def __init__(self, settings=None, stop=False):
        super().__init__(settings)
        self.steps, self.notices, self.stop = [], [], stop

    def progress(self, step, total, metrics):
        if self.stop:
            raise Cancelled
        self.steps.append((step, total))

    def notice(self, message, **rest):
        self.notices.append((message, rest["severity"]))

    def cancelled(self):
        return self.stop


@pytest.fixture
def call(request):
    toy = Toy(**getattr(request, "param", {}))
    token = CALL.set(toy)
    yield toy
    CALL.reset(token)


def module(name):
    return importlib.import_module(name)


def test_progress_goes_to_the_run_and_stays_below_its_total(call):
    bar = module("comfy.utils").ProgressBar(3, node_id="7")
    bar.update(1)
    bar.update_absolute(9)
    bar.update_absolute(2, 4, preview=object())
    assert call.steps == [(1, 3), (3, 3), (2, 4)]


def test_totals_that_are_no_whole_numbers(call):
    module("comfy.utils").ProgressBar(0.5).update(0.125)
    assert call.steps == [(250, 1000)]


@pytest.mark.parametrize("call", [{"stop": True}], indirect=True)
def test_progress_is_where_a_run_can_be_cancelled(call):
    management = module("comfy.model_management")
    assert management.processing_interrupted()
    with pytest.raises(management.InterruptProcessingException):
        module("comfy.utils").ProgressBar(3).update(1)
    with pytest.raises(Cancelled):
        management.throw_exception_if_processing_interrupted()


def test_a_node_can_stop_the_run(call):
    management = module("comfy.model_management")
    management.throw_exception_if_processing_interrupted()
    management.interrupt_current_processing(False)
    with pytest.raises(Cancelled):
        management.interrupt_current_processing()


def test_a_hook_of_a_pack_is_called_as_well(call):
    utils, seen = module("comfy.utils"), []
    utils.set_progress_bar_global_hook(lambda *a, **k: seen.append((a, k)))
    try:
        utils.ProgressBar(2, node_id="7").update(1)
    finally:
        utils.set_progress_bar_global_hook(None)
    assert seen == [((1, 2, None), {"node_id": "7"})]
    assert call.steps == [(1, 2)]


@pytest.mark.parametrize("call", [{"settings": Settings(device="cpu")}], indirect=True)
def test_the_device_is_that_of_the_run(call):
    management = module("comfy.model_management")
    assert management.get_torch_device().type == "cpu"
    assert management.unet_offload_device().type == "cpu"
    assert management.cpu_mode()
    assert not management.should_use_fp16()
    assert management.vram_state is management.VRAMState.DISABLED
    assert management.cpu_state is management.CPUState.CPU
    assert module("comfy.cli_args").args.cpu
    total, free = management.get_total_memory(), management.get_free_memory()
    assert 0 < free < total


@pytest.mark.parametrize("call", [{"settings": Settings(device="cuda")}], indirect=True)
def test_a_device_that_was_asked_for_is_not_replaced(call):
    assert module("comfy.model_management").get_torch_device().type == "cuda"


@pytest.mark.parametrize("call", [{"settings": Settings(device="cpu")}], indirect=True)
def test_plain_modules_are_moved_and_others_refused(call):
    import torch

    management = module("comfy.model_management")
    layer = torch.nn.Linear(2, 2, dtype=torch.float64)
    management.load_models_gpu([layer])
    assert layer.weight.device.type == "cpu"
    assert management.module_size(layer) == 6 * 8
    with pytest.raises(AttributeError, match="load_models_gpu for a dict"):
        management.load_models_gpu([{}])
    with pytest.raises(management.OOM_EXCEPTION):
        raise torch.OutOfMemoryError


def test_weights_are_read_and_written_safely(tmp_path):
    import torch

    utils = module("comfy.utils")
    file = tmp_path / "a.safetensors"
    utils.save_torch_file({"w": torch.ones(2)}, file, metadata={"k": "v"})
    found, metadata = utils.load_torch_file(str(file), return_metadata=True)
    assert found["w"].tolist() == [1, 1]
    assert metadata == {"k": "v"}
    torch.save({"state_dict": {"w": torch.zeros(1)}}, tmp_path / "b.pt")
    assert utils.load_torch_file(tmp_path / "b.pt")["w"].tolist() == [0]
    torch.save({"path": Path("x")}, tmp_path / "c.pt")
    with pytest.raises(Exception, match="Weights only load failed"):
        utils.load_torch_file(tmp_path / "c.pt", safe_load=False)


def test_batches_get_the_wanted_length():
    import torch

    utils, batch = module("comfy.utils"), torch.arange(3)
    assert utils.repeat_to_batch_size(batch, 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert utils.repeat_to_batch_size(batch, 2).tolist() == [0, 1]
    assert utils.repeat_to_batch_size(batch[None], 4, dim=1).tolist() == [[0, 1, 2, 0]]
    assert utils.resize_to_batch_size(batch, 6).tolist() == [0, 0, 1, 1, 2, 2]
    assert utils.resize_to_batch_size(batch, 2).tolist() == [0, 2]
    assert utils.resize_to_batch_size(batch, 1).tolist() == [0]


def test_masks_get_the_wanted_shape():
    import torch

    reshape = module("comfy.utils").reshape_mask
    mask = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    assert reshape(mask, (2, 4, 4, 4)).shape == (2, 4, 4, 4)
    assert reshape(mask[None], (1, 1, 2, 2))[0, 0].tolist() == mask.tolist()
    assert reshape(mask[None, None], (3, 2, 2, 2)).shape == (3, 2, 2, 2)


def test_tiles_put_together_are_the_whole():
    import torch

    utils = module("comfy.utils")
    picture = torch.rand(2, 3, 19, 30)
    calls = []

    def double(tile):
        calls.append(tile.shape)
        return tile.repeat_interleave(2, -1).repeat_interleave(2, -2)

    done = utils.tiled_scale(picture, double, 8, 8, overlap=4, upscale_amount=2)
    assert torch.allclose(done, double(picture))
    assert len(calls) - 1 == 2 * utils.get_tiled_scale_steps(30, 19, 8, 8, 4)
    assert max(max(shape[-2:]) for shape in calls[:-1]) == 8


def test_weights_by_name_and_by_path():
    import torch

    utils = module("comfy.utils")
    weights = {"a.x": torch.ones(2), "a.y": torch.ones(3), "b": torch.ones(1).half()}
    assert utils.calculate_parameters(weights, "a.") == 5
    assert utils.weight_dtype(weights) is torch.float32
    assert set(utils.state_dict_prefix_replace(dict(weights), {"a.": "c."})) == {"c.x", "c.y", "b"}
    some = utils.state_dict_prefix_replace(dict(weights), {"a.": ""}, filter_keys=True)
    assert set(some) == {"x", "y"}
    assert set(utils.state_dict_key_replace(weights, {"b": "d"})) == {"a.x", "a.y", "d"}
    layers = torch.nn.Sequential(torch.nn.Linear(1, 1))
    before = utils.get_attr(layers, "0.weight")
    assert utils.set_attr_param(layers, "0.weight", torch.zeros(1, 1)) is before
    utils.copy_to_param(layers, "0.weight", torch.full((1, 1), 2.0))
    assert layers[0].weight.item() == 2
    assert utils.string_to_seed("123456789") == 0xCBF43926  # CRC-32's check value


def test_types_are_strings_and_unions_know_their_parts():
    types = module("comfy.comfy_types")
    assert types.IO.IMAGE == "IMAGE"
    assert f"{types.IO.ANY}" == "*"
    assert not types.IO.ANY != "IMAGE"  # noqa: SIM202
    assert not types.IO.NUMBER != "INT"  # noqa: SIM202
    assert types.IO.INT != "STRING"
    assert types.IO.INT != 3
    assert {types.IO.INT: 1}["INT"] == 1
    assert types.CheckLazyMixin().check_lazy_status(a=None, b=0) == ["a"]
    with pytest.raises(TypeError, match="INPUT_TYPES"):
        type("Node", (types.ComfyNodeABC,), {})()


def test_the_options_are_those_of_comfyui_without_any():
    args = module("comfy.cli_args").args
    assert (args.port, args.disable_metadata, args.cuda_device) == (8188, False, None)
    assert not hasattr(args, "nothing")


def test_a_node_can_ask_which_node_it_is(call):
    context = module("comfy_execution.utils").get_executing_context()
    assert (context.node_id, context.list_index) == ("7", 2)
    module("comfy_execution.progress").get_progress_state().update_progress("7", 1, 3, None)
    assert call.steps == [(1, 3)]


def test_outside_of_a_run_there_is_no_node():
    assert module("comfy_execution.utils").get_executing_context() is None


@pytest.mark.parametrize(
    ("given", "wanted", "fits", "fits_strictly"),
    [
        ("INT", "INT", True, True),
        ("INT", "FLOAT", False, False),
        ("INT,FLOAT", "INT", True, False),
        ("INT", "INT,FLOAT", True, True),
        ("*", "INT", True, True),
        ("INT", "*", True, True),
    ],
)
def test_types_fit_by_the_rules_of_the_engine(given, wanted, fits, fits_strictly):
    fit = module("comfy_execution.validation").validate_node_input
    assert fit(given, wanted) is fits
    assert fit(given, wanted, strict=True) is fits_strictly


def test_blockers_are_of_one_kind():
    names = ("comfy_execution.graph", "comfy_execution.graph_utils", "execution")
    assert len({module(name).ExecutionBlocker for name in names}) == 1


def test_routes_and_handlers_are_kept_and_functions_stay_what_they_are():
    server = module("server").PromptServer.instance

    async def handler(request):
        return None

    assert server.routes.get("/toy")(handler) is handler
    assert ("GET", "/toy", handler) in server.routes
    server.add_on_prompt_handler(handler)
    assert handler in server.on_prompt_handlers
    server.app.router.add_static("/toy", "folder")
    server.app.router.add_post("/toy", handler)
    server.app.add_routes([object()])
    assert "custom_nodes_from_web" in server.supports
    assert server.prompt_queue.get_current_queue() == ([], [])


def test_texts_about_progress_reach_the_user_and_other_messages_nobody(call):
    server = module("server").PromptServer.instance
    server.send_sync("toy", {"a": 1})
    server.send_progress_text("half", "7")
    assert call.notices == [("half", "info")]
    assert server.last_node_id == "7"


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("comfyui_version", "__version__"),
        ("latent_preview", "get_previewer"),
        ("protocol", "BinaryEventTypes"),
        ("app.logger", "get_logs"),
        ("cuda_malloc", "cuda_malloc_supported"),
        ("comfy.options", "enable_args_parsing"),
        ("execution", "PromptExecutor"),
        ("app.user_manager", "UserManager"),
    ],
)
def test_smaller_modules_are_there(name, attribute):
    assert hasattr(module(name), attribute)
    assert not hasattr(module(name), "nothing_of_this_name")


def test_packs_may_note_folders_for_the_browser():
    import nodes

    nodes.EXTENSION_WEB_DIRS["toys"] = "/toys/web"
    assert nodes.EXTENSION_WEB_DIRS.pop("toys") == "/toys/web"
    assert nodes.LOADED_MODULE_DIRS == {}
