"""Documents on paper, as letters and agreements are: what one says with its hash, and it as PDF and as pictures."""
