"""A fixed sample of torchvision's and timm's models is imported, and every spec is proven."""

import pytest

from tests.census.run import import_in_process
from tests.census.sources import SAMPLE


def test_the_sample_has_forty_models() -> None:
    assert len(SAMPLE) == 40


@pytest.mark.long
@pytest.mark.parametrize("source", SAMPLE)
def test_a_model_of_the_sample_is_proven(source: str) -> None:
    result = import_in_process(source, SAMPLE[source])
    assert result["state"] == "proven", result
