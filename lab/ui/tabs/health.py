"""Health: the doctor's findings and the models, read afresh whenever the tab is shown."""

from markupsafe import Markup

from exercises.i18n import number
from lab.models.availability import availability
from lab.models.offered import models
from lab.session.doctor import Case, Finding, State, examine
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.page import Page

SIGNS = {State.OK: "✓", State.WARNING: "!", State.PROBLEM: "✗"}


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    t = page.t

    def look() -> tuple[str, str]:
        case = Case(page.language, lab.work, lab.student, port=None)
        return findings_table(page, examine(case)), models_table(page)

    with page.tab("health", t("health.title")):
        gr.HTML(markup.title(t("health.title")))
        gr.Markdown(t("health.introduction"))
        findings = gr.HTML(elem_classes=["findings", "stacking"])
        models = gr.HTML(elem_classes="stacking")
        again = gr.Button(t("health.again"), elem_id="health-again")
        again.click(look, None, [findings, models], api_visibility="private")
        page.refresh(look, [findings, models])


def findings_table(page: Page, findings: list[Finding]) -> str:
    """What the doctor found, the worst first."""
    t = page.t
    ordered = sorted(findings, key=lambda finding: list(State).index(finding.state), reverse=True)
    problems, warnings = (sum(f.state is s for f in findings) for s in (State.PROBLEM, State.WARNING))
    header = [t("doctor.column.check"), t("doctor.column.state"), t("doctor.column.finding")]
    rows = [(finding.title, _state(page, finding.state), _said(finding)) for finding in ordered]
    summary = Markup('<p role="status">{}</p>').format(
        t("doctor.summary", problems=problems, warnings=warnings)
    )
    return summary + markup.table(header, rows, t("health.findings"))


def models_table(page: Page) -> str:
    """Every model of the registry, and whether it can run here."""
    t = page.t
    header = [t(f"health.{column}") for column in ("model", "state", "memory", "licence")]
    rows = [
        (
            f"{entry.name} ({entry.id})",
            availability(entry.id).text(page.language),
            t("health.gib", number=number(entry.memory_gib, t.language)),
            entry.licence,
        )
        for entry in models().values()
    ]
    return markup.table(header, rows, t("health.models"))


def _state(page: Page, state: State) -> Markup:
    return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
        state, SIGNS[state], page.t(f"doctor.state.{state}")
    )


def _said(finding: Finding) -> Markup:
    if not finding.fix:
        return Markup("{}").format(finding.finding)
    return Markup('{}<p class="fix">{}</p>').format(finding.finding, finding.fix)
