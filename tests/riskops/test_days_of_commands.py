"""Every command reads a day in the one way there is: YYYY-MM-DD."""

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize("text", ["20250402", "2025-W14-3", "2025-4-2", "2025-02-30"])
@pytest.mark.parametrize(
    "words",
    [
        ["close_of_business", "--date"],
        ["close_of_business", "--date", "2025-01-01", "--through"],
        ["export_aging", "--output", "out.csv", "--date"],
        ["export_metric", "buckets", "--output", "out.csv", "--from", "2025-01-01", "--to"],
        ["export_metric", "buckets", "--output", "out.csv", "--to", "2025-01-01", "--from"],
        ["load_sample", "--today"],
        ["make_book", "--accounts", "1", "--seed", "1", "--as-of"],
        ["rebuild_snapshots", "--from", "2025-01-01", "--to"],
        ["rebuild_snapshots", "--to", "2025-01-01", "--from"],
        ["simulate_book", "--as-of"],
        ["verify_book", "--date"],
    ],
)
def test_a_day_written_in_another_way_is_an_unusable_argument(words: list[str], text: str) -> None:
    with pytest.raises(CommandError, match=f"'{text}' is not .*write it as 2025-03-31|'{text}' is not written as YYYY-MM-DD"):
        call_command(*words, text)
