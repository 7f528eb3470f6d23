"""What a user name may look like, and the name of the folder that belongs to it.

A user name becomes part of web addresses, folders and the proxy's routing rules, so only characters
that are harmless in all three are allowed.
"""

import re

# Letters, digits and . _ @ + -, beginning with a letter or digit. A backtick would end a pattern in
# the proxy's rules, and a slash would lead to another folder.
USER_NAME = r"^[^\W_][\w.@+-]{0,59}\Z"

_UNSAFE_IN_FOLDER = re.compile(r"[^\w.@+-]|^\.")


def folder_name(user: str) -> str:
    """Return a folder name for a user: one path component, never hidden, and different for every user."""
    return _UNSAFE_IN_FOLDER.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), user
    )
