"""What recovery does on the days of the simulated book: letters, legal cases, agencies. Found by its builder."""

from recovery.simulated_acts import agencies, legal, letters  # noqa: F401  (register their acts)
