"""The width of text: an upper bound, so that text fits its box in any usual font."""

# The advance widths of DejaVu Sans from the blank to the tilde, in hundredths of the font's size.
# Helvetica and Arial are narrower, and Verdana has the same widths.
WIDTHS = (
    "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 "
    "64 64 34 34 84 84 84 53 100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 "
    "60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 50 61 63 55 63 62 35 63 "
    "63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"
)
REGULAR = [int(hundredths) for hundredths in WIDTHS.split()]
BOLD = 112  # the width of a bold letter, in hundredths of the regular one
LARGE, SMALL = 12, 11  # the sizes of the two fonts, in pixels


def character_width(character: str) -> int:
    """The width of a character in hundredths of the font's size."""
    if " " <= character <= "~":
        return REGULAR[ord(character) - 32]
    return 84 if character in "×→" else 100  # no letter is wider


def text_width(text: str, size: int = SMALL, bold: bool = False) -> int:
    """The width of a text in whole pixels, rounded up."""
    hundredths = sum(map(character_width, text)) * size * (BOLD if bold else 100)
    return -(-hundredths // 10_000)
