"""Sign-ins of one connector, which end with it."""

from tandem.model.sign_in import PendingSignIn


class InMemorySignIns:
    """`tandem.connectors.sign_in.SignIns` where nothing is kept."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._pending: dict[str, PendingSignIn] = {}
        self._missed: set[str] = set()

    def tokens(self, name: str) -> str | None:
        """What was kept last."""
        return self._tokens.get(name)

    def keep_tokens(self, name: str, cache: str) -> None:
        """Keep it; nothing waits any more."""
        self._tokens[name] = cache
        self._pending.pop(name, None)
        self._missed.discard(name)

    def pending(self, name: str) -> PendingSignIn | None:
        """What waits, until whoever asks finds that it has expired."""
        return self._pending.get(name)

    def begin(self, name: str, sign_in: PendingSignIn) -> PendingSignIn:
        """Let it wait, unless another one does."""
        self._missed.discard(name)
        return self._pending.setdefault(name, sign_in)

    def end(self, name: str, sign_in: PendingSignIn) -> None:
        """Nothing waits any more, unless that is another one."""
        if self._pending.get(name) == sign_in:
            del self._pending[name]

    def miss(self, name: str, sign_in: PendingSignIn) -> None:
        """Likewise, and nobody waits until somebody asks for a code."""
        self.end(name, sign_in)
        self._missed.add(name)

    def was_missed(self, name: str) -> bool:
        """Whether somebody waited in vain."""
        return name in self._missed
