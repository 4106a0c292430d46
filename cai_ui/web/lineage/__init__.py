"""The Lineage tab, and the link that leads there from every other one."""
