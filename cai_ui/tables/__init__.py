"""Rows from outside: JSON lines, JSON, CSV, TSV, Parquet and plain text, also packed. The one reader of them."""

from cai_ui.tables.limits import SUFFIXES, BadRow, Cells, Limits, Row
from cai_ui.tables.reading import rows_of

__all__ = ["SUFFIXES", "BadRow", "Cells", "Limits", "Row", "rows_of"]
