"""The file of the user's own transforms: what is loaded, and what is said about a broken one."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tandem.errors import ConfigurationError
from tandem.model.integration import Integration
from tandem.transforms import load_transforms, path_beside, transforms_for

DOCUMENTED = Path(__file__).parent.parent / "docs" / "integration-file.md"


def integration(*transforms: object) -> Integration:
    side = {"connector": "memory", "connection": "m"}
    line = {"external": "phone", "local": "phone", "transform": list(transforms)}
    entity = {"external": "Accounts", "local": "account", "fields": [line]}
    return Integration.model_validate(
        {"name": "crm", "external": side, "local": side, "entities": [entity]}
    )


def write(folder: Path, text: str) -> Path:
    path = folder / "transforms.py"
    path.write_text(text)
    return path


def test_the_documented_function_works(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    phone = load_transforms(write(tmp_path, code))["phone"]
    numbers = pd.Series(["+420 (123) 456", None], dtype="string[pyarrow]")
    assert phone.function(numbers).tolist() == ["+420123456", pd.NA]


def test_only_registered_functions_are_there(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "from tandem.transforms import register\n"
        "def helper(values): return values\n"
        "@register\ndef same(values): return helper(values)\n",
    )
    assert list(load_transforms(path)) == ["same"]


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert load_transforms(tmp_path / "transforms.py") == {}


def test_a_broken_file_is_named_with_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "import json\n\njson.loads('secret')\n")
    with pytest.raises(ConfigurationError) as caught:
        load_transforms(path)
    assert f"{path} cannot be loaded: JSONDecodeError in line 3." in str(caught.value)
    assert "secret" not in str(caught.value)
    write(tmp_path, "x = 1\ndef (:\n")
    with pytest.raises(ConfigurationError, match="SyntaxError in line 2"):
        load_transforms(path)


def test_a_broken_file_hurts_only_those_who_use_it(tmp_path: Path) -> None:
    write(tmp_path, "1 / 0\n")
    config = tmp_path / "integrations"
    assert transforms_for(integration("trim"), config) == {}
    functions = transforms_for(integration("trim", {"custom": "phone"}), config)
    assert "ZeroDivisionError in line 1" in functions["phone"].broken


def test_the_file_stands_beside_the_folder_of_integrations(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_beside(Path("config/integrations")) == tmp_path / "config" / "transforms.py"


def test_registering_a_function_loads_no_pandas() -> None:
    code = "import sys, tandem.transforms; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
