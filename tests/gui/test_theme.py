"""The themes: every color reads on what it stands on, in all of them; and they follow the system and the person."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication

from graph.catalog import FAMILY_LABELS
from gui.canvas.kinship import COLORS
from gui.canvas.marking import LIT
from gui.canvas.painting import TINT
from gui.canvas.palette import Colors
from gui.panels.highlight import ROLES
from gui.theme import SCALES, THEMES, Theme, system_factor, system_theme

FAMILIES = " ".join(FAMILY_LABELS)
TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
ENHANCED = 7.0  # and 1.4.6, for text with high contrast

# Theme roles, the surfaces that they are used on, and the least contrast there.
USES = (
    ("text", "window canvas panel card field hover pressed selection", TEXT),
    ("muted", "window canvas panel card field hover selection", TEXT),  # labels, summaries, details of a chosen row
    ("faint", "window canvas panel card field", TEXT),  # placeholders, notes, what is disabled
    ("accent", "window panel card field", TEXT),  # links, steps of the breadcrumb, names in code
    ("good warning error", "window panel card field canvas", TEXT),
    ("on_accent", "accent accent_hover", TEXT),  # the primary button, a full cell of the confusion matrix
    (FAMILIES, "card", TEXT),  # the values of a card on the canvas
    (" ".join(sorted({*ROLES.values()} - {"muted", "faint"})), "field", TEXT),  # code
    (" ".join(COLORS), "card", SHAPE),  # the mark of shared weights
    ("muted", "panel card field hover selection", SHAPE),  # icons
    (FAMILIES, "panel canvas field hover selection", SHAPE),  # bars and icons of layers, cards from afar
    ("outline", "window panel field", SHAPE),  # frames of fields and check boxes
    ("accent", "window canvas panel card field hover pressed", SHAPE),  # the ring of the focus
    ("text", "accent window panel", SHAPE - 1),  # the ring of the primary button, which its surface sets off too
    ("wire port", "canvas card", SHAPE),
    ("data", "canvas", SHAPE),  # wires of labels
    ("train validation rate speed", "field panel", SHAPE),
    ("error warning", "canvas card", SHAPE),  # badges
)
PAIRS = sorted(
    {(role, on, least) for roles, grounds, least in USES for role in roles.split() for on in grounds.split()}
)


def luminance(color: QColor) -> float:
    """How bright a color is, from 0 to 1, as WCAG computes it."""
    parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3])
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one: QColor, other: QColor) -> float:
    """The contrast of two colors as WCAG computes it, from 1 to 21."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does():
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("#ffffff")) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("name", THEMES)
def test_everything_reads_on_what_it_stands_on(name):
    colors = THEMES[name]
    wish = ENHANCED if name.startswith("high_contrast") else TEXT
    found = {
        (role, on): round(contrast(QColor(colors[role]), QColor(colors[on])), 2)
        for role, on, least in PAIRS
        if contrast(QColor(colors[role]), QColor(colors[on])) < (wish if least == TEXT else least)
    }
    assert found == {}


@pytest.mark.parametrize("name", [name for name in THEMES if name.startswith("high_contrast")])
def test_high_contrast_shows_every_border(name):
    colors = THEMES[name]
    for role in ("border", "outline"):
        for on in ("window", "canvas", "panel", "card", "field"):
            assert contrast(QColor(colors[role]), QColor(colors[on])) >= SHAPE, (role, on)


@pytest.mark.parametrize("role", sorted({*FAMILY_LABELS, *COLORS}))
@pytest.mark.parametrize("name", THEMES)
def test_names_on_cards_from_afar_and_letters_of_shared_weights_read(name, role):
    colors = Colors(name)
    assert contrast(colors("text"), colors.mix(role, "card", max(TINT, LIT))) >= TEXT


@pytest.mark.parametrize("name", THEMES)
def test_a_mark_of_the_problems_reads_on_its_badge(name):
    colors = THEMES[name]
    for severity in ("error", "warning"):
        assert contrast(QColor(colors["canvas"]), QColor(colors[severity])) >= TEXT


def test_the_themes_name_the_same_roles():
    assert len({frozenset(colors) for colors in THEMES.values()}) == 1


# ---- the choice


@pytest.fixture
def chosen(qapp):
    """A theme of its own, with what it told."""
    made, told = Theme(), []
    made.changed.connect(lambda: told.append((made.name, made.scale)))
    made.told = told
    return made


def test_using_a_theme_tells_once(chosen):
    chosen.use("light")
    chosen.use("light")
    chosen.use("high_contrast_dark")
    assert chosen.told == [("light", 100), ("high_contrast_dark", 100)]
    assert chosen.is_dark


def test_the_size_of_text_tells_once_and_stays_within_its_limits(chosen):
    for percent in (*SCALES, SCALES[-1], 900, 20):
        chosen.set_scale(percent)
    assert [scale for _, scale in chosen.told] == [115, 130, 150, 100]
    assert chosen.px(13) == 13
    chosen.set_scale(150)
    assert (chosen.px(12), chosen.px(16)) == (18, 24)


class Hints:
    """What a system says of itself."""

    def __init__(self, scheme: Qt.ColorScheme, contrast: Qt.ContrastPreference) -> None:
        self._scheme, self._contrast = scheme, contrast

    def colorScheme(self) -> Qt.ColorScheme:
        return self._scheme

    def accessibility(self) -> Hints:
        return self

    def contrastPreference(self) -> Qt.ContrastPreference:
        return self._contrast


SCHEME, PREFERENCE = Qt.ColorScheme, Qt.ContrastPreference
SYSTEMS = (
    (SCHEME.Dark, PREFERENCE.NoPreference, "dark"),
    (SCHEME.Light, PREFERENCE.NoPreference, "light"),
    (SCHEME.Unknown, PREFERENCE.NoPreference, "light"),
    (SCHEME.Dark, PREFERENCE.HighContrast, "high_contrast_dark"),
    (SCHEME.Light, PREFERENCE.HighContrast, "high_contrast_light"),
)


@pytest.mark.parametrize(("scheme", "preference", "name"), SYSTEMS)
def test_the_system_chooses_colors_and_contrast(chosen, monkeypatch, scheme, preference, name):
    monkeypatch.setattr(QGuiApplication, "styleHints", lambda: Hints(scheme, preference))
    assert system_theme() == name
    chosen.use("system")
    assert chosen.name == name


def test_a_chosen_theme_stays_when_the_system_changes(chosen, monkeypatch):
    chosen.follow_system()
    chosen.use("dark")
    monkeypatch.setattr(QGuiApplication, "styleHints", lambda: Hints(SCHEME.Light, PREFERENCE.HighContrast))
    chosen._on_system_changed()
    assert chosen.name == "dark"
    chosen.use("system")
    monkeypatch.setattr(QGuiApplication, "styleHints", lambda: Hints(SCHEME.Dark, PREFERENCE.NoPreference))
    chosen._on_system_changed()
    assert chosen.name == "dark"


def test_the_size_of_text_of_the_system_counts(chosen, monkeypatch):
    assert system_factor() >= 1
    monkeypatch.setattr("gui.theme.system_factor", lambda: 1.2)
    chosen.follow_system()
    assert chosen.px(13) == 16
    chosen.set_scale(150)
    assert chosen.px(13) == 23
