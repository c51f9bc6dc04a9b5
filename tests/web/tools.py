"""What tests of the editor's tools have in common."""

import re
import time
from pathlib import Path
from typing import Any

from httpx import Client, Response
from tests.web.conftest import Pages

MAPPING = "/integrations/northwind/mapping"


def ended(client: Client, path: str, **body: Any) -> Any:
    """What a tool that takes a while answers programs in the end."""
    answer = client.post(f"{MAPPING}/{path}", json=body)
    assert answer.status_code == 202, answer.text
    begun = path.removesuffix("/create")
    while answer.json()["state"] not in ("done", "failed"):
        time.sleep(0.05)
        answer = client.get(f"{MAPPING}/{begun}/{answer.json()['id']}")
    return answer.json()


def dialog(client: Client, path: str, **body: Any) -> Response:
    """The same as people see it: the dialog asks by itself until the tool has ended."""
    answer = client.post(f"{MAPPING}/{path}", json=body)
    while asks := re.search(r'id="tool-body" hx-get="([^"]*)"', answer.text):
        time.sleep(0.05)
        answer = client.get(asks[1].removeprefix("/tandem"))
    return answer


def integration_file(pages: Pages) -> Path:
    """The file that the pages are about."""
    return pages.folder / "northwind.yaml"


def edit_file(pages: Pages, old: str, new: str) -> str:
    """Somebody edits the file by hand; what it says then."""
    text = integration_file(pages).read_text()
    assert old in text
    edited = text.replace(old, new, 1)
    integration_file(pages).write_text(edited)
    return edited
