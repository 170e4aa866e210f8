"""`venuekit agents`: what each agent was granted, what it used of that today, and how often it was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs
from cyclopts import App

from venuekit.cli.exits import OK
from venuekit.cli.options import DEFAULT, Options
from venuekit.cli.output import document, note, pairs, say, table
from venuekit.cli.place import find, read
from venuekit.desk.budgets import budget_of
from venuekit.desk.risk.agent_budgets import left_of
from venuekit.desk.risk.shared_limits import left_to_lose
from venuekit.desk.shared import agent_profit_name, profit_now, total_of
from venuekit.errors import InvalidValue
from venuekit.model.codec import to_plain
from venuekit.protocols.budget import DAY_NS, day_of
from venuekit.protocols.journal import EntryKind, RowQuery, Store
from venuekit.protocols.risk import Headroom
from venuekit.settings.agents import caller_of, grant_name
from venuekit.settings.principals import AgentSettings
from venuekit.settings.schema import DeskConfig
from venuekit.watch.clock import SystemClock

app = App(name="agents", help="Agents: what each was granted, and what is left of it today.")
_MOST_ROWS = 10_000


@attrs.frozen(kw_only=True)
class Agent:
    """One agent of the configuration, or one that was active today. `table` is whose table counts for it."""

    name: str
    table: str
    role: str
    mode: str
    over_http: bool
    venues: Sequence[str]
    instruments: Sequence[str]
    tools: Sequence[str]
    expires: str
    limits: Sequence[Headroom]
    orders_today: int
    refused_today: int


@app.command(name="list")
async def list_(*, options: Options = DEFAULT) -> int:
    """Every agent: role, mode, grant, what it used and has left on this UTC day, how often it was refused."""
    place, now = find(options), SystemClock().now_ns()
    async with read(place) as store:
        agents = _agents(place.config, store, now)
    if options.json:
        document({"agents": [to_plain(agent) for agent in agents]})
        return OK
    table(
        ("AGENT", "TABLE", "ROLE", "MODE", "MAY TRADE", "ORDERS", "REFUSED", "LEFT"),
        [
            (
                a.name,
                a.table or "-",
                a.role,
                a.mode or "-",
                ", ".join(a.instruments) or "anything",
                a.orders_today,
                a.refused_today,
                "; ".join(f"{h.left} of {h.limit} {_short(h)}" for h in a.limits) or "no bounds of its own",
            )
            for a in agents
        ],
        right=("ORDERS", "REFUSED"),
    )
    if not place.config.agents:
        note("No agent has a table in the configuration: the desk's limits alone hold for all of them.")
    return OK


def _short(row: Headroom) -> str:
    return row.check.removeprefix("agent_").replace("_", " ")


@app.command
async def show(name: str, /, *, options: Options = DEFAULT) -> int:
    """One agent: all of its grant, what is left of each limit and when it starts anew, what it was refused today.

    Args:
        name: The agent's name, as in [agents.NAME].
    """
    place, now = find(options), SystemClock().now_ns()
    async with read(place) as store:
        agent = next((a for a in _agents(place.config, store, now) if a.name == name), None)
        refused = _refused(store, name, now)
    if agent is None:
        known = sorted(place.config.agents)
        raise InvalidValue(
            f"No agent {name[:60]!r} has a table, or was active today.",
            fix=f"There are: {', '.join(known)}." if known else "Add [agents.NAME] to the configuration.",
            field="name",
            details={"accepted": known},
        )
    if options.json:
        document({"agent": to_plain(agent), "refused_by": dict(refused)})
        return OK
    pairs(
        [
            ("agent", agent.name),
            ("table", f"[agents.{agent.table}]" if agent.table else "none; the desk's limits alone"),
            ("role", agent.role),
            ("mode", agent.mode or "the desk's"),
            ("over http", "with a token of its own" if agent.over_http else "no token"),
            ("venues", ", ".join(agent.venues) or "all"),
            ("instruments", ", ".join(agent.instruments) or "all"),
            ("tools", ", ".join(agent.tools) or "all that its role allows"),
            ("expires", agent.expires or "never"),
            ("orders today", agent.orders_today),
            ("refused today", agent.refused_today),
        ]
    )
    if agent.limits:
        say("")
        table(
            ("LIMIT", "MAX", "USED", "LEFT", "IN WORDS"),
            [(_short(h), h.limit, h.used, h.left, h.message) for h in agent.limits],
            right=("MAX", "USED", "LEFT"),
        )
    if refused:
        say("")
        table(("REFUSED BY", "TIMES"), refused.most_common(), right=("TIMES",))
    return OK


def _agents(config: DeskConfig, store: Store, now_ns: int) -> list[Agent]:
    counts: dict[EntryKind, Counter[str]] = {EntryKind.INTENT: Counter(), EntryKind.DENIED: Counter()}
    for day in store.stats(start_ns=day_of(now_ns) * DAY_NS):
        if day.kind in counts:
            counts[EntryKind(day.kind)][day.agent_id] += day.count
    active = set().union(*counts.values()) - {""}
    return [
        _agent(name, config, store, now_ns, counts[EntryKind.INTENT][name], counts[EntryKind.DENIED][name])
        for name in sorted({*config.agents, *active})
    ]


def _agent(name: str, config: DeskConfig, store: Store, now_ns: int, orders: int, refused: int) -> Agent:
    own = grant_name(config, name)
    settings = AgentSettings() if own is None else config.agents[own]
    caller = caller_of(config, name, "cli")
    return Agent(
        name=name,
        table=own or "",
        role=(settings.role if settings.token_sha256 else caller.role).value,
        mode="" if caller.mode is None else caller.mode.value,
        over_http=bool(settings.token_sha256) and own == name,
        venues=settings.venues,
        instruments=settings.instruments,
        tools=settings.tools,
        expires=settings.expires,
        limits=[] if own is None else _left(own, settings, config.desk.currency, store, now_ns),
        orders_today=orders,
        refused_today=refused,
    )


def _left(table_name: str, settings: AgentSettings, currency: str, store: Store, now_ns: int) -> list[Headroom]:
    newest = settings.max_orders_per_minute or 0
    spent = store.spent(budget_of(table_name, currency), now_ns, newest=newest)
    rows = left_of(settings, spent, currency, now_ns)
    if settings.max_loss_per_day is not None:
        said = store.standings(agent_profit_name(table_name, currency))
        profit = total_of([profit_now(standing, now_ns) for standing in said])
        rows.append(left_to_lose(settings.max_loss_per_day, profit, currency, now_ns))
    return rows


def _refused(store: Store, agent_id: str, now_ns: int) -> Counter[str]:
    """How often each check, or the error where none is named, refused the agent today."""
    start = day_of(now_ns) * DAY_NS
    rows = store.rows(RowQuery(kinds=(EntryKind.DENIED,), agent_id=agent_id, start_ns=start, limit=_MOST_ROWS))
    found: Counter[str] = Counter()
    for row in rows:
        error = row.body.get("error") or {}
        found[str((error.get("details") or {}).get("check") or error.get("code") or "?")] += 1
    return found


app.default(list_)
