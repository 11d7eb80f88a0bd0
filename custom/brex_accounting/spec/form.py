"""The form that OpenAPI gives the parts of a document: what is of another form cannot be compared."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import SpecError
from .document import METHODS, Location, Node, is_list, is_object, show


class Form:
    """Looks a document over, and refuses the first part that is an object where a list belongs, and the like.

    Args:
        name: What to call the document in an error.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def check(self, tree: Node) -> None:
        """Look a document over.

        Raises:
            SpecError: A part has another form; the text names the place.
        """
        try:
            self._document(tree)
        except RecursionError as error:
            message = f"{self._name}: is nested too deeply to be compared"
            raise SpecError(message) from error

    def _document(self, tree: Node) -> None:
        for root in ("paths", "x-webhooks"):
            for path, item in self._object(tree, root, ()).items():
                self._item(self._an_object(item, (root, path)), (root, path))
        if "version" not in self._object(tree, "info", ()):
            self._refuse(("info",), "a version")
        for index, tag in enumerate(self._list(tree, "tags", ())):
            if not isinstance(self._an_object(tag, ("tags", index)).get("name"), str):
                self._refuse(("tags", index), "a tag with a name")
        self._servers(tree, ())
        self._security(tree, ())
        components = self._object(tree, "components", ())
        at: Location = ("components",)
        for section, parts in components.items():
            for name, part in self._an_object(parts, (*at, section)).items():
                self._component(section, self._an_object(part, (*at, section, name)), (*at, section, name))

    def _component(self, section: str, part: Node, at: Location) -> None:
        match section:
            case "schemas":
                self._schema(part, at)
            case "parameters" | "headers":
                self._schema(self._object(part, "schema", at), (*at, "schema"))
                self._content(part, at)
            case "requestBodies" | "responses":
                self._content(part, at)
            case "securitySchemes":
                for flow, settings in self._object(part, "flows", at).items():
                    self._object(self._an_object(settings, (*at, "flows", flow)), "scopes", (*at, "flows", flow))
            case _:
                pass

    def _item(self, item: Node, at: Location) -> None:
        self._parameters(item, at)
        self._servers(item, at)
        for method in METHODS:
            if method in item:
                here = (*at, method)
                operation = self._an_object(item[method], here)
                self._parameters(operation, here)
                self._servers(operation, here)
                self._security(operation, here)
                self._text_list(operation, "tags", here)
                self._content(self._object(operation, "requestBody", here), (*here, "requestBody"))
                for code, answer in self._object(operation, "responses", here).items():
                    self._content(self._an_object(answer, (*here, "responses", code)), (*here, "responses", code))

    def _parameters(self, holder: Node, at: Location) -> None:
        for index, parameter in enumerate(self._list(holder, "parameters", at)):
            here = (*at, "parameters", index)
            node = self._an_object(parameter, here)
            if "$ref" not in node and not (isinstance(node.get("name"), str) and isinstance(node.get("in"), str)):
                self._refuse(here, "a parameter with a name and a place (in)")
            self._schema(self._object(node, "schema", here), (*here, "schema"))
            self._content(node, here)

    def _content(self, holder: Node, at: Location) -> None:
        for media, body in self._object(holder, "content", at).items():
            here = (*at, "content", media)
            self._schema(self._object(self._an_object(body, here), "schema", here), (*here, "schema"))

    def _servers(self, holder: Node, at: Location) -> None:
        for index, server in enumerate(self._list(holder, "servers", at)):
            if not isinstance(self._an_object(server, (*at, "servers", index)).get("url"), str):
                self._refuse((*at, "servers", index), "a server with a url")

    def _security(self, holder: Node, at: Location) -> None:
        for index, needs in enumerate(self._list(holder, "security", at)):
            here = (*at, "security", index)
            for scheme in self._an_object(needs, here):
                self._text_list(needs, scheme, here)

    def _schema(self, schema: Node, at: Location) -> None:
        for name, part in self._object(schema, "properties", at).items():
            self._schema(self._an_object(part, (*at, "properties", name)), (*at, "properties", name))
        for key in ("items", "not", "additionalProperties"):
            if key in schema and not (key == "additionalProperties" and isinstance(schema[key], bool)):
                self._schema(self._object(schema, key, at), (*at, key))
        for key in ("allOf", "oneOf", "anyOf"):
            for index, part in enumerate(self._list(schema, key, at)):
                self._schema(self._an_object(part, (*at, key, index)), (*at, key, index))
        self._text_list(schema, "required", at)
        self._list(schema, "enum", at)
        for key in ("type", "format", "$ref"):
            if not isinstance(schema.get(key, ""), str):
                self._refuse((*at, key), "a string")

    def _object(self, holder: Node, key: str, at: Location) -> Node:
        return self._an_object(holder.get(key, {}), (*at, key))

    def _list(self, holder: Node, key: str, at: Location) -> list[Any]:
        found: object = holder.get(key, [])
        if not is_list(found):
            self._refuse((*at, key), "a list")
        return found

    def _text_list(self, holder: Node, key: str, at: Location) -> None:
        for index, part in enumerate(self._list(holder, key, at)):
            if not isinstance(part, str):
                self._refuse((*at, key, index), "a string")

    def _an_object(self, found: object, at: Location) -> Node:
        if not is_object(found):
            self._refuse(at, "an object")
        return found

    def _refuse(self, at: Location, expected: str) -> NoReturn:
        message = f"{self._name}: {show(at)}: expected {expected}, so the document cannot be compared"
        raise SpecError(message)


__all__ = ["Form"]
