"""The lines of a printed script that make a frame between two pictures, as `lab.engine.between` does."""

from manifests.manifest import Between, Request

LINES = """\
generator = torch.Generator("cpu").manual_seed({seed})
shape = (1, pipe.unet.config.in_channels, {height} // pipe.vae_scale_factor, {width} // pipe.vae_scale_factor)
one = torch.randn(shape, generator=generator, dtype=pipe.unet.dtype)
two = torch.randn(shape, generator=torch.Generator("cpu").manual_seed({other_seed}), dtype=pipe.unet.dtype)
place = {place!r}
if place in (0, 1) or torch.equal(one, two):
    latents = two if place == 1 else one
else:
    a, b = one.flatten().double(), two.flatten().double()
    angle = torch.arccos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
    mixed = (torch.sin((1 - place) * angle) * a + torch.sin(place * angle) * b) / torch.sin(angle)
    latents = mixed.reshape(shape).to(one.dtype)
with torch.no_grad():
    here, there = (
        pipe.encode_prompt(prompt, pipe.device, 1, {guided!r}, {negative!r})
        for prompt in ({prompt!r}, {other!r})
    )
names = ("prompt_embeds", "negative_prompt_embeds")
ends = {{
    name: torch.lerp(a, b, place) for name, a, b in zip(names, here, there) if a is not None
}}
ends["latents"] = latents
"""


def between_lines(request: Request, between: Between) -> str:
    """They leave `ends`, which the call takes, and `generator`."""
    guided = request.guidance_scale > 1
    return LINES.format(
        seed=request.seed,
        other_seed=between.seed,
        width=request.width,
        height=request.height,
        place=between.place,
        guided=guided,
        negative=(request.negative_prompt or None) if guided else None,
        prompt=request.prompt,
        other=between.prompt,
    )
