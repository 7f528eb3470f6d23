"""Whether a request is the lab's own: by what browsers say, over https and without, through a proxy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from lab.web.origin import is_cross_site

PAGE_PATHS = frozenset({"/user/jane/", "/user/jane/en/"})


def request(
    method: str, path: str = "/user/jane/en/x", scheme: str = "http", **headers: str
) -> HTTPConnection:
    given = {"host": "hub.example.org"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTPConnection(
        {
            "type": "http",
            "method": method,
            "path": path,
            "scheme": scheme,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        }
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://hub.example.org"},
        {"sec_fetch_site": "same-origin"},
        {"origin": "https://hub.example.org", "x_forwarded_proto": "https"},
        {
            "origin": "https://hub.example.org:8443",
            "x_forwarded_proto": "https",
            "host": "hub.example.org:8443",
        },
    ],
)
def test_the_labs_own_page_may_change_things(headers: dict[str, str]) -> None:
    assert not is_cross_site(request("POST", **headers), PAGE_PATHS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": ""},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "https://hub.example.org"},  # another scheme is another origin
        {"origin": "http://hub.example.org:81"},
        {"origin": "http://hub.example.org.evil.example"},
        {"origin": "http://hub.example.org", "x_forwarded_proto": "https"},
        {"origin": "http://hub.example.org", "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},
        {"referer": "http://hub.example.org/user/jane/"},
    ],
)
def test_nobody_else_may(headers: dict[str, str]) -> None:
    assert is_cross_site(request("POST", "/user/jane/", **headers), PAGE_PATHS)


def test_the_public_address_counts_where_the_hub_knows_it() -> None:
    public = "https://jane.hub.example.org/user/jane/"
    own = request("POST", origin="https://jane.hub.example.org", host="10.0.0.7:8888")
    other = request("POST", origin="http://10.0.0.7:8888", host="10.0.0.7:8888")
    assert not is_cross_site(own, PAGE_PATHS, public)
    assert is_cross_site(other, PAGE_PATHS, public)


OPENED = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}


@pytest.mark.parametrize(
    ("path", "headers", "refused"),
    [
        ("/user/jane/", {"sec_fetch_site": "cross-site"} | OPENED, False),  # a link in Moodle
        ("/user/jane/en/", {"sec_fetch_site": "same-site"} | OPENED, False),
        ("/user/jane/en/gradio_api/x", {"sec_fetch_site": "cross-site"} | OPENED, True),
        ("/user/jane/en/logout", {"sec_fetch_site": "cross-site"} | OPENED, True),
        ("/user/jane/", {"sec_fetch_site": "cross-site"} | OPENED | {"sec_fetch_dest": "iframe"}, True),
        ("/user/jane/", {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, True),
        ("/user/jane/en/x", {"origin": "http://evil.example"}, True),
        ("/user/jane/en/x", {"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"}, False),
        ("/user/jane/en/x", {"sec_fetch_site": "none"} | OPENED, False),  # typed, or a bookmark
        ("/user/jane/en/x", {}, False),  # without https browsers do not say
    ],
)
def test_another_site_may_lead_a_person_to_a_page_but_read_and_cause_nothing(
    path: str, headers: dict[str, str], refused: bool
) -> None:
    assert is_cross_site(request("GET", path, **headers), PAGE_PATHS) is refused


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_other_origin_passes_for_ours(origin: str) -> None:
    refused = is_cross_site(request("POST", origin=origin), PAGE_PATHS)
    assert refused is (origin != "http://hub.example.org")
