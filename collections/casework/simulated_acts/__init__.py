"""What casework does on the days of the simulated book: disputes, plans, customers handled with care. Found by its builder."""

from casework.simulated_acts import care, disputes, plans  # noqa: F401  (register their acts)
