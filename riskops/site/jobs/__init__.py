"""The jobs page and its API: closes of business, expected feeds, schedules."""
