"""The one table of who may do what: permission -> roles.

Every page and every act behind the login names one permission of this table (`satark.web.routing.Page`), and a test
walks all routes as every role and as nobody. What is not in the table is refused: an unknown role may do nothing,
and a page with an unknown permission cannot be made.

The administrator may do everything: whoever can give roles can give them to himself, so withholding one would only
pretend. What he did stands in the audit trail, which the auditor reads and cannot change.
"""

from __future__ import annotations

from satark.cases.policy_life import APPROVERS, KILLERS, PUBLISHERS, TESTERS, WRITERS
from satark.core.staff import ADMINISTRATOR, ANALYST, AUDITOR, AUTHOR, OFFICER, ROLES, SUPERVISOR, VIEWER
from satark.web.i18n import mark as _

ROLE_NAMES = {
    ANALYST: _("Analyst"),
    SUPERVISOR: _("Supervisor"),
    AUTHOR: _("Policy author"),
    OFFICER: _("Nodal officer"),
    AUDITOR: _("Auditor"),
    VIEWER: _("Viewer"),
    ADMINISTRATOR: _("Administrator"),
}

_EVERYONE = frozenset(ROLES)
_CASEWORKERS = frozenset({ANALYST, SUPERVISOR, OFFICER, ADMINISTRATOR})
_LEADERS = frozenset({SUPERVISOR, ADMINISTRATOR})

PERMISSIONS: dict[str, frozenset[str]] = {
    "account.self": _EVERYONE,
    "decisions.view": _EVERYONE,
    "dashboard.view": _EVERYONE,
    "entities.view": _EVERYONE - {VIEWER},
    "cases.view": _CASEWORKERS | {AUDITOR},
    "cases.work": _CASEWORKERS,
    "cases.assign": _LEADERS,
    "cases.confirm": _LEADERS,
    "cases.supervise": _LEADERS,
    "lists.view": _EVERYONE - {VIEWER},
    "lists.edit": _LEADERS | {AUTHOR},
    "policies.view": _EVERYONE - {VIEWER},
    "policies.write": WRITERS,
    "policies.approve": APPROVERS,
    "policies.publish": PUBLISHERS,
    "policies.kill": KILLERS,
    "backtests.run": TESTERS,
    "staff.manage": frozenset({ADMINISTRATOR}),
    "watch.view": _LEADERS | {AUTHOR, AUDITOR},
    "audit.view": frozenset({AUDITOR, ADMINISTRATOR}),
    "webhooks.manage": frozenset({ADMINISTRATOR}),
}


def allowed(role: str, permission: str) -> bool:
    """Return whether a role has a permission; whatever the table does not say is no.

    Examples
    --------
    >>> allowed("analyst", "cases.work"), allowed("viewer", "cases.work"), allowed("king", "account.self")
    (True, False, False)
    >>> allowed("administrator", "no.such")
    False
    """
    return role in PERMISSIONS.get(permission, frozenset())
