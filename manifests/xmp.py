"""The mark of origin in a picture's XMP: IPTC's digital source type, written and read.

Rule: each picture that a model made says so there, whoever stores or sends it. A packet from outside is
bounded and may define no entities; one that cannot be read declares nothing.

https://cv.iptc.org/newscodes/digitalsourcetype/
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args
from xml.parsers import expat

from exercises.parameters import Mode
from manifests.pictures import MAX_XMP

Generated = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
GENERATED: tuple[Generated, ...] = get_args(Generated)
TERMS: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"

MAX_VALUE = 500  # characters of one value
MAX_DEPTH = 64

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_META = "adobe:ns:meta/"
_DESCRIPTION = [f"{_RDF} RDF", f"{_RDF} Description"]
_FIELDS = {
    f"{_EXT} DigitalSourceType": "source_type",
    f"{_PHOTOSHOP} Credit": "credit",
    f"{_XMP} CreatorTool": "tool",
}


@dataclass(frozen=True)
class Declared:
    """What a packet declares; empty where it does not. `source_type`: IPTC's term, or what stood there."""

    source_type: str = ""
    credit: str = ""
    tool: str = ""

    @property
    def generated(self) -> bool:
        """Whether it says that a model made the picture, or had a part in it."""
        return self.source_type in GENERATED


def source_type_of(mode: Mode) -> Generated:
    """IPTC's term for a picture that was asked for in this mode."""
    return "trainedAlgorithmicMedia" if mode == "text2img" else "compositeWithTrainedAlgorithmicMedia"


def packet(source_type: Generated) -> bytes:
    """The XMP of a picture that the lab made."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="{_META}"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_EXT}" xmlns:xmp="{_XMP}"'
        f' Iptc4xmpExt:DigitalSourceType="{TERMS}{source_type}" xmp:CreatorTool="GenAI Lab"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def read(found: bytes) -> Declared:
    """What an XMP packet declares."""
    if not 0 < len(found) <= MAX_XMP:
        return Declared()
    reader = _Reader()
    try:
        reader.parse(found.strip(b"\0 \r\n\t"))
    except (expat.ExpatError, _Refused, ValueError):  # ValueError: an encoding that Python does not know
        return Declared()
    values = {name: "".join(parts).strip()[:MAX_VALUE] for name, parts in reader.found.items()}
    term = values.get("source_type", "")
    for start in (TERMS, TERMS.replace("http:", "https:")):
        term = term.removeprefix(start)
    return Declared(**(values | {"source_type": term}))


class _Refused(Exception):
    """A packet that no honest tool writes."""


class _Reader:
    """Collects the fields of the descriptions, as attributes or as elements, under their full names."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._into: list[str] | None = None

    def parse(self, found: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse  # without one there are no entities
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(found, True)

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        described = self._path[-2:] == _DESCRIPTION
        self._path.append(name)
        if len(self._path) > MAX_DEPTH:
            raise _Refused
        if self._path[-2:] == _DESCRIPTION:
            for full, value in attributes.items():
                if full in _FIELDS:
                    self.found.setdefault(_FIELDS[full], [value])
        elif described and name in _FIELDS and _FIELDS[name] not in self.found:
            self._into = self.found[_FIELDS[name]] = [attributes.get(f"{_RDF} resource", "")]

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._path[-2:] == _DESCRIPTION:
            self._into = None

    def _text(self, text: str) -> None:
        if self._into is not None:
            self._into.append(text)
