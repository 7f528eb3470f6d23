"""A flowchart as it is laid out, drawn twice from the same numbers: as SVG, and as pixels.

Rule: the SVG is the same bytes on every machine. Labels are text in it, escaped by the library that writes
it; there is no script, no link, no style sheet and no font of anybody's.
"""

import io
import itertools
import math
from importlib.resources import files
from xml.etree import ElementTree as ET

from PIL import Image, ImageDraw, ImageFont

from crafts.flowchart import Flowchart
from crafts.flowchart_layout import LINE, SIZE, Layout, Path, Placed, Point, measured

NAMESPACE = "http://www.w3.org/2000/svg"
INK, FILL, PAPER = "#1c2430", "#eef3fb", "#ffffff"
FONTS = "DejaVu Sans, Verdana, Arial, sans-serif"
FONT = "DejaVuSans-subset.ttf"
STROKE, HEAD, HALF = 2, 11, 5  # the lines' width; an arrow's head: how long, and half how wide
ROUND, DASH = 16, (6, 5)
MAX_PIXELS = 16_000_000
SCALE = 2


def svg(chart: Flowchart, layout: Layout) -> bytes:
    """The drawing as SVG, with its arrows in words as what screen readers say."""
    root = ET.Element(
        "svg",
        {
            "xmlns": NAMESPACE,
            "viewBox": f"0 0 {layout.width} {layout.height}",
            "width": str(layout.width),
            "height": str(layout.height),
            "role": "img",
        },
    )
    ET.SubElement(root, "title").text = "; ".join(chart.sentences)
    ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": PAPER})
    for path in layout.paths:
        _svg_path(root, path)
    for path in layout.paths:
        if path.lines:
            box = _label_box(path)
            ET.SubElement(root, "rect", _rectangle(*box) | {"fill": PAPER})
            _svg_text(root, path.lines, path.middle)
    for placed in layout.nodes:
        _svg_node(root, placed)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def png(layout: Layout) -> bytes:
    """The drawing as pixels, as large as a page shows it twice; smaller where that would be too many."""
    scale: float = SCALE
    while layout.width * layout.height * scale**2 > MAX_PIXELS:
        scale /= 2
    picture = Image.new("RGB", (round(layout.width * scale), round(layout.height * scale)), PAPER)
    pen = _Pen(ImageDraw.Draw(picture), scale)
    for path in layout.paths:
        pen.path(path)
    for path in layout.paths:
        if path.lines:
            pen.field(_label_box(path), PAPER)
            pen.text(path.lines, path.middle)
    for placed in layout.nodes:
        pen.node(placed)
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    return data.getvalue()


def _label_box(path: Path) -> tuple[int, int, int, int]:
    """Left, top, width and height of what an arrow's label covers."""
    width, height = measured(path.lines) + 8, LINE * len(path.lines) + 2
    return path.middle[0] - width // 2, path.middle[1] - height // 2, width, height


def _head(points: tuple[Point, ...]) -> tuple[list[Point], Point]:
    """The triangle at an arrow's end, and where its line stops for it."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = max(1.0, math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2))
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    base = (x1 - HEAD * dx, y1 - HEAD * dy)
    corners = [(x1, y1), *(_whole(base[0] + s * HALF * dy, base[1] - s * HALF * dx) for s in (1, -1))]
    return corners, _whole(*base)


def _whole(x: float, y: float) -> Point:
    return round(x), round(y)


def _corners(placed: Placed) -> list[Point]:
    """Of a diamond."""
    x, y = placed.left + placed.width // 2, placed.top + placed.height // 2
    right, bottom = placed.left + placed.width, placed.top + placed.height
    return [(x, placed.top), (right, y), (x, bottom), (placed.left, y)]


def _middle(placed: Placed) -> Point:
    return placed.left + placed.width // 2, placed.top + placed.height // 2


def _points(points: list[Point] | tuple[Point, ...]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _rectangle(left: int, top: int, width: int, height: int) -> dict[str, str]:
    return {"x": str(left), "y": str(top), "width": str(width), "height": str(height)}


def _svg_path(root: ET.Element, path: Path) -> None:
    points = path.points
    if path.arrow.pointed:
        corners, base = _head(points)
        points = (*points[:-1], base)
        ET.SubElement(root, "polygon", {"points": _points(corners), "fill": INK})
    drawn = {"points": _points(points), "fill": "none", "stroke": INK, "stroke-width": str(STROKE)}
    if path.arrow.line == "dotted":
        drawn["stroke-dasharray"] = " ".join(map(str, DASH))
    ET.SubElement(root, "polyline", drawn | {"stroke-linejoin": "round"})


def _svg_node(root: ET.Element, placed: Placed) -> None:
    look = {"fill": FILL, "stroke": INK, "stroke-width": str(STROKE)}
    if placed.node.form == "diamond":
        ET.SubElement(root, "polygon", {"points": _points(_corners(placed))} | look)
    else:
        box = _rectangle(placed.left, placed.top, placed.width, placed.height)
        curve = {"rx": str(ROUND)} if placed.node.form == "round" else {"rx": "3"}
        ET.SubElement(root, "rect", box | curve | look)
    _svg_text(root, placed.lines, _middle(placed))


def _svg_text(root: ET.Element, lines: tuple[str, ...], middle: Point) -> None:
    text = ET.SubElement(
        root,
        "text",
        {"text-anchor": "middle", "font-family": FONTS, "font-size": str(SIZE), "fill": INK},
    )
    first = middle[1] - LINE * (len(lines) - 1) // 2 + SIZE * 36 // 100
    for number, line in enumerate(lines):
        place = {"x": str(middle[0]), "y": str(first + number * LINE)}
        ET.SubElement(text, "tspan", place).text = line


class _Pen:
    """Draws the same in pixels, so many to a unit."""

    def __init__(self, draw: ImageDraw.ImageDraw, scale: float) -> None:
        self.draw, self.scale = draw, scale
        font = files("crafts").joinpath("fonts", FONT).read_bytes()
        self.font = ImageFont.truetype(io.BytesIO(font), max(4, round(SIZE * scale)))
        self.width = max(1, round(STROKE * scale))

    def at(self, point: Point) -> tuple[float, float]:
        return point[0] * self.scale, point[1] * self.scale

    def path(self, path: Path) -> None:
        points = path.points
        if path.arrow.pointed:
            corners, base = _head(points)
            points = (*points[:-1], base)
            self.draw.polygon([self.at(corner) for corner in corners], fill=INK)
        places = [self.at(point) for point in points]
        if path.arrow.line == "solid":
            self.draw.line(places, fill=INK, width=self.width, joint="curve")
            return
        for start, end in itertools.pairwise(places):
            self._dashes(start, end)

    def _dashes(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        length = math.dist(start, end)
        on, off = (part * self.scale for part in DASH)
        for number in range(int(length / (on + off)) + 1):
            a, b = number * (on + off), min(number * (on + off) + on, length)
            ends = [tuple(s + (e - s) * d / length for s, e in zip(start, end, strict=True)) for d in (a, b)]
            self.draw.line([*ends[0], *ends[1]], fill=INK, width=self.width)

    def field(self, box: tuple[int, int, int, int], colour: str) -> None:
        left, top, width, height = box
        self.draw.rectangle([self.at((left, top)), self.at((left + width, top + height))], fill=colour)

    def node(self, placed: Placed) -> None:
        box = [
            self.at((placed.left, placed.top)),
            self.at((placed.left + placed.width, placed.top + placed.height)),
        ]
        if placed.node.form == "diamond":
            self.draw.polygon(
                [self.at(corner) for corner in _corners(placed)], fill=FILL, outline=INK, width=self.width
            )
        else:
            curve = (ROUND if placed.node.form == "round" else 3) * self.scale
            self.draw.rounded_rectangle(box, curve, fill=FILL, outline=INK, width=self.width)
        self.text(placed.lines, _middle(placed))

    def text(self, lines: tuple[str, ...], middle: Point) -> None:
        first = middle[1] - LINE * (len(lines) - 1) / 2
        for number, line in enumerate(lines):
            place = (middle[0] * self.scale, (first + number * LINE) * self.scale)
            self.draw.text(place, line, font=self.font, fill=INK, anchor="mm")
