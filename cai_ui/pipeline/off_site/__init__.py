"""The database backed up away from its disk, to a private dataset repository of the Hub, and brought back."""
