"""Teaching a model a new word from a few photos: a LoRA of its UNet by peft, and the word's embedding.

Rule: the state after a step is a function of the state before it and of the step's number alone, as in
`training/loop.py`, so a run that was killed goes on as if it had not been. Each step looks at photos of the
new thing, and at pictures the model drew itself before: of these it is to think what it thought without the
LoRA, lest it forget (prior preservation, arXiv:2208.12242, with the model's own guess as the target).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from lab.engine.failures import EngineFailure
from lab.engine.pipelines import LoadedModel
from lab.engine.schedulers import fresh_scheduler
from lab.models.mini.vocabulary import vocabulary
from lab.models.registry import ModelEntry
from manifests.adapters import FORMAT, WORD_TENSOR, Settings

TAUGHT_GUIDANCE = {"mini": 4.0}  # where a model was itself taught through guidance (training/denoiser.py)
LAYERS = (  # attention, feed-forward, convolutions, and how time and words enter
    *("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out"),
    *("conv1", "conv2", "conv_shortcut", "time_emb_proj"),
)
OWN, OTHERS = 4, 2  # photos of the new thing, and the model's own pictures, in each step
VARIANTS = 12  # of each photo: moved and made larger or smaller a little
PRIOR, PRIOR_STEPS, PRIOR_BATCH = 48, 12, 8
WARM_UP, COOL_DOWN = 20, 0.4  # steps in which the rates rise; the last part, in which they fall
EMPTY = 0.25  # part of the model's own pictures that are shown without their prompt
PLAIN = 30  # of 255: a photo whose border varies less has a background that can be named
SAMPLE_STEPS = 12
MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what AdamW remembers of each of what is learnt


@dataclass(frozen=True)
class Drawn:
    """The model's own pictures, as latents, and what they were asked to be."""

    prompts: tuple[str, ...]
    latents: Any  # (PRIOR, channels, side, side)


def prior_prompts(seed: int) -> tuple[str, ...]:
    """What the model is asked for, lest it forget: its things, in colours, on backgrounds."""
    words, rng = vocabulary(), np.random.default_rng(seed)
    colors, backgrounds = list(words.colors), list(words.backgrounds)
    things = [words.names[token][0] for token in words.objects]
    prompts = []
    for thing in rng.choice(things, PRIOR, replace=False):
        color = f"{rng.choice(colors)} " if rng.random() < 0.6 else ""
        prompts.append(f"a {color}{thing} on a {rng.choice(backgrounds)} background")
    return tuple(prompts)


def background_of(photo: Image.Image) -> str | None:
    """The vocabulary's word for a plain background; None where it is not plain, or no word fits."""
    small = np.asarray(photo.convert("RGB").resize((32, 32)), float)
    border = np.concatenate(
        [small[:3].reshape(-1, 3), small[:, :2].reshape(-1, 3), small[:, -2:].reshape(-1, 3)]
    )
    if border.std(0).mean() > PLAIN:
        return None
    names = list(vocabulary().backgrounds)
    far = np.linalg.norm(np.array(list(vocabulary().backgrounds.values())) - np.median(border, 0), axis=1)
    return names[int(far.argmin())] if far.min() < 60 else None


class Teacher:
    """One adapter being taught. For one thread; all that is random belongs to a step's number."""

    def __init__(
        self, model: LoadedModel, word: str, photos: Sequence[Image.Image], settings: Settings
    ) -> None:
        """Raises EngineFailure where the model cannot be taught, or has the word already."""
        import torch
        from diffusers import DDPMScheduler
        from peft import LoraConfig

        if model.entry.family != "sd":
            raise EngineFailure("no_adapters", model=model.entry.name)
        self.model, self.word, self.settings = model, word, settings
        self.entry: ModelEntry = model.entry
        self.pipe = model.pipelines["text2img"]
        unet, encoder = self.pipe.unet, self.pipe.text_encoder
        for part in (unet, encoder, self.pipe.vae):
            part.requires_grad_(False)
        table = encoder.get_input_embeddings().weight.detach().float()
        start = table[3:].mean(0).cpu()  # after begin, end and unknown; of so many words they hardly matter
        try:
            self.pipe.load_textual_inversion({word: start}, token=word)
        except ValueError as error:
            raise EngineFailure("adapter_word", word=word) from error
        self._number = self.pipe.tokenizer.convert_tokens_to_ids(word)
        torch.manual_seed(settings.seed)  # peft's first matrices
        config = LoraConfig(
            r=settings.rank,
            lora_alpha=settings.rank,
            target_modules=list(LAYERS),
            init_lora_weights="gaussian",
        )
        unet.add_adapter(config)
        unet.train()
        self._lora = {name: p for name, p in unet.named_parameters() if p.requires_grad}
        for each in self._lora.values():
            each.data = each.data.float()
        self.vector = torch.nn.Parameter(start.to(unet.device))
        encoder.get_input_embeddings().register_forward_hook(self._with_word)
        groups = [
            {"params": list(self._lora.values()), "rate": settings.rate},
            {"params": [self.vector], "rate": settings.word_rate},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.99), weight_decay=1e-4)
        self._noise = DDPMScheduler.from_config(model.own_scheduler.config)
        self._guidance = TAUGHT_GUIDANCE.get(self.entry.id, 1.0)
        self.step, self.losses = 0, list[float]()
        self._photos = list(photos)
        self._own: Any = None
        self._captions: list[tuple[str, ...]] = []
        self._prior: Any = None
        self._prior_words: Any = None
        self._silence: Any = None

    # --- before the first step

    def look(self) -> None:
        """Turn the photos into latents, each in some variants."""
        import torch

        vae, own = self.pipe.vae, []
        side = self.entry.native_size
        with torch.no_grad():
            for number, photo in enumerate(self._photos):
                pixels = torch.from_numpy(np.asarray(photo.convert("RGB"), np.float32)).permute(2, 0, 1)
                pixels = (pixels / 127.5 - 1)[None].expand(VARIANTS, -1, -1, -1)
                own.append(self._encoded(_moved(pixels, number), vae))
                background = background_of(photo)
                plain = (self.word,)
                on = (f"a {self.word} on a {background} background", f"a {self.word} on {background}")
                self._captions.append((f"a {self.word}", *on, on[0]) if background else plain)
        self._own = torch.cat(own)
        assert photo.size == (side, side)  # noqa: S101 - whoever makes a teacher fits them

    def _encoded(self, pixels: Any, vae: Any) -> Any:
        import torch

        latents = []
        for part in pixels.split(4):
            found = vae.encode(part.to(vae.device, vae.dtype))
            told = found.latents if hasattr(found, "latents") else found.latent_dist.mean
            latents.append((told * vae.config.scaling_factor).float().cpu())
        return torch.cat(latents)

    def draw_prior(self, number: int, drawn: Drawn | None) -> Drawn:
        """Draw a few more of the model's own pictures; `number` counts the calls."""
        import torch

        prompts = prior_prompts(self.settings.seed)
        part = prompts[number * PRIOR_BATCH : (number + 1) * PRIOR_BATCH]
        self.pipe.unet.disable_adapters()
        latents = self._draw(
            part, [self.settings.seed + number * PRIOR_BATCH + k for k in range(len(part))], "latent"
        )
        self.pipe.unet.enable_adapters()
        latents = latents.float().cpu()
        together = latents if drawn is None else torch.cat([drawn.latents, latents])
        return Drawn(prompts, together)

    def begin(self, drawn: Drawn) -> None:
        """All is there: from now on `teach` may be called."""
        import torch

        with torch.no_grad():
            self._prior = drawn.latents
            self._prior_words = torch.cat([self._words([prompt]) for prompt in drawn.prompts])
            self._silence = self._words([""])

    # --- a step

    def teach(self) -> float:
        """One step; what the new thing cost in it.

        Raises EngineFailure where it comes to no number any more; what is learnt is then as it was before.
        """
        import torch

        unet, settings = self.pipe.unet, self.settings
        unet.train()
        generator = torch.Generator().manual_seed(1_000_003 * self.step + settings.seed)
        own = torch.randint(len(self._own), (OWN,), generator=generator)
        others = torch.randint(len(self._prior), (OTHERS,), generator=generator)
        clean = torch.cat([self._own[own], self._prior[others]])
        noise = torch.randn(clean.shape, generator=generator)
        times = torch.randint(self._noise.config.num_train_timesteps, (len(clean),), generator=generator)
        noisy = self._noise.add_noise(clean, noise, times).to(unet.device)
        target = self._target(clean, noise, times).to(unet.device)
        which = torch.randint(12, (OWN,), generator=generator).tolist()
        said = [self._captions[i // VARIANTS] for i in own.tolist()]
        words = self._words([each[k % len(each)] for each, k in zip(said, which, strict=True)])
        silent = torch.rand(OTHERS, generator=generator) < EMPTY
        prior = self._prior_words[others].clone()
        prior[silent] = self._silence
        words = torch.cat([words, prior])
        times = times.to(unet.device)

        with torch.no_grad():
            unet.disable_adapters()
            before = self._guess(noisy[OWN:], times[OWN:], words[OWN:])
            unet.enable_adapters()
            guided = self._guidance > 1
            unguided = (
                self._guess(noisy[:OWN], times[:OWN], self._silence.expand(OWN, -1, -1)) if guided else 0.0
            )
        guess = self._guess(noisy, times, words)
        new = unguided + self._guidance * (guess[:OWN] - unguided)
        weight = self._weight(times)
        cost = (weight[:OWN] * (new - target[:OWN]).square().mean((1, 2, 3))).mean()
        kept = (weight[OWN:] * (self._guidance * (guess[OWN:] - before)).square().mean((1, 2, 3))).mean()
        (cost + kept).backward()

        share = min(
            1.0, (self.step + 1) / WARM_UP, (settings.steps - self.step) / (COOL_DOWN * settings.steps)
        )
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * share
        length = torch.nn.utils.clip_grad_norm_(self._learnt(), 1.0)
        loss = float(cost.detach())
        if not math.isfinite(loss + float(length)):
            raise EngineFailure("diverged", step=self.step + 1)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.step += 1
        self.losses.append(loss)
        return loss

    def _target(self, clean: Any, noise: Any, times: Any) -> Any:
        if self._noise.config.prediction_type == "v_prediction":
            return self._noise.get_velocity(clean, noise, times)
        return noise

    def _weight(self, times: Any) -> Any:
        """Almost clean pictures have the largest errors of a velocity and the least to teach."""
        import torch

        if self._noise.config.prediction_type != "v_prediction":
            return torch.ones(len(times), device=times.device)
        return (1 - self._noise.alphas_cumprod.to(times.device)[times]).sqrt()

    def _guess(self, noisy: Any, times: Any, words: Any) -> Any:
        import torch

        half = self.model.device == "cuda"
        with torch.autocast("cuda" if half else "cpu", dtype=torch.bfloat16, enabled=half):
            return self.pipe.unet(
                noisy.to(self.pipe.unet.dtype), times, words.to(self.pipe.unet.dtype)
            ).sample.float()

    def _words(self, prompts: Sequence[str]) -> Any:
        tokenizer = self.pipe.tokenizer
        ids = tokenizer(
            list(prompts),
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        return self.pipe.text_encoder(ids.to(self.pipe.text_encoder.device)).last_hidden_state.float()

    def _with_word(self, table: Any, inputs: Any, output: Any) -> Any:
        """In the place of the new word's row stands what is learnt."""
        import torch

        here = (inputs[0] == self._number)[..., None]
        return torch.where(here, self.vector.to(output.dtype), output)

    # --- what comes of it

    def sample(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Image.Image]:
        """What it draws now."""
        self.pipe.unet.eval()
        return [picture.convert("RGB") for picture in self._draw(prompts, seeds, "pil")]

    def _draw(self, prompts: Sequence[str], seeds: Sequence[int], kind: str) -> Any:
        import torch

        own = self.pipe.scheduler
        self.pipe.scheduler = fresh_scheduler("DDIM", self.model.own_scheduler)
        try:
            with torch.no_grad():
                return self.pipe(
                    list(prompts),
                    height=self.entry.native_size,
                    width=self.entry.native_size,
                    num_inference_steps=SAMPLE_STEPS,
                    guidance_scale=7.5,
                    output_type=kind,
                    generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
                ).images
        finally:
            self.pipe.scheduler = own

    def adapter(self) -> bytes:
        """The adapter as it is now, as a file."""
        from peft import get_peft_model_state_dict
        from safetensors.torch import save

        state = get_peft_model_state_dict(self.pipe.unet)
        tensors = {f"unet.{name}": value.detach().float().cpu().contiguous() for name, value in state.items()}
        tensors[WORD_TENSOR] = self.vector.detach().float().cpu()
        said = {
            "format": FORMAT,
            "word": self.word,
            "model": self.entry.id,
            "rank": str(self.settings.rank),
            **({"weights_sha256": self.model.weights_sha256} if self.model.weights_sha256 else {}),
        }
        return bytes(save(tensors, said))

    def state(self, run: str) -> bytes:
        """All that is needed to go on from here, and of which run it is."""
        from safetensors.torch import save

        tensors = {f"value.{i}": each.detach().cpu() for i, each in enumerate(self._learnt())}
        for i, each in enumerate(self._learnt()):
            for name, value in self._optimizer.state.get(each, {}).items():
                tensors[f"{name}.{i}"] = value.detach().cpu()
        said = {"run": run, "step": str(self.step), "losses": json.dumps(self.losses)}
        return bytes(save(tensors, said))

    def restore(self, data: bytes, run: str) -> None:
        """Go on from a state of this run; one that is not whole, or of another run, changes nothing.

        Raises ValueError, KeyError, or what safetensors raises.
        """
        import torch
        from safetensors.torch import load

        length = int.from_bytes(data[:8], "little")
        said = json.loads(data[8 : 8 + length])["__metadata__"]
        if said["run"] != run:
            raise ValueError("the state belongs to another run")
        step, losses = int(said["step"]), [float(each) for each in json.loads(said["losses"])]
        tensors, learnt = load(data), self._learnt()
        found = []
        for i in range(len(learnt)):  # before its first step the optimizer remembers nothing of it
            names = ("value", *(MOMENTS if f"step.{i}" in tensors else ()))
            found.append({name: tensors[f"{name}.{i}"] for name in names})
        for each, own in zip(learnt, found, strict=True):
            if any(value.shape != each.shape for name, value in own.items() if name != "step"):
                raise ValueError("the state belongs to another model")
        with torch.no_grad():
            for each, own in zip(learnt, found, strict=True):
                each.copy_(own.pop("value"))
                if own:
                    self._optimizer.state[each] = {
                        name: value if name == "step" else value.to(each.device)
                        for name, value in own.items()
                    }
        self.step, self.losses = step, losses

    def _learnt(self) -> list[Any]:
        return [*self._lora.values(), self.vector]


def _moved(pixels: Any, number: int) -> Any:
    """The first as it is, the others moved and made larger or smaller a little; borders go on."""
    import torch
    import torch.nn.functional as F

    generator = torch.Generator().manual_seed(number)
    count = len(pixels)
    size = 1 + (torch.rand(count, generator=generator) * 2 - 1) * 0.12
    field = torch.zeros(count, 2, 3)
    field[:, 0, 0] = field[:, 1, 1] = size
    field[:, :, 2] = (torch.rand(count, 2, generator=generator) * 2 - 1) * 0.1
    field[0] = torch.eye(2, 3)
    grid = F.affine_grid(field, list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
