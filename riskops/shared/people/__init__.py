"""The people who work on the book: teams, what each may see, conflicts of interest, examinations."""
