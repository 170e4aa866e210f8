"""What Polymarket's users lose money on, each with the tests that hold it: none may lose its last one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
ACCOUNT, ADAPTER, HERE = "adapters/polymarket/account/", "adapters/polymarket/", "servers/known_defects/"

#: Complaint → the file of tests, and those of them that would fail if it were true here.
COMPLAINTS: dict[str, dict[str, str]] = {
    "A timeout, and yet the order had matched: sent again, the position tripled": {
        ACCOUNT + "test_placing.py": "test_an_order_rests_under_the_digest_that_was_known_before_it_was_sent",
        ACCOUNT + "test_lost_answers.py": """
            test_a_lost_answer_is_no_riddle_when_the_order_can_be_asked_for
            test_a_purchase_whose_answer_is_lost_is_found_in_the_trades_since_the_venue_forgets_it
            test_only_the_very_same_signed_order_is_sent_again test_a_duplicate_is_the_order_that_is_there""",
        HERE + "test_trading.py": """
            test_an_order_whose_answer_is_lost_is_found_by_its_id_and_not_sent_as_another""",
    },
    "invalid signature: the wrong funder, the wrong kind of wallet": {
        ACCOUNT + "test_placing.py": "test_every_wallet_trades_on_every_exchange",
        ADAPTER + "test_examination.py": """
            test_an_account_in_order_has_nothing_to_mend
            test_a_forgotten_funder_is_named_where_the_money_is_missed
            test_credentials_of_another_key_are_refused_and_what_needs_them_is_left_out""",
        HERE + "test_trading.py": """
            test_the_kind_of_wallet_follows_from_its_address_and_orders_are_signed_for_it
            test_a_funder_that_the_key_does_not_own_is_refused_before_anything_is_asked""",
    },
    "Amounts with too many decimals: refused for a month, or rounded unannounced": {
        ADAPTER + "test_amounts.py": """
            test_no_price_is_moved_unannounced test_money_on_a_fine_tick_gets_no_more_than_four_decimals
            test_the_purchase_that_was_never_filled_for_a_month_reaches_its_ask
            test_a_purchase_at_once_lets_an_ask_at_its_limit_match_and_none_above
            test_a_size_that_the_venue_cannot_count_names_its_neighbours_instead_of_being_rounded""",
        ACCOUNT + "test_placing.py": "test_orders_of_every_tick_are_taken",
    },
    "not enough balance / allowance, and not which": {
        ACCOUNT + "test_placing.py": """
            test_too_little_money_says_how_much_there_is_and_what_the_order_gives
            test_a_missing_allowance_names_the_contract_that_may_take_nothing""",
        ACCOUNT + "test_holdings.py": "test_an_open_order_holds_its_cost_and_canceling_frees_it",
        ACCOUNT + "test_account_extras.py": "test_allowances_are_told_by_contract_in_pusd",
        ADAPTER + "test_examination.py": "test_what_is_not_approved_is_named_by_contract",
    },
    "Fills that never settle": {
        ACCOUNT + "test_settling.py": """
            test_a_fill_is_provisional_until_its_trade_is_confirmed
            test_a_trade_that_fails_is_undone_with_an_event_and_its_shares_are_gone
            test_shares_can_be_sold_when_their_trade_is_settled_and_not_before""",
        ACCOUNT + "test_holdings.py": "test_a_trade_that_failed_has_moved_nothing",
    },
    "Streams that freeze, and what was missed is not told": {
        ADAPTER + "test_market_streams.py": """
            test_a_stream_that_answers_pings_and_says_nothing_of_a_moved_book_is_dead
            test_a_socket_answers_for_dead_when_pongs_stop_and_is_pinged_every_ten_seconds
            test_a_book_that_the_venues_word_contradicts_is_asked_for_and_told_as_a_gap""",
        HERE + "test_realtime.py": """
            test_lost_streams_come_back_with_a_gap_and_what_is_not_understood_is_counted""",
    },
    "A tick size that had changed": {
        ADAPTER + "test_market_streams.py": "test_a_new_tick_begins_the_book_anew",
        ADAPTER + "test_market_data.py": "test_a_book_tells_of_a_new_tick_size",
        ACCOUNT + "test_placing.py": """
            test_a_tick_that_has_become_finer_is_read_again_before_a_price_is_refused
            test_a_tick_that_has_become_coarser_names_the_prices_that_would_do""",
    },
    "403 from the gateway, tried again and again": {
        ACCOUNT + "test_placing.py": "test_a_blocked_country_is_believed_and_not_tried_again_and_again",
        ADAPTER + "test_examination.py": """
            test_a_place_that_is_not_served_is_a_failure_and_the_rest_is_looked_at""",
        ADAPTER + "test_transport.py": "test_each_answer_says_whether_something_may_have_happened",
    },
    "A call that blocked the bot for an hour": {
        ADAPTER + "test_transport.py": "test_an_answer_that_never_comes_is_given_up_at_its_deadline",
        HERE + "test_trading.py": """
            test_a_tool_that_waits_for_the_venue_holds_up_no_other_and_ends_at_its_deadline""",
    },
    "What was won cannot be found, let alone redeemed": {
        ACCOUNT + "test_account_extras.py": """
            test_shares_of_a_resolved_market_are_told_as_redeemable_with_what_they_bring""",
        ACCOUNT + "test_pairs.py": "test_every_wallet_splits_merges_and_redeems_exactly",
    },
    "Messages of an unknown form vanish": {
        ADAPTER + "test_market_streams.py": "test_what_cannot_be_read_is_counted_and_its_book_asked_for",
        ADAPTER + "test_recorded_frames.py": "*",
        ADAPTER + "test_recorded_own_frames.py": "*",
        HERE + "test_realtime.py": "test_each_documented_message_becomes_an_event",
    },
    "Agents get markets of 2020, the wrong outcome, and tools that crash": {
        ADAPTER + "test_instruments.py": """
            test_search_finds_open_markets_and_a_name_finds_itself_first
            test_a_name_without_an_outcome_is_refused_with_both
            test_an_event_of_several_markets_is_refused_with_every_outcome""",
        ADAPTER + "test_discovery.py": "test_closing_soon_asks_only_for_what_ends_after_now",
        HERE + "test_realtime.py": "test_a_first_connection_that_fails_is_tried_again",
        HERE + "test_trading.py": "test_positions_and_balances_are_the_accounts",
    },
}


@pytest.mark.parametrize("complaint", COMPLAINTS, ids=lambda complaint: complaint[:40])
def test_each_complaint_is_held_by_tests_that_there_are(complaint: str) -> None:
    for file, named in COMPLAINTS[complaint].items():
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        there = {n.name for n in tree.body if isinstance(n, functions) and n.name.startswith("test_")}
        assert there
        assert set(named.split()) - {"*"} <= there, file
