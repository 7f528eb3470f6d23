"""The bars: what a model must reach before it is worth being shipped.

Rule: each bar is one line of a table with its figure beside it, so that nobody has to take a word for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One thing that must be true."""

    name: str
    found: float
    wanted: str
    holds: bool


def at_least(name: str, found: float, least: float) -> Bar:
    """A figure that must reach a number."""
    return Bar(name, round(found, 4), f">= {least:g}", found >= least)


def bars(figures: Figures) -> list[Bar]:
    """All bars, from the figures of `evaluate`."""
    asked, judge, by = figures["asked and found"], figures["judge"], figures["settings"]
    usual = by["baseline"]
    rise = [by[name]["object"] for name in ("guidance 1", "guidance 4", "baseline")]
    fifteen, fifty = by["15 steps"], by["50 steps"]
    return [
        at_least("asked and found: background", asked["background"], 0.95),
        at_least("asked and found: colour", asked["color"], 0.90),
        at_least("asked and found: object first", asked["object"], 0.85),
        at_least("asked and found: object among five", asked["object in five"], 0.95),
        at_least("judge on unseen compositions: object", judge["object"], 0.95),
        at_least("judge on unseen compositions: colour", judge["color"], 0.97),
        at_least("judge on unseen compositions: background", judge["background"], 0.97),
        at_least("seeds against compositions, pixels", figures["seeds"]["pixels"], 0.7),
        at_least("seeds against compositions, judge's gist", figures["seeds"]["gist"], 0.7),
        Bar(
            "guidance 1, 4, 7.5: object first rises by steps",
            rise[2],
            "rising",
            rise[0] <= rise[1] <= rise[2],
        ),
        at_least("guidance 1 to 7.5: object first", rise[2] - rise[0], 0.25),
        at_least("guidance 12 against 7.5: chroma", by["guidance 12"]["chroma"] / usual["chroma"], 1.08),
        at_least(
            "guidance 12 against 7.5: clipped",
            by["guidance 12"]["clipped"] / max(usual["clipped"], 1e-6),
            1.5,
        ),
        Bar(
            "guidance 12: seeds differ less than at 7.5",
            figures["seeds"]["at guidance 12"],
            f"< {figures['seeds']['distance']:.1f}",
            figures["seeds"]["at guidance 12"] < figures["seeds"]["distance"],
        ),
        Bar(
            "5 steps: object first 0.20 lower, or edges a third weaker",
            round(by["5 steps"]["object"] - usual["object"], 3),
            "either",
            usual["object"] - by["5 steps"]["object"] >= 0.2
            or by["5 steps"]["edges"] <= usual["edges"] * 2 / 3,
        ),
        Bar(
            "15 steps: edges weaker than at 30",
            fifteen["edges"],
            f"< {usual['edges']}",
            fifteen["edges"] < usual["edges"],
        ),
        at_least("50 steps: another picture than 30", fifty["distance"] / figures["seeds"]["distance"], 0.15),
        at_least("50 steps: object first as at 30", fifty["object"] - usual["object"], -0.05),
        at_least(
            "EulerA against DDIM, of the distance between seeds",
            by["DDIM"]["distance"] / figures["seeds"]["distance"],
            0.5,
        ),
        at_least("blind order: settings named", figures["blind order"], 0.7),
        at_least("strength monotone", figures["strength"]["monotone"], 0.98),
        at_least("strength 0.35: the source is recognised", figures["strength"]["source at 0.35"], 0.95),
        at_least("strength 0.85: the prompt is followed", figures["strength"]["prompt at 0.85"], 0.70),
        at_least("autoencoder on photographs, dB", figures["autoencoder"]["psnr"], 26),
        at_least("styles kept to", figures["styles"], 0.85),
    ]


def table(found: list[Bar]) -> str:
    """As text, one bar a line."""
    width = max(len(bar.name) for bar in found)
    lines = [
        f"{'yes' if bar.holds else 'NO ':4} {bar.name:{width}} {bar.found:8.3f}  {bar.wanted}"
        for bar in found
    ]
    return "\n".join([*lines, f"{sum(bar.holds for bar in found)} of {len(found)} bars hold"])
