"""What Matplotlib draws, made fit for a page: its colours, a title and a description, nothing that is not needed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

_SPACE = re.compile(r"\s+")
_LONG_FRACTION = re.compile(r"(\d+\.\d)\d+")
_FONT = re.compile(r"font-family:[^;\"]*;?\s*")


def accessible(drawn: str, name: str, title: str, description: str, inks: Mapping[str, str]) -> str:
    """An SVG document of Matplotlib's as an element for HTML, which screen readers call by its title.

    Args:
        drawn: The document.
        name: What tells its ids from those of other charts.
        title: What it shows.
        description: What can be seen in it, in words.
        inks: CSS variable → the colour that stands for it in the document.
    """
    root = ElementTree.fromstring(drawn)
    colours = {colour: f"var(--{ink})" for ink, colour in inks.items()}
    for element in list(root.iter()):
        element.tag = element.tag.rpartition("}")[2]
        for child in [c for c in element if c.tag.endswith(("}metadata", "}style"))]:
            element.remove(child)
        _tidy(element, colours, keep_id=element.tag in ("path", "clipPath"))
    for parent in list(root.iter()):
        for child in [c for c in parent if c.tag == "defs" and len(c) == 0]:
            parent.remove(child)
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib |= {
        "viewBox": box,
        "role": "img",
        "aria-labelledby": f"{name}-title",
        "aria-describedby": f"{name}-description",
    }
    words = []
    for tag, said in (("title", title), ("desc", description)):
        element = ElementTree.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'description'}"})
        element.text = said
        words.append(element)
    root[:0] = words
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _tidy(element: ElementTree.Element, colours: Mapping[str, str], *, keep_id: bool) -> None:
    if not keep_id:
        element.attrib.pop("id", None)
    element.tail = None
    if element.tag != "text":
        element.text = None
    attributes = dict(element.attrib)
    element.attrib.clear()
    for name, value in attributes.items():
        # Links within the document need no namespace in HTML.
        plain = name.rpartition("}")[2]
        said = value
        if plain == "style":
            said = _FONT.sub("", said)
            for colour, variable in colours.items():
                said = said.replace(colour, variable)
        elif plain in ("d", "transform", "x", "y", "width", "height"):
            said = _LONG_FRACTION.sub(r"\1", _SPACE.sub(" ", said).strip())
        element.attrib[plain] = said
