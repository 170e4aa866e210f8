"""The relayer and the node take what a wallet's own key signed, in its turn, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account as EthAccount
from raw import Answer, Wire
from relayed_by_hand import door, splitting, submission

from venuekit_doubles.polymarket import Account, PolymarketDouble, WalletKind

pytestmark = pytest.mark.anyio
FED, ALPHA = "fed-cuts-in-december", "will-alpha-be-nominated-in-2028"
M = 1_000_000
RELAYED = [WalletKind.PROXY, WalletKind.SAFE, WalletKind.DEPOSIT]


async def submit(wire: Wire, body: dict[str, Any], account: Account) -> Answer:
    return await wire.ask("POST", "/relayer/submit", body, headers=door(account))


@pytest.mark.parametrize("kind", RELAYED)
async def test_what_another_key_signed_or_was_changed_since_is_refused(
    double: PolymarketDouble, kind: WalletKind
) -> None:
    account = double.add_account(Account.named("signer", kind))
    call = splitting(double, FED, 5 * M)
    good = submission(account, call)
    other = submission(account, splitting(double, FED, 50 * M))
    inner = {"depositWalletParams": other["depositWalletParams"]} if kind is WalletKind.DEPOSIT else {}
    changed = {**good, **inner, "data": other.get("data")}
    stranger = submission(account, call, signed_by=double.other)
    async with Wire.to(double) as wire:
        for forged in (changed, stranger, {**good, "signature": "0x"}, {**good, "signature": None}):
            answer = await submit(wire, forged, account)
            assert (answer.status, answer.error[:7]) == (400, "invalid")
        theirs = {**good, "from": double.other.address}
        assert (await submit(wire, theirs, account)).error == "the wallet is not the signer's"
        assert (await wire.ask("POST", "/relayer/submit", good, headers={})).status == 401
        double.settle()
        assert double.balance(account.wallet) == 100_000
        assert (await submit(wire, good, account)).status == 200


@pytest.mark.parametrize("kind", RELAYED)
async def test_a_transaction_is_taken_once_in_its_turn_and_listed_with_its_number(
    double: PolymarketDouble, kind: WalletKind
) -> None:
    account = double.add_account(Account.named("signer", kind))
    first = submission(account, splitting(double, FED, 5 * M))
    async with Wire.to(double) as wire:
        taken = (await submit(wire, first, account)).body
        again = (await submit(wire, first, account)).error
        busy = "wallet busy: 1 active action"
        assert again == (busy if kind is WalletKind.DEPOSIT else "batch nonce 0 does not match on-chain nonce 1")
        states = []
        for _ in range(3):
            double.settle()
            one = (await wire.ask("GET", f"/relayer/v1/account/transactions/{taken['transactionID']}", headers={})).body
            states.append((one["state"], double.balance(account.wallet)))
        assert states == [("STATE_EXECUTED", 100_000), ("STATE_MINED", 99_995), ("STATE_CONFIRMED", 99_995)]
        [listed] = (await wire.ask("GET", "/relayer/transactions", headers=door(account))).body
        known = {"nonce": "0", "signature": first["signature"], "transactionID": taken["transactionID"]}
        assert known.items() <= listed.items()
        assert listed["transactionHash"] == one["transaction_hash"]
        assert (await wire.ask("GET", "/relayer/transactions", headers=door(double.other))).body == []
        late = submission(account, splitting(double, FED, 5 * M), nonce=1, late=700)
        answer = await submit(wire, late, account)
        assert answer.status == (400 if kind is WalletKind.DEPOSIT else 200)


async def test_what_the_chain_undid_gives_its_number_back(double: PolymarketDouble) -> None:
    account = double.add_account(Account.named("signer", WalletKind.SAFE))
    double.fail_transactions("GS013")
    async with Wire.to(double) as wire:
        taken = (await submit(wire, submission(account, splitting(double, FED, 5 * M)), account)).body
        double.settle()
        double.settle()
        one = (await wire.ask("GET", f"/relayer/v1/account/transactions/{taken['transactionID']}", headers={})).body
        assert (one["state"], one["error_msg"]) == ("STATE_FAILED", "GS013")
        query = f"?address={account.address}&type=SAFE"
        params = (await wire.ask("GET", "/relayer/v1/account/transactions/params", query=query, headers={})).body
        assert params == {"address": account.wallet, "nonce": "0"}


async def test_a_condition_is_split_by_its_own_adapter_alone(double: PolymarketDouble) -> None:
    account = double.add_account(Account.named("signer", WalletKind.SAFE))
    wrong = splitting(double, ALPHA, 5 * M)  # the standard adapter, for a market of negative risk
    async with Wire.to(double) as wire:
        taken = (await submit(wire, submission(account, wrong), account)).body
        double.settle()
        double.settle()
        one = (await wire.ask("GET", f"/relayer/v1/account/transactions/{taken['transactionID']}", headers={})).body
    assert one["error_msg"] == "condition of another adapter"
    assert double.balance(account.wallet) == 100_000


async def test_the_node_takes_signed_transactions_of_this_chain_once_and_in_their_turn(
    double: PolymarketDouble,
) -> None:
    call = splitting(double, FED, 5 * M)

    def signed(**changes: int) -> tuple[str, str]:
        fields = {"gas": 400_000, "gasPrice": 30 * 10**9, "nonce": 0, "chainId": 137, "value": 0, **changes}
        made = EthAccount.sign_transaction({**fields, "to": call.to, "data": call.data}, double.account.private_key)
        return f"0x{made.raw_transaction.hex()}", f"0x{made.hash.hex()}"

    async with Wire.to(double) as wire:

        async def ask(method: str, *params: object) -> Any:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
            answer = (await wire.ask("POST", "/rpc", body, headers={})).body
            return answer.get("result", answer.get("error", {}).get("message"))

        assert await ask("eth_sendRawTransaction", signed(chainId=1)[0]) == "invalid chain id for signer"
        assert "nonce too high" in await ask("eth_sendRawTransaction", signed(nonce=1)[0])
        raw, digest = signed()
        assert await ask("eth_sendRawTransaction", raw) == digest
        assert await ask("eth_sendRawTransaction", raw) == "already known"
        assert "nonce too low" in await ask("eth_sendRawTransaction", signed(gas=300_000)[0])
        assert await ask("eth_getTransactionReceipt", digest) is None
        assert (await ask("eth_getTransactionByHash", digest))["blockNumber"] is None
        counts = [await ask("eth_getTransactionCount", double.account.address, at) for at in ("latest", "pending")]
        assert counts == ["0x0", "0x1"]
        double.settle()
        assert (await ask("eth_getTransactionReceipt", digest))["status"] == "0x1"
        assert double.balance(double.account.wallet) == 99_995
        typed = {"type": 2, "gas": 400_000, "maxFeePerGas": 30 * 10**9, "maxPriorityFeePerGas": 1, "nonce": 1}
        newer = EthAccount.sign_transaction(
            {**typed, "chainId": 137, "value": 0, "to": call.to, "data": call.data}, double.account.private_key
        )
        assert await ask("eth_sendRawTransaction", f"0x{newer.raw_transaction.hex()}") == f"0x{newer.hash.hex()}"
        double.settle()
        assert double.balance(double.account.wallet) == 99_990


async def test_a_call_is_tried_without_doing_anything(double: PolymarketDouble) -> None:
    call, wallet = splitting(double, FED, 200_000 * M), double.account.wallet
    async with Wire.to(double) as wire:
        given = {"from": wallet, "to": call.to, "data": call.data}
        body = [
            {"jsonrpc": "2.0", "id": n, "method": method, "params": [given, "latest"]}
            for n, method in enumerate(("eth_call", "eth_estimateGas"))
        ]
        for answer in (await wire.ask("POST", "/rpc", body, headers={})).body:
            assert answer["error"]["message"] == "execution reverted: transfer amount exceeds balance"
        given["data"] = splitting(double, FED, M).data
        for answer in (await wire.ask("POST", "/rpc", body, headers={})).body:
            assert "result" in answer
    assert double.balance(wallet) == 100_000
