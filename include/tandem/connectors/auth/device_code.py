"""Device code (RFC 8628): somebody enters a code elsewhere, once; the tokens are kept."""

import json
import logging
from collections.abc import Callable
from typing import Any, Final

from tandem.connectors.auth.answers import refused, token_of
from tandem.connectors.auth.in_memory import InMemorySignIns
from tandem.connectors.auth.public_client import PublicClient, person_in
from tandem.connectors.sign_in import PendingSignIn, SignIns
from tandem.errors import AuthenticationError

_log: Final = logging.getLogger(__name__)

_PENDING: Final = ("authorization_pending", "slow_down")
_DECLINED: Final = ("authorization_declined", "access_denied")
"""Microsoft's word (Microsoft Learn, device authorization grant), and that of RFC 8628, 3.5."""
_EXPIRED: Final = ("expired_token", "code_expired")
_AGAIN: Final = (
    "Run tandem check, or press Test on the connection's page, and enter the code that is shown "
    "then."
)


class DeviceCodeTokens:
    """Tokens of a person who signed in, now or in an earlier run, here or in another process.

    A token is used until the system refuses it; then it is refreshed. Where that is of no use,
    somebody has to sign in again: all who need it wait for the same code.
    """

    def __init__(
        self,
        client: PublicClient,
        name: str,
        connection: str,
        sleep: Callable[[float], None],
        login: str | None = None,
    ) -> None:
        """`name` is the sign-in's, see `SignIns`; `connection` is for messages; `login`: who has
        to sign in, if not just anybody.
        """
        self._client = client
        self._name = name
        self._connection = connection
        self._sleep = sleep
        self._login = login
        self._sign_ins: SignIns = InMemorySignIns()
        self._last: str | None = None
        self._seen: str | None = None
        """What was kept when it was looked at last."""
        self._unsaved: str | None = None
        """What could not be kept: nobody else has it, and the code is used up."""
        self._told = ""

    def sign_in_with(self, sign_ins: SignIns) -> None:
        """Where sign-ins are kept."""
        self._sign_ins = sign_ins

    def token(self, *, fresh: bool, claims: str | None = None) -> str:
        """The last token, a refreshed one, or that of a sign-in, which it waits for.

        Raises AuthenticationError if nobody enters the code in time, and at once if nobody did a
        short time ago; Unreachable, Throttled.
        """
        if fresh or self._last is None:
            self._last = self._silently(fresh=fresh, claims=claims) or self._by_person(claims)
        return self._last

    def begin_sign_in(self) -> PendingSignIn | None:
        """The sign-in that waits, begun if need be; None: we are signed in."""
        if self._last is None:
            self._last = self._silently(fresh=False, claims=None)
        found = self._last or self._waiting(None)
        if isinstance(found, PendingSignIn):
            return found
        self._last = found
        return None

    def _silently(self, *, fresh: bool, claims: str | None) -> str | None:
        """By what was kept, if anything was."""
        self._save()
        self._seen = self._sign_ins.tokens(self._name)
        if self._seen is None:
            return None
        self._client.load(self._seen)
        return self._keep(self._client.silently(fresh=fresh, claims=claims))

    def _by_person(self, claims: str | None) -> str:
        if self._sign_ins.was_missed(self._name):
            raise self._missed()
        found = self._waiting(claims)
        if isinstance(found, PendingSignIn):
            return self._waited_for(found, claims)
        return found

    def _waiting(self, claims: str | None) -> PendingSignIn | str:
        """The sign-in that waits, begun if there was none; or the token, if it is settled now."""
        joined = self._sign_ins.pending(self._name)
        if joined is not None:
            try:
                return self._asked(joined, json.loads(joined.flow), claims) or joined
            except AuthenticationError:
                pass  # it is over, and the next one may begin
        return self._sign_ins.begin(self._name, self._client.begin(claims))

    def _waited_for(self, sign_in: PendingSignIn, claims: str | None) -> str:
        self._tell(sign_in)
        flow = json.loads(sign_in.flow)
        left = float(flow["expires_in"])  # by what we slept: the authority has the clock
        while left > 0:
            self._sleep(flow["interval"])
            left -= flow["interval"]
            token = self._asked(sign_in, flow, claims)
            if token:
                return token
        self._sign_ins.miss(self._name, sign_in)
        raise self._missed()

    def _tell(self, sign_in: PendingSignIn) -> None:
        if sign_in.message != self._told:
            self._told = sign_in.message
            until = f"{sign_in.expires_at:%H:%M} UTC"
            _log.warning(
                "Connection %r waits until %s for somebody to sign in. %s",
                *(self._connection, until, sign_in.message),
            )

    def _asked(
        self, sign_in: PendingSignIn, flow: dict[str, Any], claims: str | None
    ) -> str | None:
        """The token, if somebody has signed in; None while nobody has. AuthenticationError, and
        it is over, if nobody can any more.
        """
        answer = self._client.redeem(flow, claims)
        error = answer.get("error")
        if error is None:
            fetched = token_of(answer, self._client.registration.where)
            self._welcome(person_in(answer), sign_in)
            return self._keep(fetched)
        if error not in (*_PENDING, *_DECLINED, *_EXPIRED):
            self._sleep(flow["interval"])  # whoever redeemed the code keeps the tokens about now
        token = self._settled_elsewhere(claims)
        if token or error in _PENDING:
            return token
        raise self._over(answer, sign_in)

    def _welcome(self, person: str, sign_in: PendingSignIn) -> None:
        """AuthenticationError, and it is over, if it is somebody else than the connection says."""
        if self._login and person.casefold() != self._login.strip().casefold():
            self._sign_ins.end(self._name, sign_in)
            problem = (
                f"Whoever signed in for connection {self._connection!r} is "
                f"{person or 'not named'!r}, and not its login {self._login!r}."
            )
            _log.warning("%s", problem)  # where another code is shown at once, nothing else says it
            raise AuthenticationError(problem, remedy=_AGAIN)
        _log.info("Connection %r is signed in as %s.", self._connection, person or "somebody")

    def _settled_elsewhere(self, claims: str | None) -> str | None:
        """The token of another process, which was quicker."""
        if self._sign_ins.tokens(self._name) in (None, self._seen):
            return None
        return self._silently(fresh=False, claims=claims)

    def _keep(self, token: str | None) -> str | None:
        """Keep what came with the token, at once: another process may need it next."""
        if token is not None:
            kept = self._client.kept()
            if kept != self._seen:
                self._unsaved = kept
                self._save()
        return token

    def _save(self) -> None:
        if self._unsaved is not None:
            self._sign_ins.keep_tokens(self._name, self._unsaved)
            self._seen, self._unsaved = self._unsaved, None

    def _over(self, answer: dict[str, Any], sign_in: PendingSignIn) -> AuthenticationError:
        if answer["error"] in _EXPIRED:
            self._sign_ins.miss(self._name, sign_in)
            return self._missed()
        self._sign_ins.end(self._name, sign_in)
        if answer["error"] in _DECLINED:
            return AuthenticationError(
                f"Whoever entered the code for connection {self._connection!r} declined to sign "
                "in.",
                remedy=_AGAIN,
            )
        return refused(answer, self._client.registration.where)

    def _missed(self) -> AuthenticationError:
        return AuthenticationError(
            f"Nobody entered the code for connection {self._connection!r} in time: it has expired.",
            remedy=_AGAIN,
        )
