"""State databases without rows. Alembic takes longer to make one than a run takes."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tandem.state.store import open_state


def lay_fresh_state(path: Path) -> None:
    """A new state database at that path, unless there is one."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(_fresh())
        path.chmod(0o600)


@cache
def _fresh() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        open_state(f"sqlite:///{path}", "new").close()
        return path.read_bytes()
