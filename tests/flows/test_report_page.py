"""The report as `smartmeter up` shows it: to this machine, and to nobody's script."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from flows.backend import free_port
from flows.prefect_api import BackendError
from flows.report_page import report_page


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    site = tmp_path / "site"
    (site / "pictures").mkdir(parents=True)
    (site / "index.html").write_text("<p>361 kWh</p>")
    (tmp_path / "secret").write_text("not of the site")
    port = free_port()
    with report_page(site, port):
        yield f"http://127.0.0.1:{port}"


def test_the_page_is_shown_fresh_and_in_no_frame(address: str) -> None:
    answer = httpx.get(f"{address}/")
    assert answer.text == "<p>361 kWh</p>"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path", ["/pictures/", "/nothing.html", "/../secret", "/%2e%2e/secret", "/..%2fsecret"]
)
def test_no_folder_is_listed_and_nothing_outside_is_shown(address: str, path: str) -> None:
    answer = httpx.get(f"{address}{path}")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert "not of the site" not in answer.text


@pytest.mark.parametrize(("name", "status"), [("localhost:1", 200), ("evil.example:80", 421), ("", 421)])
def test_only_this_machines_own_names_are_answered(address: str, name: str, status: int) -> None:
    assert httpx.get(address, headers={"Host": name}).status_code == status


def test_a_taken_port_is_named(address: str, tmp_path: Path) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(BackendError, match=f"port {port} .*in use"), report_page(tmp_path, port):
        pass
