"""What the Hugging Face Hub's client raises, whatever HTTP library it is built on."""

from __future__ import annotations


def hub_errors() -> tuple[type[Exception], ...]:
    """Refusals, being offline, bad names, and the errors of its HTTP library."""
    from huggingface_hub.errors import HfHubHTTPError

    return (
        HfHubHTTPError,
        *(base for base in HfHubHTTPError.__bases__ if issubclass(base, Exception)),
        OSError,
        ValueError,
    )
