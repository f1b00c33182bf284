"""Set-based work on the whole book, a shard at a time."""
