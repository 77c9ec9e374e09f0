"""The order of nodes and inputs in the prompt."""

from convert_toys import inputs, node, run, slot, widget


def test_numbers_ascend_then_text_ids_as_visited():
    def image(id, link=None):
        return node(id, "Image", None, [slot("image", link, "IMAGE")])

    prompt = run(
        image("z", 1), image(30), image(4), image("a"), image(100), image("007"), image(-1),
        links=[[1, "a", 0, "z", 0]],
    )  # fmt: skip
    assert list(prompt.nodes) == ["4", "30", "100", "a", "007", "-1", "z"]


def test_nodes_in_a_cycle_come_last():
    def image(id, link):
        return node(id, "Image", None, [slot("image", link, "IMAGE")])

    prompt = run(
        image("a", 2), image("b", 1), image("c", None),
        links=[[1, "a", 0, "b", 0], [2, "b", 0, "a", 0]],
    )  # fmt: skip
    assert list(prompt.nodes) == ["c", "a", "b"]


def test_widgets_come_first_in_widget_order_then_links_in_slot_order():
    blend = node(
        2, "Blend", [0.5],
        [widget("amount"), slot("second", 1), slot("first", 2), slot("extra", 3)],
    )  # fmt: skip
    links = [[1, 1, 2, 2, 1], [2, 1, 2, 2, 2], [3, 1, 2, 2, 3]]
    prompt = run(node(1, "Load", ["a"]), blend, links=links)
    assert list(inputs(prompt, "2")) == ["amount", "first", "second", "extra"]
