"""What goes wrong with readers; kept apart, so that who only catches it loads no reader."""


class ModelNotFound(FileNotFoundError):  # noqa: N818 the name goes to those who branch, the sentence to people
    """No reader's weights where they were asked for."""


class UnusableLabels(ValueError):  # noqa: N818 likewise
    """A `labels.csv` that can't be understood; the message says how it must look."""
