"""The architecture as tests: sizes, contracts, nothing unsafe, schemas that are up to date."""

import ast
import subprocess
import sys
from pathlib import Path

import codes_used
import pytest

from graphrun.diagnostics import table

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("graphrun/**/*.py"), *ROOT.glob("nodes/**/*.py")])


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_sizes(path):
    """A module that outgrows these is two ideas."""
    text = path.read_text()
    assert len(text.splitlines()) <= 320
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.end_lineno - node.lineno + 1 - documented(node)
            assert body <= 40, f"{node.name} has {body} lines"
            positional = [a for a in node.args.args if a.arg not in ("self", "cls")]
            assert len(positional) <= 5, f"{node.name} has {len(positional)} positional parameters"


def documented(node):
    """Lines of the docstring, which do not count."""
    first = node.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return first.end_lineno - first.lineno + 1 if is_text else 0


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_and_public_class_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            plain = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
            assert plain or ast.get_docstring(node) or node.bases, node.name


def test_every_code_of_a_problem_is_explained():
    """What `graphrun explain` and docs/errors.md say of it stands in graphrun/diagnostics/codes/.

    A new code has an entry there and a line in tests/data/codes.txt; `make docs` writes the page.
    """
    used = codes_used.used()
    assert len(used) > 200
    assert {code: place for code, place in used.items() if code not in table.codes()} == {}


UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def unsafe(tree):
    """Loading or running what a file says: pickles, evaluated text, code from a hub."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (n.name for n in names if n.name.split(".")[0] in UNSAFE_MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNSAFE_MODULES:
                yield module
            case ast.Call(func=ast.Name(id="eval" | "exec" | "compile" as name)):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="load")):
                safe = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
                if safe.get("weights_only") is not True:
                    yield "torch.load"
            case ast.keyword(arg="trust_remote_code" | "shell" | "allow_pickle" as name):
                yield name


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_is_loaded_unsafely(path):
    assert list(unsafe(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "torch.load(p)",
        "torch.load(p, weights_only=False)",
        "f(trust_remote_code=True)",
        "run(x, shell=True)",
    ],
)
def test_what_unsafe_means(text):
    assert len(list(unsafe(ast.parse(text)))) == 1


@pytest.mark.parametrize("pack", ["nodes", "core"])
def test_the_committed_node_schemas_are_those_of_the_code(tmp_path, pack):
    folder = tmp_path / pack
    subprocess.run(
        [sys.executable, "-m", "graphrun", "nodes", "export", str(folder)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    made = {p.name: p.read_text() for p in folder.iterdir()}
    committed = {p.name: p.read_text() for p in (ROOT / "schemas" / pack).glob("*.json")}
    assert made == committed, "run `make schemas`"


def test_the_committed_pages_are_those_of_the_code(tmp_path):
    folder = tmp_path / "pages"
    subprocess.run(
        [sys.executable, "-m", "graphrun", "nodes", "export", str(folder), "--format", "md"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=120,
    )
    made = {p.name: p.read_text("utf-8") for p in folder.iterdir()}
    committed = {p.name: p.read_text("utf-8") for p in (ROOT / "docs/nodes").iterdir()}
    assert made == committed, "run `make docs`"


def test_the_import_contracts_hold():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
