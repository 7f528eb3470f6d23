"""Data URLs: what was put in comes out, whatever else is an error, and no address is fetched."""

import base64
import io
from collections.abc import Callable
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lab.endpoint.errors import ApiError
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.pictures import data_url_bytes, encoded, picture_of
from manifests.pictures import xmp_of
from manifests.xmp import read
from tests.lab.endpoint.asked import png

LIMITS = EndpointLimits(picture_bytes=4000, picture_pixels=10_000)


def status_of(attempt: Callable[[], object]) -> int | None:
    """The status of the error it ends in; None if it does not. Any other exception fails the test."""
    try:
        attempt()
    except ApiError as error:
        return error.status
    return None


@given(st.binary(max_size=LIMITS.picture_bytes), st.sampled_from(["png", "jpeg", "webp", "x-icon", "PNG"]))
def test_bytes_in_a_data_url_come_out_as_they_went_in(data: bytes, kind: str):
    url = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    assert data_url_bytes(url, LIMITS, "x") == data


@given(
    st.binary(max_size=LIMITS.picture_bytes),
    st.sampled_from(["data:image/png", "DATA:IMAGE/PNG", " Data:image/svg+xml", "data:image/vnd.x-icon"]),
    st.sampled_from(["", ";charset=utf-8", ";name=a b.png;x=1", ";base64=no"]),
    st.sampled_from([";base64,", ";BASE64,", "; base64,"]),
    st.sampled_from([None, "\n", "\r\n", " "]),
    st.sets(st.sampled_from(["url-safe", "padded", "quoted"])),
)
def test_data_urls_are_read_in_all_ways_they_are_written(
    data: bytes, scheme: str, parameters: str, mark: str, line_end: str | None, ways: set[str]
):
    text = (base64.urlsafe_b64encode if "url-safe" in ways else base64.b64encode)(data).decode()
    if "padded" not in ways:
        text = text.rstrip("=")
    if "quoted" in ways:
        text = quote(text)
    elif line_end:
        text = line_end.join(text[i : i + 76] for i in range(0, len(text), 76)) + line_end
    assert data_url_bytes(f"{scheme}{parameters}{mark}{text}", LIMITS, "x") == data


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(max_size=200),
        st.text(max_size=200).map(lambda text: f"data:image/png;base64,{text}"),
        st.builds(
            "{}://{}".format,
            st.sampled_from(["http", "https", "file", "ftp", "gopher"]),
            st.text(max_size=50),
        ),
    )
)
def test_any_text_gives_bytes_or_an_error_and_opens_no_connection(text: str):
    with patch("socket.socket") as opened:
        said = status_of(lambda: data_url_bytes(text, LIMITS, "x"))
    assert said in (None, 400, 413)
    opened.assert_not_called()


@pytest.mark.parametrize("over", [3, 10_000])
def test_more_bytes_than_allowed_are_not_decoded(over: int):
    url = "data:image/png;base64," + "A" * ((LIMITS.picture_bytes + over) * 4 // 3 // 4 * 4 + 4)
    with patch("base64.b64decode") as decode, pytest.raises(ApiError) as raised:
        data_url_bytes(url, LIMITS, "x")
    assert raised.value.status == 413
    decode.assert_not_called()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 3000), st.booleans())
def test_any_bytes_are_a_picture_or_an_error(junk: bytes, cut: int, whole: bool):
    data = junk if not whole else png()[:cut] + junk
    assert status_of(lambda: picture_of(data, EndpointLimits(), "image")) in (None, 400)


def test_a_picture_of_too_many_pixels_is_an_error():
    with pytest.raises(ApiError) as raised:
        picture_of(png(), EndpointLimits(picture_pixels=10_000), "image")
    assert "pixels" in raised.value.in_language("en")


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_what_goes_out_is_a_picture_of_that_format_with_its_mark_of_origin_and_no_text(output_format: str):
    picture = Image.open(io.BytesIO(png()))
    picture.info["parameters"] = "secret prompt"
    data = base64.b64decode(encoded(picture, output_format, "trainedAlgorithmicMedia"))
    out = Image.open(io.BytesIO(data))
    assert out.format == output_format.upper()
    assert out.size == picture.size
    assert "parameters" not in out.info
    assert read(xmp_of(data)).source_type == "trainedAlgorithmicMedia"
