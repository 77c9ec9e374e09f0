"""The values that travel between nodes, with the names of their sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor as _Tensor
from torch import nn
from torch.distributions import Distribution as _Distribution
from torch.optim import Optimizer as _Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as _Dataset

from graphrun.node import Socket

Tensor = Annotated[_Tensor, Socket("TENSOR")]
Image = Annotated[_Tensor, Socket("IMAGE")]
Latent = Annotated[dict[str, Any], Socket("LATENT")]
Size = Annotated[torch.Size, Socket("PTSIZE")]
Array = Annotated[np.ndarray[Any, Any], Socket("NDARRAY")]
Frame = Annotated[Any, Socket("DATAFRAME")]  # of pandas, which only its nodes import
Model = Annotated[nn.Module, Socket("PTMODEL")]
Optimizer = Annotated[_Optimizer, Socket("PTOPTIMIZER")]
Scheduler = Annotated[LRScheduler, Socket("PTLRSCHEDULER")]
Loss = Annotated[nn.Module, Socket("PTLOSS")]
Dataset = Annotated[_Dataset[Any], Socket("PTVDATASET")]
Loader = Annotated[DataLoader[Any], Socket("PTDATALOADER")]
Encoder = Annotated[Callable[..., Any], Socket("PTCALLABLE")]
Function = Annotated[Callable[[_Tensor], _Tensor], Socket("PTCALLABLE")]
Distribution = Annotated[_Distribution, Socket("PTDISTRIBUTION")]
