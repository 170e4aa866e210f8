"""The venue's contracts on Polygon, and which of them an order of a market is signed for."""

from __future__ import annotations

CHAIN_ID = 137
DOMAIN_NAME = "Polymarket CTF Exchange"
#: The domain's version of the standard and the negative-risk exchange, and of the exchange for position ids.
VERSION, POSITIONS_VERSION = "2", "3"
STANDARD_EXCHANGE = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE = "0xe2222d279d744050d28e00520010520000310F59"
POSITIONS_EXCHANGE = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
NEG_RISK_ADAPTER = "0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296"
#: pUSD, 6 decimal places.
COLLATERAL = "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB"
CONDITIONAL_TOKENS = "0x4D97DCd97eC945f40cF65F87097ACe5EA0476045"
POSITION_MANAGER = "0x006F54F7f9A22e0000CC2AB60031000000ae9fEF"
COLLATERAL_ADAPTER = "0xAdA100Db00Ca00073811820692005400218FcE1f"
NEG_RISK_COLLATERAL_ADAPTER = "0xadA2005600Dec949baf300f4C6120000bDB6eAab"
AUTO_REDEEM_OPERATOR = "0xa1200000d0002264C9a1698e001292D00E1b00af"
ROUTER = "0x12121212006e4CD160D18e3f00711DA5c3372600"
BINARY_MODULE = "0x1000008dD9001B968442c1000017eaE6E0dA00Ba"
NEG_RISK_MODULE = "0x200000900045e3B6259600682756002200028933"
PERPS_DEPOSIT = "0xDCa4af75705dbB50f62437045afF9921947917d2"
PROXY_FACTORY = "0xaB45c5A4B0c941a2F231C04C3f49182e1A254052"
PROXY_IMPLEMENTATION = "0x44e999d5c2F66Ef0861317f9A4805AC2e90aEB4f"
SAFE_FACTORY = "0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b"
SAFE_INIT_CODE_HASH = "0x2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf"
DEPOSIT_FACTORY = "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07"
DEPOSIT_IMPLEMENTATION = "0x58CA52ebe0DadfdF531Cde7062e76746de4Db1eB"
DEPOSIT_BEACON = "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a"
#: What a safe's several calls go through, and the hub and the relay that a proxy's signature names.
SAFE_MULTISEND = "0xA238CBeb142c10Ef7Ad8442C6D1f9E89e07e7761"
RELAY_HUB = "0xD216153c06E857cD7f72665E0aF1d7D82172F494"
RELAY = "0x7db63fe6D62eB73fB01f8009416f4C2bb4fbdA6a"
#: Who may be allowed to move collateral and shares.
SPENDERS = (
    STANDARD_EXCHANGE,
    NEG_RISK_EXCHANGE,
    POSITIONS_EXCHANGE,
    NEG_RISK_ADAPTER,
    COLLATERAL_ADAPTER,
    NEG_RISK_COLLATERAL_ADAPTER,
    AUTO_REDEEM_OPERATOR,
    ROUTER,
    BINARY_MODULE,
    NEG_RISK_MODULE,
    PERPS_DEPOSIT,
)
#: Contracts and versions of the other exchange, by a version: whoever signs for them has not learned of this one.
OTHER_DOMAINS = {
    VERSION: ((POSITIONS_EXCHANGE, POSITIONS_VERSION),),
    POSITIONS_VERSION: ((STANDARD_EXCHANGE, VERSION), (NEG_RISK_EXCHANGE, VERSION)),
}
#: Bits of a token id that are zero when it is a position id.
_POSITION_BITS = ((1 << 64) - 1) << 40


def is_position(token: str) -> bool:
    """Whether a token id is one of the newer position ids."""
    return int(token) & _POSITION_BITS == 0


def exchange_of(token: str, *, neg_risk: bool) -> tuple[str, str]:
    """The contract that orders of a token are signed for, and its domain's version."""
    if is_position(token):
        return POSITIONS_EXCHANGE, POSITIONS_VERSION
    return (NEG_RISK_EXCHANGE if neg_risk else STANDARD_EXCHANGE), VERSION


def shares_contract(token: str) -> str:
    """The contract that keeps shares of a token."""
    return POSITION_MANAGER if is_position(token) else CONDITIONAL_TOKENS
