"""The generated tree: made from the bundle in a folder of its own, checked, and only then put in place.

openapi-python-client renders one module for each schema and operation from our few templates; what those modules share
is plain Python in ``openapi/runtime`` and copied beside them. The generator and its ruff live in a tool environment,
because the generator caps libraries that the project itself uses.
"""

from __future__ import annotations

import ast
import filecmp
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import SpecError
from ..vendoring.regenerated import PLACE, edits, manifest_after
from .bundle import DOCUMENTS, make_bundle
from .deviations import render
from .document import dump, dump_json, load
from .layout import PACKAGE, Layout, Tools
from .staging import beside, move_in, staged

_HEADER = "# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.\n"
_BUNDLE_HEADING = "Joined from the published documents and openapi/overlays by `make generate`. Do not edit."
# Makes the reader of every model: what msgspec cannot read would otherwise be found out by the first worker.
_READ_ALL = f"""
import importlib, sys
sys.path.insert(0, sys.argv[1])
models = importlib.import_module("{PACKAGE}.models")
reader = importlib.import_module("{PACKAGE}.reader").reader
for name in models.__all__:
    try:
        reader(getattr(models, name))
    except ValueError:
        pass  # only sent
    except Exception as error:
        sys.exit(f"model {{name}} cannot be read: {{error}}")
"""
_RUFF = ("--isolated", "--no-cache", "--quiet", "--line-length", "120", "--target-version", "py311")


def build(layout: Layout, tools: Tools, out: Path) -> None:
    """Make the bundle, the page of deviations, the emulator's documents and the package, all below a folder.

    The emulator has the published documents as JSON: it starts at once, and without the YAML reader.

    Args:
        layout: Where the published documents, overlays, templates and settings are.
        tools: The generator and its ruff.
        out: A folder that has none of what is made; afterwards it has all of it, each where the layout says.

    Raises:
        SpecError: A document, an overlay, the generator or its result is not as it should be.
    """
    bundle = make_bundle(layout.documents)
    made = layout.at(out)
    made.documents.mkdir(parents=True, exist_ok=True)
    bundle_path = made.documents / "bundle.yaml"
    _write(bundle_path, dump(bundle.document, _BUNDLE_HEADING))
    _write(made.documents / "DEVIATIONS.md", render(bundle))
    for name, copy in layout.emulator_copies(DOCUMENTS).items():
        made.path(copy).parent.mkdir(parents=True, exist_ok=True)
        _write(made.path(copy), dump_json(load(layout.documents / name), name))
    package = made.path(layout.package)
    _run_generator(layout, tools, bundle_path, package)
    for module in sorted((layout.documents / "runtime").glob("*.py")):
        _write(package / module.name, module.read_text(encoding="utf-8"))
    _write(package / "py.typed", "")
    for module in sorted(package.rglob("*.py")):
        _write(module, _HEADER + module.read_text(encoding="utf-8"))
    ruff = tools.program("ruff")
    _run([ruff, "check", *_RUFF, "--select", "F401,I,UP", "--fix", "."], cwd=package, remedy=tools.remedy)
    _run([ruff, "format", *_RUFF, "."], cwd=package, remedy=tools.remedy)
    refuse_import_cycles(package / "models")
    _run([sys.executable, "-c", _READ_ALL, str(out)], cwd=out)


def generated(layout: Layout) -> tuple[str, ...]:
    """The paths below the root of all that is generated: files, and the package as a folder."""
    return (*layout.papers, *layout.emulator_copies(DOCUMENTS).values(), layout.package)


def generate(layout: Layout, tools: Tools) -> None:
    """Build the tree and put it in place of the one that is there, whole or not at all.

    Raises:
        SpecError: As ``build`` does, or another run is changing the tree; nothing has changed then.
        OSError: A file cannot be moved; nothing has changed then either.
    """
    with staged(layout.root) as folder:
        build(layout, tools, folder / "after")
        move_in(folder, layout.root, with_manifest(layout, folder / "after", generated(layout)))


def with_manifest(layout: Layout, after: Path, names: Iterable[str]) -> list[str]:
    """Let a vendored copy say of itself which of its files are no longer the release's.

    Args:
        layout: The project.
        after: The folder of what is to be moved in; a copy's manifest is put there.
        names: What is to be moved in.

    Returns:
        What is to be moved in, the manifest included.

    Raises:
        SpecError: A generated file of the copy was edited or added by hand, and would be lost.
        VendorError: The manifest that is there cannot be understood.
    """
    edited = edits(layout.root, after, generated(layout))
    if edited:
        message = (
            f"{', '.join(edited)}: was edited or added by hand in this copy, where all of it is generated; nothing "
            f"is written, so that it is not lost. Say it in {layout.openapi} (an overlay, runtime/, templates/), or "
            "keep it elsewhere; then remove the file here, and run this again"
        )
        raise SpecError(message)
    moved = list(names)
    manifest = manifest_after(layout.root, after, moved)
    if manifest is not None:
        (after / PLACE).parent.mkdir(parents=True, exist_ok=True)
        (after / PLACE).write_bytes(manifest)
        moved.append(PLACE)
    return moved


def differences(layout: Layout, tools: Tools) -> list[str]:
    """Build the tree elsewhere and name every file in which the committed one differs, stale files included.

    Raises:
        SpecError: As ``build`` does.
    """
    with beside(layout.root) as out:
        build(layout, tools, out)
        return compared(layout, out)


def compared(layout: Layout, out: Path) -> list[str]:
    """Name every generated file in which the tree differs from what was built below another folder."""
    found: list[str] = []
    root, package = layout.root, layout.package
    for name in generated(layout)[:-1]:
        found += _compare(root / name, out / name, name)
    want, got = set(_files(out / package)), set(_files(root / package))
    for path in sorted(want | got):
        found += _compare(root / package / path, out / package / path, f"{package}/{path}")
    return found


def refuse_import_cycles(models: Path) -> None:
    """Make sure that no model modules import each other in a circle: a circle fails when a worker imports it.

    Raises:
        SpecError: Names the circle.
    """
    modules = [path for path in sorted(models.glob("*.py")) if path.stem != "__init__"]
    imports = {path.stem: [name for name in sorted(_model_imports(path)) if name != path.stem] for path in modules}
    done: set[str] = set()
    for start in imports:
        circle = _circle(start, imports, [], done)
        if circle:
            message = (
                f"model modules import each other in a circle: {' → '.join(circle)}; break it with an "
                "overlay action that takes the reference out of one of these schemas"
            )
            raise SpecError(message)


def _circle(here: str, imports: dict[str, list[str]], trail: list[str], done: set[str]) -> list[str]:
    if here in trail:
        return [*trail[trail.index(here) :], here]
    if here in done:
        return []
    for there in imports.get(here, []):
        found = _circle(there, imports, [*trail, here], done)
        if found:
            return found
    done.add(here)
    return []


def _model_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            yield node.module
        elif isinstance(node, ast.ImportFrom) and node.level == 2 and (node.module or "").startswith("models."):
            yield (node.module or "").removeprefix("models.")


def _run_generator(layout: Layout, tools: Tools, bundle: Path, package: Path) -> None:
    command = [tools.program("openapi-python-client"), "generate"]
    command += ["--path", str(bundle), "--output-path", str(package)]
    command += ["--config", str(layout.path(layout.settings)), "--meta", "none", "--fail-on-warning"]
    command += ["--custom-template-path", str(layout.documents / "templates")]
    _run(command, cwd=layout.root, remedy=tools.remedy)


def _run(command: list[str], cwd: Path, remedy: str = "") -> None:
    name = Path(command[0]).name
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        message = f"{name} cannot be run ({error.strerror}); {remedy}"
        raise SpecError(message) from error
    if done.returncode != 0:
        message = f"{name} failed:\n{(done.stdout + done.stderr).strip()}"
        raise SpecError(message)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


def _compare(mine: Path, fresh: Path, name: str) -> list[str]:
    if not mine.exists():
        return [f"missing: {name}"]
    if not fresh.exists():
        return [f"stale: {name}"]
    return [] if filecmp.cmp(mine, fresh, shallow=False) else [f"differs: {name}"]
