"""What the authority answers to clients; a `Refusal` is raised."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tandem.demo.authority import refusals
from tandem.demo.authority.grants import Application, Asked, DeviceCode, Form
from tandem.demo.authority.ledger import Ledger

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"


def begin(ledger: Ledger, tenant: str, form: Form) -> dict[str, Any]:
    """A device code (RFC 8628, 3.2; Microsoft Learn, device authorization response)."""
    with ledger.lock:
        ledger.admit(tenant)
        client_id, scope = ledger.application(tenant, form).client_id, form.get("scope", "")
        ledger.asked.append(Asked("device_code", client_id, scope))
        device_code, code = ledger.new_code(tenant, client_id, scope)
    return {
        "user_code": code.user_code,
        "device_code": device_code,
        "verification_uri": ledger.verification,
        "expires_in": int(ledger.code_life.total_seconds()),
        "interval": ledger.interval,
        "message": "To sign in, use a web browser to open the page "
        f"{ledger.verification} and enter the code {code.user_code} to authenticate.",
    }


def token(ledger: Ledger, tenant: str, form: Form) -> dict[str, Any]:
    """Tokens for a grant (RFC 6749, 5.1)."""
    grant = form.get("grant_type", "")
    with ledger.lock:
        ledger.admit(tenant)
        if grant not in _GRANTS:
            raise refusals.unsupported(grant)
        application = ledger.application(tenant, form)
        said = (application.client_id, form.get("scope", ""), form.get("claims", ""))
        ledger.asked.append(Asked(grant, *said))
        return _GRANTS[grant](ledger, tenant, application, form)


def _by_secret(ledger: Ledger, tenant: str, application: Application, form: Form) -> dict[str, Any]:
    if application.secret is None or form.get("client_secret") != application.secret:
        raise refusals.wrong_secret(application.client_id)
    if application.client_id in ledger.revoked:
        raise refusals.unknown_application(application.client_id, tenant)
    scope = form.get("scope", "")
    if not scope.endswith("/.default") or " " in scope:
        raise refusals.invalid_scope(scope)
    return ledger.for_application(application.client_id, scope)


def _by_code(ledger: Ledger, tenant: str, application: Application, form: Form) -> dict[str, Any]:
    if not application.public:
        raise refusals.not_public()
    if ledger.slowed:
        ledger.slowed -= 1
        raise refusals.slow_down()
    device_code = form.get("device_code", "")
    code = ledger.codes.get(device_code)
    if code is None or code.client_id != application.client_id:
        raise refusals.bad_code()
    _refuse_unsettled(ledger, code)
    ledger.codes[device_code] = replace(code, state="redeemed")
    return ledger.for_person(tenant, code.client_id, code.user, code.scope)


def _refuse_unsettled(ledger: Ledger, code: DeviceCode) -> None:
    if code.state == "redeemed":
        raise refusals.redeemed()
    if code.expires_at <= ledger.clock():
        raise refusals.expired_code()
    if code.state == "declined":
        raise refusals.declined()
    if code.state == "pending":
        raise refusals.pending()


def _by_refresh_token(
    ledger: Ledger, tenant: str, application: Application, form: Form
) -> dict[str, Any]:
    if application.client_id in ledger.revoked:
        raise refusals.no_consent(application.client_id)
    found = ledger.refresh.get(form.get("refresh_token", ""))
    if found is None or found.client_id != application.client_id:
        raise refusals.unusable_refresh_token()
    return ledger.for_person(tenant, found.client_id, found.user, form.get("scope", ""))


_Answer = Callable[[Ledger, str, Application, Form], dict[str, Any]]
_GRANTS: Final[dict[str, _Answer]] = {
    "client_credentials": _by_secret,
    DEVICE_CODE: _by_code,
    "refresh_token": _by_refresh_token,
}
