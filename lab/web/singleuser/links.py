"""The way back to the Hub, in the header of every page; nothing where no Hub started the lab."""

from markupsafe import Markup

from exercises.i18n import Translate
from lab.web.jupyter.process import PATH
from lab.web.singleuser.settings import HubServerSettings


def hub_links(settings: HubServerSettings | None, t: Translate, *, notebooks: bool = False) -> Markup:
    """Links to the Hub's page, where the lab can be stopped, and out; nothing without a Hub.

    `notebooks`: whether JupyterLab is offered; its link opens a tab of its own, so that nothing here is lost.
    """
    if settings is None:
        return Markup("")
    beside = Markup("")
    if notebooks:
        address = f"{settings.service_prefix}{PATH}lab"
        beside = Markup('<a href="{}" target="_blank">{}</a> ').format(address, t("hub.notebooks"))
    return Markup(
        '<nav class="hub-links" aria-label="{}">{}<a href="{}">{}</a> <a href="{}">{}</a></nav>'
    ).format(
        t("hub.navigation"),
        beside,
        settings.hub_url + "home",
        t("hub.home"),
        settings.hub_url + "logout",
        t("hub.logout"),
    )
