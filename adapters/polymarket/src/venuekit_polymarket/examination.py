"""What ``venuekit doctor polymarket`` looks at, from the key to the allowances; it only reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from venuekit.adapter import (
    NANOS,
    Finding,
    State,
    VenueContext,
    VenuekitError,
    VenuePermission,
    found_clock,
    found_failed,
    normal,
    plain,
)
from venuekit_polymarket.calls import Call, Proof, Service
from venuekit_polymarket.capabilities import AUTH, BALANCE, DATA, GAMMA
from venuekit_polymarket.client import Signer
from venuekit_polymarket.market_terms import QUOTE
from venuekit_polymarket.node import Node
from venuekit_polymarket.reading import amount, flag, rows, table, text
from venuekit_polymarket.relayer import NEEDS_KEY, Relayer
from venuekit_polymarket.session import PolymarketSession
from venuekit_polymarket.signing import Contracts, WalletKind

_MILLIONTH = Decimal("0.000001")
#: A transaction costs less than that.
_LITTLE_POL, _POL_DECIMALS = Decimal("0.1"), 18
_APPROVE = (
    "Approve it at the venue's site, which asks before the first trade; nothing here ever approves unasked. Just done? "
    "The venue looks at the chain again after a minute."
)
_OWN_CREDENTIALS = (
    "Leave api_key, api_secret and api_passphrase out, so that they are derived from the private key; or give those "
    "that belong to it."
)


class Examination:
    """Findings of one session, in the order in which things go wrong."""

    def __init__(self, context: VenueContext) -> None:
        """Raises ConfigError when the options cannot be right; then there is nothing more to find."""
        self._session = PolymarketSession(context)
        self._clock = context.clock
        self._found: list[Finding] = []

    async def findings(self) -> list[Finding]:
        """Everything that was found. What depends on something that failed is not looked at."""
        await self._session.open()
        try:
            self._found += self._wallet()
            if await self._look("connection", self._reach):
                await self._look("place", self._place)
                if self._session.signer is not None and await self._look("credentials", self._credentials):
                    await self._look("restrictions", self._restrictions)
                    await self._look("balance", self._balance)
                    await self._look("allowances", self._allowances)
                    await self._look("transactions", self._transactions)
        finally:
            await self._session.close()
        return self._found

    async def _look(self, check: str, look: Callable[[], Awaitable[Finding | list[Finding]]]) -> bool:
        try:
            found = await look()
        except VenuekitError as error:
            self._found.append(found_failed(check, error))
            return False
        self._found += found if isinstance(found, list) else [found]
        return True

    # -- what needs nobody

    def _wallet(self) -> list[Finding]:
        signer = self._session.signer
        if signer is None:
            fix = "To trade, set POLYMARKET_PRIVATE_KEY, and POLYMARKET_FUNDER where a wallet holds the money."
            return [Finding("key", State.OK, "no private key: public data only", fix)]
        wallet = signer.wallet
        found = [
            Finding("key", State.OK, f"it signs as {signer.owner}"),
            Finding("wallet", State.OK, f"{wallet.address}, {wallet.kind.title} (signature type {int(wallet.kind)})"),
        ]
        if wallet.kind is WalletKind.EOA and not self._session.options.funder:
            found[-1] = Finding("wallet", State.OK, found[-1].message, _other_wallets(signer))
        return found

    # -- what anybody may ask

    async def _reach(self) -> list[Finding]:
        before = self._clock.now_ns()
        theirs = await self._session.server_time_ns()
        clock = found_clock(theirs, before, self._clock.now_ns(), grain_ns=NANOS)
        return [Finding("connection", State.OK, f"{self._session.options.clob_url} answers"), clock]

    async def _place(self) -> Finding:
        body = await self._session.api.body(Call(service=Service.GEOBLOCK, method="GET", path="", budget=GAMMA))
        where = body if isinstance(body, Mapping) else {}
        place = " ".join(word for word in (text(where, "country"), text(where, "region")) if word)[:40] or "unknown"
        if flag(where, "blocked"):
            fix = "Where the venue does not serve you, do not trade there; public data and shadow mode work."
            return Finding("place", State.FAILED, f"the venue does not serve this place ({place})", fix)
        return Finding("place", State.OK, f"the venue serves this place ({place})")

    # -- what the key may ask

    async def _credentials(self) -> Finding:
        given = bool(self._session.options.api_key)
        try:
            await self._session.api.credentials()
            await self._session.api.own("/auth/api-keys", budget=AUTH)
        except VenuePermission as error:
            raise VenuePermission(error.message, fix=_OWN_CREDENTIALS if given else error.fix) from error
        return Finding("credentials", State.OK, f"{'configured' if given else 'derived from the key'}, and taken")

    async def _restrictions(self) -> Finding:
        body = await self._session.api.own("/auth/ban-status/closed-only", budget=AUTH)
        if isinstance(body, Mapping) and flag(body, "closed_only"):
            fix = "The venue's site says why. Orders that close a position are taken."
            return Finding("restrictions", State.WARNING, "the account may only close positions", fix)
        return Finding("restrictions", State.OK, "none")

    async def _balance(self) -> Finding:
        signer = self._session.api.key
        query = {"asset_type": "COLLATERAL", "signature_type": int(signer.wallet.kind)}
        call = Call(
            service=Service.CLOB,
            method="GET",
            path="/balance-allowance",
            query=query,
            budget=BALANCE,
            proof=Proof.CREDENTIALS,
        )
        body = await self._session.api.body(call)
        units = amount(body, "balance") if isinstance(body, Mapping) else None
        balance = (units or Decimal(0)) * _MILLIONTH
        message = f"{plain(normal(balance))} {QUOTE}"
        if balance > 0:
            return Finding("balance", State.OK, message)
        lost = _other_wallets(signer) if signer.wallet.kind is WalletKind.EOA else ""
        fix = f"Deposit at the venue's site: it counts {QUOTE} alone, not USDC.e. {lost}".strip()
        return Finding("balance", State.WARNING, message, fix)

    async def _allowances(self) -> list[Finding]:
        signer = self._session.api.key
        body = await self._session.api.data("/v2/approvals", budget=DATA, user=signer.wallet.address)
        approved = {
            (text(row, "token").lower(), text(row, "spender").lower()): row
            for row in rows(table(body, "data"), "contracts")
        }
        found = []
        for check, needed in _needed(signer.contracts).items():
            missing = [spender for token, spender in needed if not _is_approved(approved, token, spender)]
            names = signer.contracts.names
            shown = ", ".join(f"{names[spender.lower()]} {spender}" for spender in missing)
            if missing:
                found.append(Finding(check, State.WARNING, f"not approved: {shown}", _APPROVE))
            else:
                count = len(needed)
                found.append(Finding(check, State.OK, f"{count} of {count} contracts may take what is given"))
        return found

    async def _transactions(self) -> Finding:
        """What splitting, merging and redeeming need beside allowances."""
        signer, api, check = self._session.api.key, self._session.api, "transactions"
        chain, wanted = await Node(api).chain_id(), signer.contracts.chain_id
        if chain != wanted:
            fix = f"Set rpc_url to a node of the Polygon network, chain {wanted}."
            return Finding(check, State.WARNING, f"rpc_url is a node of chain {chain}", fix)
        if signer.wallet.kind is WalletKind.EOA:
            money = Decimal(await Node(api).gas_money(signer.owner)).scaleb(-_POL_DECIMALS)
            message = f"{money:.4f} POL, which splits, merges and redemptions are paid with"
            fix = "" if money > _LITTLE_POL else f"To use them, send {signer.owner} some POL on Polygon."
            return Finding(check, State.OK, message, fix)
        if not api.opens_relayer:
            return Finding(check, State.OK, "splits, merges and redemptions need a key of the relayer's", NEEDS_KEY)
        relayer = Relayer(api)
        await relayer.recent()  # it takes the key
        if not await relayer.deployed():
            fix = "Log in at the venue's site once, which makes it; nothing here ever does."
            return Finding(check, State.WARNING, f"the wallet {signer.wallet.address} is not on the chain yet", fix)
        return Finding(check, State.OK, "the relayer takes the key, and the wallet is on the chain")


def _needed(contracts: Contracts) -> dict[str, list[tuple[str, str]]]:
    """What an order needs: each exchange may take the money of a buyer, and the shares of a seller.

    And what splitting needs, and merging and redeeming: the contracts that do it may take what they turn.
    """
    turning = (contracts.collateral_adapter, contracts.neg_risk_collateral_adapter)
    return {
        "allowances to buy": [
            (contracts.collateral, contracts.exchange),
            (contracts.collateral, contracts.neg_risk_exchange),
            (contracts.collateral, contracts.exchange_v3),
        ],
        "allowances to sell": [
            (contracts.conditional_tokens, contracts.exchange),
            (contracts.conditional_tokens, contracts.neg_risk_exchange),
            (contracts.position_manager, contracts.exchange_v3),
        ],
        "allowances to split": [(contracts.collateral, contract) for contract in (*turning, contracts.router)],
        "allowances to merge and redeem": [
            *((contracts.conditional_tokens, contract) for contract in turning),
            (contracts.position_manager, contracts.router),
        ],
    }


def _is_approved(approved: Mapping[tuple[str, str], Mapping[str, object]], token: str, spender: str) -> bool:
    return flag(approved.get((token.lower(), spender.lower()), {}), "approved")


def _other_wallets(signer: Signer) -> str:
    """Where the money may be instead, for one who forgot to say it."""
    others = ", ".join(f"{w.address} ({w.kind.title})" for w in signer.wallets if w.kind is not WalletKind.EOA)
    return f"If the venue's site shows another address, set POLYMARKET_FUNDER to it; this key may own {others}."
