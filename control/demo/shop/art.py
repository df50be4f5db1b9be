"""The shop's drawings, as SVG whose colours the style sheet decides by class."""

from __future__ import annotations

from html import escape

_BAG = """<svg class="art {tint}" viewBox="0 0 240 260" aria-hidden="true" focusable="false">
<rect class="ground" width="240" height="260" rx="14"/>
<path class="shade" d="M52 226h136l10 12H42z"/>
<path class="body" d="M64 62h112l12 164H52z"/>
<path class="fold" d="M62 44h116l-2 18H64z"/>
<path class="edge" d="M176 62l12 164h-22l-8-164z"/>
<rect class="label" x="78" y="104" width="80" height="78" rx="6"/>
<ellipse class="bean" cx="118" cy="132" rx="12" ry="17" transform="rotate(28 118 132)"/>
<path class="crease" d="M111 146c7-6 5-20 13-28"/>
<text class="word" text-anchor="middle" x="118" y="172"
  textLength="{length}" lengthAdjust="spacingAndGlyphs">{word}</text>
</svg>"""

_BOX = """<svg class="art pine" viewBox="0 0 240 260" aria-hidden="true" focusable="false">
<rect class="ground" width="240" height="260" rx="14"/>
<path class="shade" d="M40 222h160l10 12H30z"/>
<rect class="body" x="46" y="112" width="148" height="110" rx="4"/>
<rect class="fold" x="38" y="86" width="164" height="34" rx="5"/>
<rect class="label" x="108" y="86" width="24" height="136"/>
<path class="label" d="M120 86c-34-2-52-16-46-30 8-16 38 2 46 30zM120 86c34-2 52-16 46-30-8-16-38 2-46 30z"/>
<path class="crease" d="M120 86c-18-4-30-12-34-22M120 86c18-4 30-12 34-22"/>
</svg>"""

_MARK = """<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
<circle class="drum" cx="16" cy="16" r="15"/>
<ellipse class="seed" cx="16" cy="16" rx="7" ry="10.5" transform="rotate(28 16 16)"/>
<path class="cut" d="M12 24.5c5-4 3-12 8-17"/>
</svg>"""


def bag(tint: str, word: str) -> str:
    """A bag of coffee with a word on its label, which is squeezed where it is long."""
    return _BAG.format(tint=tint, word=escape(word), length=min(70, 7 * len(word)))


def box() -> str:
    """A gift box."""
    return _BOX


def mark() -> str:
    """The roastery's sign."""
    return _MARK
