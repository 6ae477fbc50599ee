"""The error of traces that cannot be understood."""

from __future__ import annotations

from ..base.errors import RevpathError


class TraceError(RevpathError):
    """A trace file is not one, or cannot be understood; names the file, the column and the row."""
