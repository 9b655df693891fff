"""Templates in one language each, and what they can call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from satark.core.clock import format_ist
from satark.core.money import format_minor, group_indian
from satark.web import i18n, views

if TYPE_CHECKING:
    from satark.web.assets import Assets


class Renderer:
    """Renders templates; one environment per language, made once."""

    def __init__(self, assets: Assets) -> None:
        self._environments = {lang: _environment(lang, assets) for lang in i18n.LANGUAGES}

    def render(self, lang: str, name: str, **values: Any) -> str:  # noqa: ANN401 - what templates take
        """Return a template filled in."""
        return self._environments[lang].get_template(name).render(**values)


def _environment(lang: str, assets: Assets) -> Environment:
    environment = Environment(
        loader=PackageLoader("satark.web", "templates"),
        autoescape=select_autoescape(default=True),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    catalogue = i18n.translations(lang)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    names = {
        "action_name": i18n.ACTION_NAMES,
        "method_name": i18n.METHOD_NAMES,
        "channel_name": i18n.CHANNEL_NAMES,
        "flow_name": i18n.FLOW_NAMES,
        "step_name": i18n.STEP_NAMES,
    }
    for filter_name, table in names.items():
        environment.filters[filter_name] = partial(_named, table, catalogue.gettext)
    environment.filters["word"] = catalogue.gettext
    environment.filters["grouped"] = group_indian
    environment.filters["rupees"] = _whole_rupees
    environment.filters["number"] = views.number_of
    environment.filters["moment"] = lambda at_us: format_ist(at_us, "hi" if lang == "hi" else "en")
    environment.globals.update(
        lang=lang,
        languages=i18n.LANGUAGES,
        asset=assets.address,
        actions=views.ACTIONS,
    )
    return environment


def _named(table: dict[str, str], translate: Any, value: str) -> str:  # noqa: ANN401 - gettext
    name = table.get(value)
    return value if name is None else str(translate(name))


def _whole_rupees(amount_minor: int) -> str:
    """Write rupees without paise: counters need no more."""
    return format_minor(amount_minor // 100 * 100)[:-3]
