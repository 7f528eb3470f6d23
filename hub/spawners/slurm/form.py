"""The form on which a student chooses resources before a lab starts, with a notice about the last lab."""

from markupsafe import Markup

from exercises.i18n import Language, Translate, translator
from hub.spawners.slurm.settings import NONE, SlurmSettings

FIELD = Markup(
    '<div class="mb-3"><label class="form-label" for="slurm-{name}">{label}</label>'
    '<select class="form-select" id="slurm-{name}" name="{name}" aria-describedby="slurm-{name}-help">'
    '{options}</select><div class="form-text" id="slurm-{name}-help">{help}</div></div>'
)
OPTION = Markup('<option value="{value}"{selected}>{text}</option>')
NOTICE = Markup('<p class="alert alert-warning" role="status">{text}</p>')


def options_form(settings: SlurmSettings, language: Language, notice: str, last: dict[str, object]) -> str:
    """Return the HTML for JupyterHub's spawn form, with the options of the student's last lab selected."""
    t = translator("hub", language)
    fields = (
        ("partition", {value: value for value in settings.partitions}),
        ("gres", {value: gres_label(t, value) for value in settings.gres}),
        ("minutes", {str(value): duration(t, value) for value in settings.minutes}),
        ("memory", {str(value): t("slurm.gigabytes", count=value) for value in settings.memory}),
    )
    parts = [NOTICE.format(text=notice)] if notice else []
    parts.append(Markup('<input type="hidden" name="language" value="{}">').format(language))
    for name, offered in fields:
        options = Markup("").join(
            OPTION.format(
                value=value,
                text=text,
                selected=Markup(" selected") if value == str(last.get(name)) else "",
            )
            for value, text in offered.items()
        )
        parts.append(
            FIELD.format(name=name, label=t(f"slurm.{name}"), help=t(f"slurm.{name}_help"), options=options)
        )
    return str(Markup('<div lang="{}">{}</div>').format(language, Markup("").join(parts)))


def duration(t: Translate, minutes: int) -> str:
    """Write minutes as hours and minutes."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return t("slurm.duration_minutes", minutes=rest)
    if not rest:
        return t("slurm.duration_hours", hours=hours)
    return t("slurm.duration_both", hours=hours, minutes=rest)


def gres_label(t: Translate, gres: str) -> str:
    """Describe a resource such as `gpu:1`. A resource that is not a GPU keeps Slurm's name."""
    if gres == NONE:
        return t("slurm.gres_none")
    kind, *details = gres.split(":")
    if kind != "gpu":
        return gres
    count = int(details.pop()) if details and details[-1].isdecimal() else 1
    model = " ".join(details)
    key = "slurm.gres_gpu" if count == 1 else "slurm.gres_gpus"
    return t(key, count=count) + (f" ({model})" if model else "")
