"""Pictures by Hugging Face's inference: `huggingface_hub` makes the request and knows its form."""

from typing import TYPE_CHECKING, Any

from lab.providers.address import Asked
from lab.providers.protocol import Call
from lab.providers.replies import read_picture

if TYPE_CHECKING:
    import httpx2


async def hugging_face_picture(http: "httpx2.AsyncClient", asked: Asked, call: Call) -> bytes:
    """The picture's bytes as they came. Raises the errors of httpx2, and MalformedAnswer."""
    from huggingface_hub import AsyncInferenceClient

    class Original(AsyncInferenceClient):
        """Sends by the bounded client and keeps the bytes.

        Its own way gives a decoded picture, follows redirects and knows no limit of size.
        """

        data = b""

        async def _inner_post(  # type: ignore[override]
            self, request_parameters: Any, *, stream: bool = False
        ) -> bytes:
            response = await http.post(
                request_parameters.url,
                json=request_parameters.json,
                content=request_parameters.data,
                headers=request_parameters.headers,
            )
            response.raise_for_status()
            read_picture(response.content)  # before anything else looks at it
            self.data = response.content
            return self.data

    client = Original(
        f"{asked.address.url}/models/{asked.model}", provider="hf-inference", token=asked.secret or None
    )
    options = {**asked.work.options, **call.options}
    if call.seed is not None and asked.work.seed:
        options["seed"] = call.seed
    if call.kind == "edit":
        await client.image_to_image(call.images[0].data, prompt=call.prompt, **options)
        return client.data
    if call.size:
        width, _, height = call.size.partition("x")
        options |= {"width": int(width), "height": int(height)}
    await client.text_to_image(call.prompt, extra_body=options)
    return client.data
