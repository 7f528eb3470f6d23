"""Fetches a model's weights from the Hugging Face Hub into its cache.

Only what loading reads is fetched: configurations, vocabularies, and the safetensors of the entry's
variant. The token is handed to the Hub's client and appears nowhere else.
"""

from pathlib import Path

from exercises.errors import CatalogueError
from lab.models.registry import ModelEntry
from lab.models.settings import ModelSettings

CONFIGURATION = ["model_index.json", "*/*.json", "*/*.txt", "*/*.model"]


class PullError(CatalogueError):
    """The weights could not be fetched; the message says what to do."""

    package = "lab"


def pull_weights(entry: ModelEntry) -> Path:
    """Fetch the model's files and its ControlNet's, going on where an earlier attempt was cut off.

    Raises PullError.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    token = ModelSettings().hf_token
    secret = token.get_secret_value() if token else None
    weights = f"*/*.{entry.variant}*.safetensors" if entry.variant else "*/*.safetensors"
    try:
        folder = snapshot_download(
            entry.repository,
            revision=entry.revision,
            allow_patterns=[*CONFIGURATION, weights],
            ignore_patterns=None if entry.variant else ["*.fp16*", "*.non_ema*"],
            token=secret,
        )
        if entry.controlnet is not None:
            snapshot_download(
                entry.controlnet.repository,
                revision=entry.controlnet.revision,
                allow_patterns=["config.json", f"*.{entry.controlnet.variant}.safetensors"],
                token=secret,
            )
    except GatedRepoError:
        raise PullError("models.gated", model=entry.id, repository=entry.repository) from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise PullError("models.refused", repository=entry.repository, status=status) from None
    except (LocalEntryNotFoundError, OSError, ConnectionError) as error:
        raise PullError("models.unreachable", model=entry.id, reason=type(error).__name__) from None
    return Path(folder)
