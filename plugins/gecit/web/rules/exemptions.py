"""The register of all exemption windows, and the outages from which one can be drafted."""

from __future__ import annotations
