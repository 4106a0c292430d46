"""The project on another machine: is this checkout fit for it, which versions, and a Space made of it."""
