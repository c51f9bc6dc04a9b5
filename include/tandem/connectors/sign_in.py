"""What is kept of people's sign-ins between runs: tokens, and the one that waits for its code."""

from typing import Protocol, runtime_checkable

from tandem.model.sign_in import PendingSignIn

__all__ = ["PendingSignIn", "SignIns", "SignsIn"]


class SignIns(Protocol):
    """Sign-ins by name, shared by all processes; secrets are kept encrypted.

    A name stands for one user of one application at one system, for the same scopes, whatever the
    connections to it are called.
    """

    def tokens(self, name: str) -> str | None:
        """MSAL's token cache as it was kept last; None if there is none that can be read."""
        ...

    def keep_tokens(self, name: str, cache: str) -> None:
        """Keep the cache. The sign-in that was pending is over."""
        ...

    def pending(self, name: str) -> PendingSignIn | None:
        """The sign-in that waits for its code; None if none does, or its code has expired."""
        ...

    def begin(self, name: str, sign_in: PendingSignIn) -> PendingSignIn:
        """Let it wait; the one that counts, which is another if a process was there before."""
        ...

    def end(self, name: str, sign_in: PendingSignIn) -> None:
        """It was declined, say: the next one may begin."""
        ...

    def miss(self, name: str, sign_in: PendingSignIn) -> None:
        """It has expired, and nobody came."""
        ...

    def was_missed(self, name: str) -> bool:
        """Whether nobody came a short time ago, so that waiting again is of no use yet. What
        begins, and what is kept, ends that.
        """
        ...


@runtime_checkable
class SignsIn(Protocol):
    """A connector of a system at which people may have to sign in."""

    def sign_in_with(self, sign_ins: SignIns) -> None:
        """Where to keep sign-ins, before the first call. Without it they last as long as the
        connector.
        """
        ...

    def begin_sign_in(self) -> PendingSignIn | None:
        """The sign-in that somebody has to complete before anything can be asked, begun if there
        was none; None if we are signed in, or have just found that somebody was. It does not wait.
        """
        ...
