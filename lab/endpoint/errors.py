"""Errors in OpenAI's form, `{"error": {"message", "type", "param", "code"}}`, whatever went wrong and where.

`code` is stable; the message is for a person, in the language their client asks for (`Accept-Language`).
"""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, Headers
from starlette.exceptions import HTTPException

from exercises.errors import CatalogueError, UserError
from exercises.faults import Fault, faults
from exercises.i18n import Language, nearest_language, translator
from exercises.settings import ExerciseSettings

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.types import Scope

log = logging.getLogger(__name__)

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
CODES = {404: "not_found", 405: "method_not_allowed"}


class ErrorFacts(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorAnswer(BaseModel):
    """What every answer that is not 2xx holds."""

    error: ErrorFacts


class ApiError(CatalogueError):
    """An answer of `status`; its words are the catalogue's `[endpoint]` at `code`."""

    package = "lab"

    def __init__(
        self,
        status: int,
        code: str,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        super().__init__(f"endpoint.{code}", **values)
        self.status, self.code, self.param, self.headers = status, code, param, dict(headers or {})
        self.facts: Mapping[str, object] = {}  # further fields of the error


class Refused(ApiError):
    """A request that cannot be done for a reason someone else worded (the engine, the picture's reader)."""

    def __init__(self, status: int, code: str, reason: UserError, *, param: str | None = None) -> None:
        super().__init__(status, code, param=param)
        self.reason = reason

    def in_language(self, language: Language) -> str:
        return self.reason.in_language(language)


def language_in(scope: "Scope") -> Language:
    """What the client asks for in `Accept-Language`; where it says nothing, the setting's, else English."""
    asked = Headers(scope=scope).get("accept-language")
    return nearest_language(asked) if asked else ExerciseSettings().language or "en"


def language_of(request: "Request") -> Language:
    return language_in(request.scope)


def answer(
    status: int,
    message: str,
    code: str | None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> JSONResponse:
    """The response of an error."""
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    facts = ErrorFacts(message=message, type=kind, param=param, code=code)
    error = facts.model_dump() | dict(more or {})
    return JSONResponse({"error": error}, status_code=status, headers=dict(headers or {}))


def worded(error: ApiError, language: Language) -> JSONResponse:
    message = error.in_language(language)
    return answer(error.status, message, error.code, error.param, error.headers, error.facts)


def too_large(most: int) -> Callable[["Scope"], JSONResponse]:
    """Makes the answers to bodies of more than `most` bytes."""
    error = ApiError(413, "too_large", mib=most // 2**20)
    return lambda scope: worded(error, language_in(scope))


def invalid_request(errors: list[Any], body: object, request: "Request", status: int) -> JSONResponse:
    """The answer to a request whose fields are not as expected; it names the first of them."""
    language = language_of(request)
    if isinstance(body, bytes) or (isinstance(body, FormData) and not _sends(request, FORMS)):
        sent = request.headers.get("content-type", "")[:100] or "-"
        return worded(ApiError(400, "not_json", sent=sent), language)
    document = {"body": body, "query": dict(request.query_params), "path": dict(request.path_params)}
    fault = _innermost(faults(cast("ValidationError", _Errors(errors)), document))
    field = _field(fault.path[1:])
    message = translator("lab", language)(
        "endpoint.invalid", field=field or "-", expected=fault.text(language)
    )
    return answer(status, message, "invalid_request", field or None)


def install(app: "FastAPI", *, invalid_status: int) -> None:
    """From now on every error of the application has OpenAI's form.

    `invalid_status` is that of a request whose fields are not as expected.
    """

    async def known(request: "Request", error: Exception) -> JSONResponse:
        return worded(cast("ApiError", error), language_of(request))

    async def invalid(request: "Request", error: Exception) -> JSONResponse:
        found = cast("RequestValidationError", error)
        return invalid_request(list(found.errors()), found.body, request, invalid_status)

    async def refused(request: "Request", error: Exception) -> JSONResponse:
        status = cast("HTTPException", error).status_code
        code = CODES.get(status, "bad_body" if status == 400 else "refused")
        message = translator("lab", language_of(request))(f"endpoint.{code}")
        return answer(status, message, code, headers=cast("HTTPException", error).headers)

    async def broken(request: "Request", error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(500, translator("lab", language_of(request))("endpoint.internal"), "internal")

    app.add_exception_handler(ApiError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, broken)


class _Errors:
    """A request's faults as `exercises.faults` reads pydantic's: FastAPI's `errors` takes no options.

    A missing or unknown kind of a part is told at the part's field `type`, where the client writes it.
    """

    def __init__(self, errors: list[Any]) -> None:
        self._errors = [_at_type(each) for each in errors]

    def errors(self, **_: bool) -> list[Any]:
        return self._errors


def _at_type(error: dict[str, Any]) -> dict[str, Any]:
    kinds = {"union_tag_not_found": "missing", "union_tag_invalid": "literal_error"}
    if error["type"] not in kinds:
        return error
    context = error.get("ctx", {})
    name = str(context.get("discriminator", "type")).strip("'")
    expected = {"expected": context.get("expected_tags", "")}
    return {**error, "type": kinds[error["type"]], "loc": (*error["loc"], name), "ctx": expected}


def _innermost(found: list[Fault]) -> Fault:
    """The first fault, or the deepest within it: of a text or a list, each has faults of its own."""
    first = found[0].path
    return max((each for each in found if each.path[: len(first)] == first), key=lambda each: len(each.path))


def _field(path: tuple[str | int, ...]) -> str:
    """A place in the request as the client wrote it: `messages[0].content`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _sends(request: "Request", types: tuple[str, ...]) -> bool:
    """Tell whether the request says that its body is of one of these media types."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in types
