"""Templates in one language each, and what they can call.

An area of the console adds the words of its own kinds when it is made: `renderer.add_names("state_name", {...})`
gives templates a filter that turns a stored code into the reader's words.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from satark.core.clock import format_ist, from_us
from satark.core.money import format_minor, group_indian
from satark.web import i18n, views

if TYPE_CHECKING:
    import gettext
    from collections.abc import Callable, Mapping

    from satark.web.assets import Assets
    from satark.web.flash import Flash


class Renderer:
    """Renders templates; one environment per language, made once."""

    def __init__(self, assets: Assets) -> None:
        self._names: dict[str, dict[str, str]] = {}
        self._flashes: dict[str, str | tuple[str, str]] = {}
        self._environments = {lang: _environment(lang, assets) for lang in i18n.LANGUAGES}
        for lang, environment in self._environments.items():
            environment.filters["flash_sentence"] = partial(_flash, self._flashes, i18n.translations(lang))
        for name, table in _NAMES.items():
            self.add_names(name, table)

    def render(self, lang: str, name: str, **values: Any) -> str:  # noqa: ANN401 - what templates take
        """Return a template filled in."""
        return self._environments[lang].get_template(name).render(**values)

    def add_names(self, filter_name: str, table: Mapping[str, str]) -> None:
        """Add a filter that turns codes into words; a second call with the same name adds to its table.

        Parameters
        ----------
        table
            Message ids by code. A code that is not in it is shown as it is.
        """
        known = self._names.setdefault(filter_name, {})
        known.update(table)
        for lang, environment in self._environments.items():
            environment.filters[filter_name] = partial(_named, known, i18n.translations(lang).gettext)

    def add_filter(self, filter_name: str, make: Callable[[str], Callable[..., Any]]) -> None:
        """Add a filter; `make` is called once per language."""
        for lang, environment in self._environments.items():
            environment.filters[filter_name] = make(lang)

    def add_flashes(self, sentences: Mapping[str, str | tuple[str, str]]) -> None:
        """Add sentences of `satark.web.flash` by code; those with a number for one and for many (`%(count)s`)."""
        self._flashes.update(sentences)


_NAMES = {
    "action_name": i18n.ACTION_NAMES,
    "method_name": i18n.METHOD_NAMES,
    "channel_name": i18n.CHANNEL_NAMES,
    "flow_name": i18n.FLOW_NAMES,
    "step_name": i18n.STEP_NAMES,
}


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
    environment.filters["word"] = catalogue.gettext
    environment.filters["grouped"] = group_indian
    environment.filters["rupees"] = _whole_rupees
    environment.filters["paise"] = format_minor
    environment.filters["number"] = views.number_of
    environment.filters["iso"] = lambda at_us: from_us(at_us).isoformat(timespec="seconds")
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


def _flash(
    sentences: dict[str, str | tuple[str, str]], catalogue: gettext.NullTranslations, flash: Flash | None
) -> str:
    """Return the sentence of what was done, empty for a code that no area knows."""
    if flash is None or flash.code not in sentences:
        return ""
    known = sentences[flash.code]
    sentence = (
        catalogue.gettext(known) if isinstance(known, str) else catalogue.ngettext(*known, flash.number)
    )
    return sentence.replace("%(count)s", group_indian(flash.number))


def _whole_rupees(amount_minor: int) -> str:
    """Write rupees without paise: counters need no more."""
    return format_minor(amount_minor // 100 * 100)[:-3]
