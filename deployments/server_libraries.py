"""Prints what the server needs of others, without what only training and foreign readers need.

python deployments/server_libraries.py pyproject.toml
"""

import re
import sys
import tomllib
from pathlib import Path

# PyTorch and what goes with it: gigabytes that the built-in reader never touches.
TRAINING = frozenset({"torch", "transformers", "onnx", "sentencepiece", "protobuf", "trustme"})


def server_libraries(pyproject: str) -> list[str]:
    """The requirements of the project and of its extra `server`, those of training left out."""
    project = tomllib.loads(pyproject)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["server"]]
    return [each for each in wanted if re.split(r"[\[<>=!~ ]", each)[0] not in TRAINING]


if __name__ == "__main__":
    print("\n".join(server_libraries(Path(sys.argv[1]).read_text())))  # noqa: T201  (pip reads it)
