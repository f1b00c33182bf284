"""What is known of cases: one function per question."""
