"""The simulated book: customers who live by stated odds, and a command that tells the site about them day by day.

behaviour (pure) says what happens on each day; building hands it to the real operations. See docs/simulated-book.md.
"""
