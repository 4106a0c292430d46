"""Comparing variants (the base and its adapters): side by side, blind, and over held-out prompts.

Knows nothing of storage, training or the page.
"""
