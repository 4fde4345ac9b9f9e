"""The names of the package of the settings."""

from __future__ import annotations

import pytest

import config


def test_each_name_that_it_offers_is_found_in_its_file() -> None:
    for name in config.__all__:
        assert getattr(config, name) is not None


def test_another_name_is_none_of_it() -> None:
    with pytest.raises(AttributeError, match="load_nothing"):
        config.load_nothing  # noqa: B018  (asking is what is tested)
