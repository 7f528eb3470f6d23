"""What can go wrong with a provider, by the names that `PlayedProvider` knows."""

STATUS = {
    "400": (400, "invalid_request_error", "This size is not supported (key {key})."),
    "401": (401, "invalid_api_key", "Incorrect API key provided: {key}."),
    "402": (402, 402, "Insufficient credits."),
    "403 moderation": (403, 403, "Your input was flagged."),
    "404 model": (404, "model_not_found", "The model does not exist."),
    "408": (408, 408, "Request timed out."),
    "409": (409, "conflict", "Try again."),
    "413": (413, "too_large", "Too large."),
    "422": (422, "unprocessable", "n must be 1."),
    "429": (429, "rate_limit_exceeded", "Slow down."),
    "429 retry-after": (429, "rate_limit_exceeded", "Slow down."),
    "429 retry-after date": (429, "rate_limit_exceeded", "Slow down."),
    "429 retry-after long": (429, "rate_limit_exceeded", "Slow down."),
    "429 quota": (429, "insufficient_quota", "You exceeded your current quota."),
    "500": (500, "server_error", "Something went wrong with {key}."),
    "503": (503, "overloaded", "Overloaded."),
    "moderated": (400, "moderation_blocked", "Blocked by our safety system."),
}
ANSWERS = (
    "ok",
    "no usage",
    "cost",
    "refusal",
    "cut",
    "content filter",
    "empty",
    "wrong types",
    "not a picture",
    "link",
    "embedded error",
)
BROKEN = (
    "html",
    "truncated json",
    "huge",
    "huge without length",
    "gzip",
    "reset",
    "reset in the middle",
    "ends in the middle",
)
ENDLESS = ("hang", "drip headers", "drip body")
OTHER = ("404 page", "redirect")
FAULTS = (*STATUS, *ANSWERS, *BROKEN, *ENDLESS, *OTHER)
UNCHARGED = (*STATUS, *OTHER, "embedded error")


def known(fault: str) -> str:
    """The fault, if there is one of that name. Raises ValueError."""
    if fault not in FAULTS:
        raise ValueError(f"there is no fault {fault!r}")
    return fault
