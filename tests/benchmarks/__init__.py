"""What the site reaches on a book of a given size, measured: `make bench`. See docs/benchmarks.md.

Not tests: nothing here fails a build. Every scenario prints rows of one table: what was measured, the bound, whether it holds.
"""
