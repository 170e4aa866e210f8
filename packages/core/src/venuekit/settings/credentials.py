"""Who holds which token: operators decide, agents never do, and only digests are kept."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping

from venuekit.errors import PermissionRefused
from venuekit.model.table import mistake
from venuekit.protocols.approver import Operator
from venuekit.settings.schema import DeskConfig

#: What holds an operator's token for a script. A server that serves agents refuses to start with it.
VARIABLE = "VENUEKIT_OPERATOR_TOKEN"
#: How a door knew who decided.
BY_TOKEN, BY_OS_USER, BY_DIALOG, BY_PROCESS = "token", "os user", "host dialog", "process"
#: The door that a host's own dialog is.
DIALOG = "elicitation"
_WHERE = "configuration"
_PEOPLE = 2


def digest(token: str) -> str:
    """SHA-256 of a token, in hex: the form in which the configuration keeps it."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same to a reader: letter case, width and surrounding space do not make two people."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


class Credentials:
    """The tokens of a configuration."""

    def __init__(self, config: DeskConfig) -> None:
        self._operators = {name: o.token_sha256.lower() for name, o in config.operators.items()}
        self._agents = {name: a.token_sha256.lower() for name, a in config.agents.items() if a.token_sha256}
        self._dialogs = config.approval.elicitation

    @property
    def needed(self) -> bool:
        """Whether deciding takes a token; without ``[operators]``, whoever can write the store is an operator."""
        return bool(self._operators)

    def operator(self, token: str) -> str | None:
        """Whose token it is among the operators."""
        return _holder(self._operators, token)

    def agent(self, token: str) -> str | None:
        """Whose token it is among the agents."""
        return _holder(self._agents, token)

    def named(self, token: str) -> str:
        """The operator with this token.

        Raises:
            PermissionRefused: it is an agent's, or nobody's.
        """
        name = self.operator(token)
        if name is not None:
            return name
        agent = self.agent(token)
        whose = "nobody's" if agent is None else f"agent {agent}'s"
        raise PermissionRefused(
            f"This token is {whose}; only an operator decides.", fix="Use the token of an [operators.NAME] table."
        )

    def proof(self, operator: Operator) -> str:
        """How the operator is known.

        Raises:
            PermissionRefused: the token does not prove the name, or the host's dialog may not decide here.
        """
        if operator.source == DIALOG:
            if not self._dialogs:
                raise PermissionRefused(
                    "The host's dialog does not decide here.", fix="An operator sets [approval] elicitation = true."
                )
            return BY_DIALOG
        if not self.needed:
            return BY_PROCESS
        if not same_person(self.named(operator.token), operator.name):
            raise PermissionRefused(f"This token is not {operator.name}'s.", fix="Everybody decides in their own name.")
        return BY_TOKEN


def _holder(known: Mapping[str, str], token: str) -> str | None:
    given, found = digest(token), None
    for name, sha256 in known.items():
        if hmac.compare_digest(sha256, given):
            found = name
    return found


def check_credentials(config: DeskConfig) -> None:
    """What could let an agent decide, or one person count as two.

    Raises:
        ConfigError: names its place.
    """
    names = list(config.operators)
    tokens: dict[str, str] = {}
    for agent, table in config.agents.items():
        if table.token_sha256:
            tokens[table.token_sha256.lower()] = f"agents.{agent}"
    for number, name in enumerate(names):
        place = f"operators.{name}"
        for agent in (*config.agents, config.desk.agent_id):
            if same_person(name, agent):
                raise mistake(place, _WHERE, name, f"no agent's name, and {agent} is one")
        for other in names[:number]:
            if same_person(name, other):
                raise mistake(place, _WHERE, name, f"another person than {other}")
        sha256 = config.operators[name].token_sha256.lower()
        if sha256 in tokens:
            raise mistake(f"{place}.token_sha256", _WHERE, "", f"a token of their own, not that of {tokens[sha256]}")
        tokens[sha256] = place
    _check_two_people(config)


def _check_two_people(config: DeskConfig) -> None:
    approval, place = config.approval, "approval.two_people_above"
    if approval.two_people_above is None:
        return
    if approval.require_above is None or approval.two_people_above < approval.require_above:
        raise mistake(
            place, _WHERE, str(approval.two_people_above), "at least approval.require_above, which must be set"
        )
    if len(config.operators) < _PEOPLE:
        raise mistake(place, _WHERE, str(approval.two_people_above), "off until there are two [operators] to decide")
