"""The schema that clients see and the reader that decides agree about every JSON value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from venuekit.errors import InternalError, InvalidValue
from venuekit_mcp.arguments import fields_of, read
from venuekit_mcp.reading import reader_of
from venuekit_mcp.schemas import checker, input_schema, output_checker, output_schema
from venuekit_mcp.tools.market import BookArguments, CandleArguments, TickerArguments
from venuekit_mcp.tools.orders import OrderArguments, Orders, OrdersArguments

CLASSES = [OrderArguments, OrdersArguments, BookArguments, CandleArguments, TickerArguments]
ODD = st.sampled_from(
    [
        "BUY",
        "LIMIT",
        "0.5",
        "-1",
        "1e3",
        "NaN",
        "",
        "GTC",
        "1h",
        "active",
        "BTC-USD",
        0,
        1,
        5,
        1.0,
        2.5,
        True,
        False,
        None,
        [],
        ["a"],
        {},
        "x" * 600,
    ]
)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_reader_and_schema_agree(cls, data):
    names = [n for n, f in fields_of(cls).items() if not f.iso]
    raw = data.draw(st.dictionaries(st.sampled_from([*names, "stranger"]), ODD, max_size=8))
    known = fields_of(cls)
    bare = {k: v for k, v in raw.items() if not (v is None and k in known and not known[k].required)}
    valid = Draft202012Validator(input_schema(cls)).is_valid(bare)
    if valid:
        read(cls, raw)
    else:
        with pytest.raises(InvalidValue) as caught:
            read(cls, raw)
        assert caught.value.field


def test_a_trailing_newline_passes_no_pattern():
    with pytest.raises(InvalidValue):
        read(OrderArguments, {"instrument": "A", "side": "BUY", "order_type": "MARKET", "reason": "", "size": "1\n"})


def test_a_raw_schema_is_enforced_as_it_is():
    schema, reader = reader_of({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    assert schema["required"] == ["n"]
    assert reader({"n": 1}) == {"n": 1}
    with pytest.raises(InvalidValue) as caught:
        reader({"n": "x"})
    assert caught.value.field == "n"
    with pytest.raises(InvalidValue, match="larger"):
        reader({"n": 1, "blob": "x" * 100_000})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
SCHEMAS = st.recursive(
    st.sampled_from(
        [{}, {"type": "string"}, {"type": "boolean"}, {"type": "integer"}, {"type": "object"}, {"type": "array"}]
    ),
    lambda inner: (
        st.builds(lambda i: {"type": "array", "items": i}, inner)
        | st.builds(
            lambda i, r: {"type": "object", "properties": {"a": i}, "required": r},
            inner,
            st.sampled_from([[], ["a"], ["b"]]),
        )
    ),
    max_leaves=4,
)


@given(SCHEMAS, VALUES)
@settings(max_examples=300, deadline=None)
def test_the_quick_output_check_judges_like_the_real_validator(schema, value):
    assert (checker(schema)(value) == "") == Draft202012Validator(schema).is_valid(value)


def test_a_schema_word_that_the_quick_check_does_not_know_is_an_error():
    with pytest.raises(InternalError, match="pattern"):
        checker({"type": "string", "pattern": "x"})


def test_an_answer_without_its_envelope_does_not_pass():
    envelope = dict.fromkeys(("mode", "venue", "environment", "account"), "x")
    assert output_checker(Orders)({**envelope, "orders": []}) == ""
    assert "mode" in output_checker(Orders)({"orders": []})
    assert "orders" in output_checker(Orders)({**envelope, "orders": [{"id": "1"}]})
    json.dumps(output_schema(Orders))
