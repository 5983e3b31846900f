"""The price table: the shipped one can be read, a person's own wins, a bad one is refused with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arctl.daemon.models.prices import SHIPPED, PriceError, Prices, is_local, read

OFFICIAL = None


def usage(**counts: int) -> dict[str, int]:
    zero = dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"), 0
    )
    return {**zero, **counts}


def test_the_shipped_table_lists_families_and_their_dated_versions(tmp_path: Path) -> None:
    prices = Prices(tmp_path / "prices.toml")
    table = read(SHIPPED)
    assert len(table) >= 10
    for price in table.values():
        assert price.cache_read < price.input < price.cache_write_5m < price.cache_write_1h < price.output
    dated = prices.find("claude-haiku-4-5-20251001", OFFICIAL)
    assert dated == table["claude-haiku-4-5"]
    # A later family that nobody priced yet is unknown, not taken for an earlier one.
    assert prices.find("claude-opus-5-9", OFFICIAL) is None
    assert prices.find("claude-opus-45", OFFICIAL) is None


def test_a_local_server_costs_nothing_unless_it_is_listed(tmp_path: Path) -> None:
    prices = Prices(tmp_path / "prices.toml")
    local = prices.find("qwen", "http://127.0.0.1:8000")
    assert local is not None
    assert local.worst(10**6, 10**6) == 0
    assert prices.find("qwen", "https://models.example") is None
    # A local forwarder to a paid model is priced by the model's name.
    paid = prices.find("claude-sonnet-4-5", "http://localhost:4000")
    assert paid is not None
    assert paid.input == 3


def test_a_persons_own_prices_win_and_are_read_again(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    prices = Prices(own)
    own.write_text(
        '[models.claude-opus-4-5]\ninput = 1\noutput = 2\n[models."house-*"]\ninput = 3\noutput = 4\n'
    )
    found = prices.find("claude-opus-4-5-20251101", OFFICIAL)
    assert found is not None
    assert (found.input, found.cache_write_1h, found.cache_read) == (1, 2, 0.1)
    house = prices.find("house-large-v2", OFFICIAL)
    assert house is not None
    assert house.output == 4
    own.write_text("[models.claude-opus-4-5]\ninput = 7\noutput = 8\n")
    os.utime(own, ns=(1, 1))
    found = prices.find("claude-opus-4-5", OFFICIAL)
    assert found is not None
    assert found.input == 7
    own.unlink()
    found = prices.find("claude-opus-4-5", OFFICIAL)
    assert found is not None
    assert found.input == 5


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("[models.a]\ninput = 1\noutput = \n", 3, "not valid TOML"),
        ("[models.a]\ninput = 1\noutput = -2\n", 3, "at least 0"),
        ("[models.a]\ninput = nan\noutput = 2\n", 2, "at least 0"),
        ("[models.a]\ninput = true\noutput = 2\n", 2, "at least 0"),
        ("[models.a]\ninput = 1\noutptu = 2\n", 3, "unknown"),
        ("\n\n[models.a]\ninput = 1\n", 3, "lacks output"),
        ("[prices.a]\ninput = 1\n", 1, "unknown"),
        ("models = 3\n", 1, "table"),
        ("[models]\na = 3\n", 2, "table"),
        ("[models.a]\ninput = 1\noutput = 2\n[models.a.above]\ninput = 2\noutput = 3\n", 4, "lacks tokens"),
        ("[models.a]\ninput = 1\noutput = 2\nabove = 3\n", 4, "table"),
    ],
)
def test_a_bad_table_is_refused_with_its_line_until_it_is_mended(
    tmp_path: Path, content: str, line: int, words: str
) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(content)
    prices = Prices(own)
    for _ in range(2):
        with pytest.raises(PriceError, match=words) as caught:
            prices.find("a", OFFICIAL)
        assert f"prices.toml:{line}:" in caught.value.message
    own.write_text("[models.a]\ninput = 1\noutput = 2\n")
    assert prices.find("a", OFFICIAL) is not None


def test_the_worst_case_is_at_least_every_possible_cost(tmp_path: Path) -> None:
    prices = Prices(tmp_path / "prices.toml")
    for name in ("claude-haiku-5-5", "claude-opus-5-5", "claude-fable-5-1"):
        price = prices.find(name, OFFICIAL)
        assert price is not None
        for prompt in (1_000, 99_999, 100_001, 900_000):
            worst = price.worst(prompt, 8192)
            for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
                assert price.cost(usage(**{key: prompt, "output_tokens": 8192})) <= worst + 1e-12


def test_long_prompts_cost_more_where_the_table_says_so(tmp_path: Path) -> None:
    price = Prices(tmp_path / "prices.toml").find("claude-haiku-5-5", OFFICIAL)
    assert price is not None
    assert price.cost(usage(input_tokens=100_000)) == pytest.approx(0.01)
    # Every token of the call counts at the higher rate, cached ones decide with the others.
    assert price.cost(usage(input_tokens=1, cache_read_input_tokens=100_000, output_tokens=1000)) == (
        pytest.approx((0.5 + 0.05 * 100_000 + 2.5 * 1000) / 1e6)
    )


def test_cache_writes_of_unknown_length_count_as_the_dearer_ones(tmp_path: Path) -> None:
    price = Prices(tmp_path / "prices.toml").find("claude-haiku-4-5", OFFICIAL)
    assert price is not None
    written = usage(cache_creation_input_tokens=1_000_000)
    assert price.cost(written) == 2.0
    assert price.cost({**written, "cache_5m_tokens": 1_000_000}) == 1.25


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:80", True),
        ("http://localhost", True),
        ("http://[::1]:3", True),
        ("http://x.localhost:1", True),
        ("https://example.com/127.0.0.1", False),
        ("http://127.0.0.1.example.com", False),
        (None, False),
    ],
)
def test_addresses_of_this_machine_are_told_from_others(url: str | None, local: bool) -> None:
    assert is_local(url) is local
