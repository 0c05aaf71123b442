"""Text for LaTeX: every character that LaTeX would read as a command is escaped; nothing is lost."""

from __future__ import annotations

import unicodedata

_COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",
    "]": "{]}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "\u2019": "'",
    "\u2018": "`",
    "\u201c": "``",
    "\u201d": "''",
    "\u2013": "--",
    "\u2014": "---",
    "\u2212": r"\ensuremath{-}",
    "±": r"\ensuremath{\pm}",
    "×": r"\ensuremath{\times}",
    "÷": r"\ensuremath{\div}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}",
    "≈": r"\ensuremath{\approx}",
    "∞": r"\ensuremath{\infty}",
    "∼": r"\ensuremath{\sim}",
    "·": r"\ensuremath{\cdot}",
    "→": r"\ensuremath{\rightarrow}",
    "√": r"\ensuremath{\surd}",
    "∝": r"\ensuremath{\propto}",
    "½": r"\ensuremath{\frac{1}{2}}",
    "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}",
    "°": r"\ensuremath{^\circ}",
    "µ": r"\ensuremath{\mu}",
    "…": r"\ldots{}",
    "\u2020": r"\dag{}",
    "\u2021": r"\ddag{}",
    "§": r"\S{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\n": " ",
}
_SMALL = (
    *(
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "mu",
        "nu",
        "xi",
    ),
    *("pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_CAPITAL = ("Gamma", "Delta", "Theta", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega")
_GREEK = {
    unicodedata.lookup(
        f"GREEK {size} LETTER {name.replace('mbda', 'mda').upper()}"
    ): rf"\ensuremath{{\{name}}}"
    for size, names in (("SMALL", (*_SMALL, "lambda")), ("CAPITAL", (*_CAPITAL, "Lambda")))
    for name in names
}
_AS_IT_IS = range(0xC0, 0x180)
"""Latin letters with accents, which the T1 fonts have; the signs among them are above."""


def escaped(text: str) -> str:
    """Text as LaTeX sets it. A character that the fonts do not have is written as its code, ``[U+4E2D]``."""
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def _character(character: str) -> str:
    if character in _COMMANDS:
        return _COMMANDS[character]
    if character in _GREEK:
        return _GREEK[character]
    if " " <= character <= "~" or ord(character) in _AS_IT_IS:
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Mn"):
        return ""
    return f"{{[}}U+{ord(character):04X}{{]}}"
