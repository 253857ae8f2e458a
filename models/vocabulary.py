"""What the small TrOCR takes and writes: the size of a strip, and one token per character."""

INPUT_HEIGHT, INPUT_WIDTH = 32, 160
PAD, BOS, EOS, FIRST_DIGIT, HALF_STEP, UNKNOWN = 0, 1, 2, 3, 13, 14
VOCABULARY = ("<pad>", "<s>", "</s>", *"0123456789", "~", "?")
# The second head: by how many tenths of a step the last drum has left its digit.
TENTHS = 10
# The third: what each column of the window shows, which is nothing or one of ten digits.
COLUMN_SIGNS = 11


def tokens_of(text: str) -> list[int]:
    """The token of each character of a reading, `~` for a half step."""
    return [HALF_STEP if character == "~" else FIRST_DIGIT + int(character) for character in text]


def character_of(token: int) -> str:
    """The character of a token that is a digit or the half step."""
    return "~" if token == HALF_STEP else str(token - FIRST_DIGIT)
