"""A small HTML table for notebooks, with everything in it escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def html_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a caption; a column of heads alone is left out where `heads` is empty."""
    top = f"<thead><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr></thead>" if heads else ""
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption>{top}<tbody>{body}</tbody></table>"
