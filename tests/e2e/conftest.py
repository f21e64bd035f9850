import pathlib, sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from honeypot import BINARY, Honeypot  # noqa: E402


def pytest_collection_modifyitems(items):
    if not BINARY.exists():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"{BINARY} is not built"))


@pytest.fixture(scope="session")
def pot():
    with Honeypot() as p:
        yield p
