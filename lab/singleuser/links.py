"""The way back to the Hub, in the header of every page; nothing where no Hub started the lab."""

from markupsafe import Markup

from exercises.i18n import Translate
from lab.singleuser.settings import hub_server_settings


def hub_links(t: Translate) -> Markup:
    """Links to the Hub's page, where the lab can be stopped, and out."""
    settings = hub_server_settings()
    if settings is None:
        return Markup("")
    return Markup(
        '<nav class="hub-links" aria-label="{}"><a href="{}">{}</a> <a href="{}">{}</a></nav>'
    ).format(
        t("hub.navigation"),
        settings.hub_url + "home",
        t("hub.home"),
        settings.hub_url + "logout",
        t("hub.logout"),
    )
