from pathlib import Path

import pytest
import torch

# Threads of a network this small wait for one another longer than they compute, above all on a busy machine.
torch.set_num_threads(1)
_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not _DATA.is_dir():
        pytest.skip("the folder of real meter pictures, ../shared/data, is not here")
    return _DATA
