"""Changed integration files are noticed by their names, times and sizes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tandem.airflow.bundle import seen


def edit(folder: Path) -> None:
    (folder / "crm.yaml").write_text("name: crm2\n")


def rewrite_with_the_same_length(folder: Path) -> None:
    (folder / "crm.yaml").write_text("name: erp\n")
    os.utime(folder / "crm.yaml", ns=(0, 1))


@pytest.mark.parametrize(
    "change",
    [
        edit,
        rewrite_with_the_same_length,
        lambda folder: (folder / "new.yaml").touch(),
        lambda folder: (folder / "crm.yaml").unlink(),
        lambda folder: (folder / "crm.yaml").rename(folder / "erp.yaml"),
    ],
)
def test_a_change_is_seen(tmp_path: Path, change: Callable[[Path], object]) -> None:
    (tmp_path / "crm.yaml").write_text("name: crm\n")
    before = seen(tmp_path)
    assert before == seen(tmp_path)
    change(tmp_path)
    assert seen(tmp_path) != before


def test_what_is_no_integration_file_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "transforms.py").touch()
    (tmp_path / ".crm.yaml.swp").touch()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    assert seen(tmp_path) == {}
    assert seen(tmp_path / "nowhere") == {}
