"""Toys about tensors."""

import torch
from toybox import Toy, called, mapping


class Gradient(Toy):
    """Trains a little: whether gradients are on at first, whether inference mode is, a gradient."""

    RETURN_TYPES = ("BOOLEAN", "BOOLEAN", "FLOAT")

    @classmethod
    def INPUT_TYPES(cls):
        return {}

    def run(self):
        found = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        with torch.enable_grad():
            weight = torch.ones(1, requires_grad=True)
            (weight * 2).sum().backward()
        return (*found, weight.grad.item())


class Ones(Toy):
    """A tensor."""

    RETURN_TYPES = ("TENSOR",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"count": ("INT",)}}

    def run(self, count):
        called("Ones", count=count)
        return (torch.ones(count),)


class Scale(Toy):
    """Multiplies a tensor in place, and gives its numbers."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"tensor": ("TENSOR",), "by": ("FLOAT",)}}

    def run(self, tensor, by):
        return (tensor.mul_(by).tolist(),)


class Batch(Toy):
    """The rows of a tensor, one by one."""

    RETURN_TYPES = ("*",)
    OUTPUT_IS_LIST = (True,)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"tensor": ("TENSOR",)}}

    def run(self, tensor):
        return (tensor,)


class Numbers(Toy):
    """A tensor as plain numbers."""

    RETURN_TYPES = ("*",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"tensor": ("*",)}}

    def run(self, tensor):
        return (tensor.tolist(),)


NODE_CLASS_MAPPINGS = mapping(Gradient, Ones, Scale, Batch, Numbers)
