"""Legal cases and the limitation clock."""
