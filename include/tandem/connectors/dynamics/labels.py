"""Labels of Dataverse's definitions, in the language of the user who asks."""

from typing import Any


def user_label(label: Any) -> str:
    """The words of a `Label` in the user's language; empty where nobody wrote any."""
    localised = label.get("UserLocalizedLabel") if isinstance(label, dict) else None
    text = localised.get("Label") if isinstance(localised, dict) else None
    return text if isinstance(text, str) else ""
