"""Amounts for people: three digits and a prefix of the SI, alike in Turkish and English."""

from __future__ import annotations

import math

PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def amount(value: float, unit: str = "") -> str:
    """Write an amount: 9550000000000000 bytes is `9.55 PB`, 0.0192 a second `0.0192 /s`."""
    if not math.isfinite(value):
        return "∞"
    if value == int(value) and abs(value) < 1000:
        return f"{value:.0f} {unit}".strip()
    size, prefix = next(((size, name) for size, name in PREFIXES if abs(value) >= size * 0.9995), (1.0, ""))
    digits = _three_digits(value / size)
    return f"{digits} {prefix}{unit}".strip()


def span(seconds: float) -> str:
    """Write a length of time: `0.8 ms`, `1.6 s`, `29.9 min`, `2.2 h`."""
    for size, name in ((3600.0, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= size * 0.9995:
            return f"{_three_digits(seconds / size)} {name}"
    return f"{_three_digits(seconds * 1000)} ms"


def times(used: float) -> str:
    """Write a load over its bound: `6.81` times, `0.02`, `< 0.01`."""
    return "< 0.01" if 0 < used < 0.01 else _three_digits(used) if used >= 1 else f"{used:.2f}"


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    places = 2 - math.floor(math.log10(abs(rounded))) if rounded else 0
    return f"{rounded:,.{max(0, min(places, 4))}f}"
