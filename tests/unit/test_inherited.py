"""What jobs inherit from the shell that starts their campaign."""

from __future__ import annotations

import pytest

from arctl.environment import certificates, inherited

SHELL = {
    "PATH": "/usr/bin",
    "LC_ALL": "C.UTF-8",
    "ANTHROPIC_API_KEY": "sk-1",
    "UV_CACHE_DIR": "/cache",
    "UV_PUBLISH_TOKEN": "pypi-1",
    "WANDB_MODE": "offline",
    "https_proxy": "http://proxy.example:3128",
    "HTTP_PROXY": "http://me:secret@proxy.example:3128",
    "NO_PROXY": "localhost",
    "SSL_CERT_FILE": "/opt/company.pem",
}


@pytest.mark.parametrize("online", [True, False])
def test_keys_and_whatever_is_not_on_the_list_stay_behind(online: bool) -> None:
    found = inherited(SHELL, online=online)
    assert {"PATH", "LC_ALL", "UV_CACHE_DIR"} <= set(found)
    assert not {"ANTHROPIC_API_KEY", "UV_PUBLISH_TOKEN", "WANDB_MODE", "HTTP_PROXY"} & set(found)
    assert inherited(SHELL, ["WANDB_MODE"], online=online)["WANDB_MODE"] == "offline"


def test_only_who_has_the_network_is_told_the_way_there() -> None:
    way = {"https_proxy", "NO_PROXY", "SSL_CERT_FILE"}
    assert way <= set(inherited(SHELL))
    assert not way & set(inherited(SHELL, online=False))


def test_a_proxy_with_a_password_is_passed_on_by_name_only() -> None:
    assert inherited(SHELL, ["HTTP_PROXY"], online=False)["HTTP_PROXY"].startswith("http://me:")


def test_certificates_are_the_files_that_were_named() -> None:
    assert certificates(SHELL) == ["/opt/company.pem"]
    assert certificates({}) == []
