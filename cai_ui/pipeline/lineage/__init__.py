"""From an answer back to the principle it was trained under, and from a principle to all it touched."""
