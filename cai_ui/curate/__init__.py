"""From files to examples, and from decided examples to frozen datasets and back to files."""
