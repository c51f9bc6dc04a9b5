"""Sign-ins by device code that wait for somebody: shown on top of every page."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from tandem.airflow.host import May
from tandem.web.access import AtDesk, SignedIn, what_may
from tandem.web.answers import Shown, answer

router = APIRouter(tags=["sign-ins"])


class SignIn(Shown):
    """One that waits."""

    message: str
    """The address to go to, and the code to enter there."""
    expires_at: datetime


class SignIns(Shown):
    """All that wait."""

    sign_ins: tuple[SignIn, ...]


@router.get("/sign-ins", response_model=SignIns)
def list_sign_ins(request: Request, desk: AtDesk, user: SignedIn) -> Response:
    """Sign-ins that wait, for those who may run an integration: a code lets its reader decide who
    signs in.
    """
    may = what_may(desk.host, user, list(desk.files()))
    waiting = desk.sign_ins.waiting() if any(May.RUN in one for one in may.values()) else []
    shown = SignIns(
        sign_ins=tuple(SignIn(message=w.message, expires_at=w.expires_at) for w in waiting)
    )
    return answer(request, shown, "sign_ins.html")
