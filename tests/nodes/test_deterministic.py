"""Runs that are asked to be exact: what torch cannot do so is refused, and its flags put back."""

import inexact
import pytest
import torch

import graphrun
from graphrun.catalog import Settings


def run(exact, deterministic):
    inexact.SEEN.clear()
    nodes = {"1": {"class_type": "Put", "inputs": {"exact": exact}}}
    session = graphrun.Session(catalog=inexact.catalog(), remember=False)
    return session.run(nodes, settings=Settings(deterministic=deterministic))


def flags():
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    exact = torch.are_deterministic_algorithms_enabled()
    return exact, warns, torch.backends.cudnn.benchmark


@pytest.mark.parametrize("before", [(False, False), (True, False), (True, True)])
def test_what_has_no_exact_form_is_refused_and_flags_are_put_back(before):
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])
    torch.backends.cudnn.benchmark = True
    try:
        refused = run(exact=False, deterministic=True)
        assert refused.status == "failed"
        assert refused.error.diagnostic.code == "not_deterministic"
        assert "--deterministic" in refused.error.diagnostic.hint
        assert inexact.SEEN == [True]
        assert flags() == (*before, True)
        assert run(exact=True, deterministic=True).status == "success"
        assert flags() == (*before, True)
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = False


def test_without_being_asked_it_runs():
    assert run(exact=False, deterministic=False).status == "success"
    assert inexact.SEEN == [False]
