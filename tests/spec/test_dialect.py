"""New documents as files: what can be read, and what is wrong with those that cannot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from brex_accounting.errors import SpecError
from brex_accounting.spec.dialect import read_published

from .documents import ACCOUNTING, PROJECT, PUBLISHED, published

TEXT = (PROJECT / "openapi" / ACCOUNTING).read_text(encoding="utf-8")
SMALL = """\
openapi: 3.0.1
info: {title: Small, version: "1"}
tags: [{name: A}]
paths:
  /a:
    get:
      operationId: getA
      parameters:
        - {name: q, in: query, schema: {type: string}}
      responses:
        "200": {description: Yes.}
"""


def typed(schema: str) -> str:
    """The small document, whose parameter has another schema."""
    return SMALL.replace("{type: string}", schema)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """A file with some text or bytes."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "new document.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


class TestReading:
    @pytest.mark.parametrize("name", PUBLISHED)
    def test_yaml_and_json_are_the_same(self, name: str, tmp_path: Path) -> None:
        """A document reads the same from YAML and from JSON, and no value is another one than in the file."""
        (tmp_path / "new.json").write_text(json.dumps(published(name)), encoding="utf-8")
        assert published(name) == read_published(PROJECT / "openapi" / name).tree
        assert published(name) == read_published(tmp_path / "new.json").tree

    def test_what_it_knows_of_the_file(self, file: Callable[[str], Path]) -> None:
        """Title, version, OpenAPI version and the digest of the bytes come along."""
        found = read_published(file(SMALL))
        digest = hashlib.sha256(SMALL.encode()).hexdigest()
        assert ("Small", "1", "3.0.1", digest) == (found.title, found.version, found.openapi, found.sha256)

    def test_a_mark_of_utf_8(self, file: Callable[[bytes], Path]) -> None:
        """A byte order mark at the beginning is no part of the document."""
        assert "Small" == read_published(file(b"\xef\xbb\xbf" + SMALL.encode())).title

    def test_a_date_is_a_text(self, file: Callable[[str], Path]) -> None:
        """OpenAPI has JSON's types: what YAML would take for a date is the text that was written."""
        assert "2026-01-15" == read_published(file(SMALL.replace('"1"', "2026-01-15"))).version

    def test_numbers_as_keys(self, file: Callable[[str], Path]) -> None:
        """A status without quotes is a text, as in JSON."""
        tree = read_published(file(SMALL.replace('"200"', "200"))).tree
        assert ["200"] == list(tree["paths"]["/a"]["get"]["responses"])

    def test_aliases_are_written_out(self, file: Callable[[str], Path]) -> None:
        """What YAML keeps once is twice there, so that one can be changed without the other."""
        text = typed("&t {type: string}")
        text += "components: {schemas: {A: *t, B: *t}}\n"
        schemas = read_published(file(text)).tree["components"]["schemas"]
        assert schemas["A"] == schemas["B"] == {"type": "string"}
        assert schemas["A"] is not schemas["B"]

    def test_a_version_without_its_last_number(self, file: Callable[[str], Path]) -> None:
        """``openapi: 3.1`` is a number in YAML and 3.1.0 in OpenAPI."""
        assert "3.1.0" == read_published(file(SMALL.replace("3.0.1", "3.1"))).openapi


class TestRefusals:
    """Each with the file, the place and the remedy."""

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            ("", "is empty; download it again"),
            (" \n", "is empty; download it again"),
            ("<!DOCTYPE html><title>Sign in</title>", "is a web page or XML, perhaps of a login"),
            ("\n\n  <html></html>", "is a web page or XML"),
            (SMALL.encode("utf-16"), "is not in UTF-8 (UTF-16); save it in UTF-8"),
            (SMALL.replace("Small", "Pêche").encode("latin-1"), "is not in UTF-8 (at byte 30); save it in UTF-8"),
            (SMALL.replace("Small", "S\0mall"), "holds NUL characters"),
            ('{"openapi": "3.0.1", "info": {', "cannot be read as JSON: Expecting property name"),
            ('{"openapi": "3.0.1", "openapi": "3.0.2"}', "the key 'openapi' stands twice in one object"),
            ('{"openapi": NaN}', "NaN is no number"),
            ("openapi: [3.0.1\n", "cannot be read as YAML"),
            (SMALL.replace("in: query", "in: query, in: path"), 'line 9: found duplicate key "in"'),
            (SMALL + '        200: {description: "No."}\n', "paths./a.get.responses.200: the key stands twice"),
            (typed("{type: string, default: .nan}"), "parameters[0].schema.default: nan is no"),
            (typed("{default: !!binary aGk=}"), "schema.default: b'hi' is no value of JSON"),
            (typed("{default: !!python/none x}"), "cannot be read as YAML: could not determine"),
            ('{"openapi": "3.0.1", "x": "\\ud800"}', "is no value of JSON"),
            (SMALL.replace("title: Small", "true: Small"), "info: the key True is no text; put it into quotes"),
            ("- openapi\n", "holds no object at the top"),
            ("just a text\n", "holds no object at the top"),
            ("a: &a\n  b: *a\n", "is nested without end; a YAML alias in it may lead to itself"),
            ("swagger: '2.0'\n", "is Swagger 2.0; convert it to OpenAPI 3.0 first"),
            ("info: {}\n", "has no key openapi"),
            (SMALL.replace("3.0.1", "3.2.0"), "is OpenAPI 3.2.0; what can be read is 3.0 and 3.1"),
            (SMALL.replace("3.0.1", "4"), "is OpenAPI 4; what can be read is 3.0 and 3.1"),
            ("openapi: 3.0.1\n", "has no info; if the file is cut off"),
            (SMALL.split("paths", maxsplit=1)[0], "has no paths; if the file is cut off, download it again"),
            (typed("{$ref: '#/components/schemas/A'}"), "'#/components/schemas/A' leads nowhere"),
            (typed("{$ref: 'a.yaml'}"), "'a.yaml' leads into another file; bundle the files"),
            (SMALL.replace("operationId: getA", "security: [{Key: []}]"), "the security scheme 'Key' is not there"),
            (SMALL.replace("{name: A}", "{name: A}, {name: A}"), "tags: 'A' stands there twice"),
            (typed("{}}\n        - {name: q, in: query, schema: {}"), "GET /a parameters: 'query q'"),
            (typed("{type: [string, 'null']}"), "type: ['string', 'null'] is not of type 'string'"),
            (SMALL.replace('"1"', "1.0"), "info.version: 1.0 is not of type 'string'; if the file is cut off"),
            (SMALL.replace("{description: Yes.}", "{}"), "paths./a.get.responses.200"),
        ],
    )  # fmt: skip
    def test_each_is_named(self, file: Callable[[str | bytes], Path], content: str | bytes, complaint: str) -> None:
        """A file that is no whole document stops with what is wrong with it."""
        with pytest.raises(SpecError) as caught:
            read_published(file(content))
        assert str(caught.value).startswith("new document.yaml: ")
        assert complaint in str(caught.value)

    def test_no_file(self, tmp_path: Path) -> None:
        """A file that is not there, or is a folder, is an error like any other."""
        with pytest.raises(SpecError, match=r"^gone\.yaml: cannot be read \(No such file or directory\)"):
            read_published(tmp_path / "gone.yaml")
        with pytest.raises(SpecError, match=r"cannot be read \(Is a directory\)"):
            read_published(tmp_path)

    def test_many_values_of_few_lines(self, file: Callable[[str], Path]) -> None:
        """Aliases of aliases of aliases stop before they fill the memory."""
        lines = ["l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
        lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
        with pytest.raises(SpecError, match=r"has more than 500,000 values"):
            read_published(file("\n".join(lines)))

    @pytest.mark.parametrize("lines", range(5, TEXT.count("\n"), 83))
    def test_a_file_that_is_cut_off(self, file: Callable[[str], Path], lines: int) -> None:
        """Wherever a document ends too early, at the end of a line too, it is no document."""
        with pytest.raises(SpecError):
            read_published(file("\n".join(TEXT.splitlines()[:lines])))
